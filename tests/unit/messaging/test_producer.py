"""Producers: envelopes, times, retries."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta, timezone

import pytest
from event_examples import NOW

from tradewind.adapters.bus.memory_bus import MemoryBus
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.messaging.producer import EventProducer, Origin

TICK = {"symbol": "BTC/USDT", "price": 100.0, "size": 1.0}


class Away:
    """A bus that does not answer the first times."""

    def __init__(self, times):
        self.times = times
        self.taken = []

    async def publish(self, events):
        if self.times:
            self.times -= 1
            raise Unavailable("away")
        self.taken += events


def producer(bus, metrics=None, slept=None, **given):
    async def sleep(seconds):
        if slept is not None:
            slept.append(seconds)

    return EventProducer(
        bus, Origin("home", "feed", "paper", "s1"), metrics or CountedMetrics(), sleep=sleep, clock_ns=lambda: NOW,
        **given,
    )  # fmt: skip


def test_an_event_has_its_origin_its_own_id_and_its_cause():
    async def work():
        bus = Away(0)
        made = producer(bus)
        first = await made.publish("price.tick", TICK)
        second = await made.publish("price.tick", TICK, "ETH/USDT", cause=first)
        return bus.taken, first, second

    taken, first, second = asyncio.run(work())
    assert taken == [first, second]
    assert (first.token, second.token) == ("BTC/USDT", "ETH/USDT")
    assert (first.tenant, first.source, first.mode, first.session) == ("home", "feed", "paper", "s1")
    assert first.event_id != second.event_id
    assert (second.correlation_id, second.causation_id) == (first.correlation_id, first.event_id)
    assert (first.time_event, first.time_recorded) == (NOW, NOW)


def test_ids_made_later_sort_later():
    made = producer(Away(0))
    ids = [made.event("price.tick", TICK).event_id for _ in range(100)]
    assert ids == sorted(ids)
    assert all(i[14] == "7" for i in ids)


def test_while_the_bus_is_away_it_is_tried_again_with_the_same_event():
    async def work():
        bus, slept, metrics = Away(4), [], CountedMetrics()
        event = await producer(bus, metrics, slept).publish("price.tick", TICK)
        return bus.taken == [event], slept, metrics.total("messages_published")

    assert asyncio.run(work()) == (True, [1.0, 2.0, 4.0, 8.0], 1)


def test_when_all_retries_are_used_up_it_is_raised_counted_and_logged_with_what_it_was(caplog):
    async def work():
        metrics = CountedMetrics()
        with pytest.raises(Unavailable, match="away"):
            await producer(Away(99), metrics).publish("price.tick", TICK)
        return metrics.total("messages_refused"), metrics.total("messages_published")

    with caplog.at_level(logging.WARNING):
        assert asyncio.run(work()) == (1, 0)
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 5 + ["ERROR"]
    for record in caplog.records:
        assert record.getMessage().startswith("1 events, from price.tick ")
        assert "BTC/USDT" in record.getMessage()
        assert "away" in record.getMessage()


def test_what_is_not_published_stands_at_0_from_the_beginning():
    metrics = CountedMetrics()
    producer(Away(0), metrics)
    assert metrics.values == {("messages_refused", "refused"): [0], ("messages_refused", "unavailable"): [0]}


def test_a_time_with_a_zone_is_an_instant_and_one_without_is_refused():
    made = producer(Away(0))
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    there = noon.astimezone(timezone(timedelta(hours=9)))
    times = {made.event("price.tick", TICK, time_event=t).time_event for t in (noon, there)}
    assert times == {1_767_268_800_000_000_000}
    with pytest.raises(BadInput, match="with its zone"):
        made.event("price.tick", TICK, time_event=noon.replace(tzinfo=None))
    with pytest.raises(BadInput, match="names no instant"):
        made.event("price.tick", TICK, time_event=True)


def test_what_is_no_such_event_is_refused_before_the_bus_is_asked():
    async def work():
        bus = Away(0)
        made = producer(bus)
        for type_, data in (("price.tick", {"symbol": "X"}), ("price.tok", TICK), ("price.tick", TICK | {"more": 1})):
            with pytest.raises(BadInput):
                await made.publish(type_, data)
        await made.close()
        with pytest.raises(Unavailable, match="closed"):
            await made.publish("price.tick", TICK)
        return bus.taken

    assert asyncio.run(work()) == []


def test_a_batch_is_one_call_of_the_bus_and_one_commit_however_many_events_it_has(tmp_path):
    async def work():
        store = SqliteEventStore(tmp_path / "events.db")
        made, commits = producer(MemoryBus(store)), []
        commit = store._commit
        store._commit = lambda group: (commits.append(len(group)), commit(group))[1]
        await made.send_batch([made.event("price.tick", TICK) for _ in range(100)])
        together = len(commits)
        for _ in range(10):
            await made.publish("price.tick", TICK)
        alone = len(commits) - together
        stored = await store.last_position()
        await store.close()
        return together, alone, stored

    assert asyncio.run(work()) == (1, 10, 110)
