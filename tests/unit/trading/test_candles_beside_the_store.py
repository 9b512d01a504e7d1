"""Candles where the store is filled beside the bus, as from Kafka: its order of ticks and candles says nothing."""

import asyncio
from itertools import chain, repeat
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from market_stand import HOUR, START, stand_beside, trade

from tradewind.core.domain.candle_building import CandleRules
from tradewind.core.domain.errors import Unavailable
from tradewind.core.domain.timeframes import SECOND_NS, UNITS_NS
from tradewind.trading.candle_lineage import candle_lineages
from tradewind.trading.candles import CandleMaker

MINUTE = UNITS_NS["m"]
RULES = CandleRules(("1m", "7m", "1h"))


def candles(bus):
    """Those that were published, the first of each."""
    return {(e.data.timeframe, e.data.time): e.data for e in reversed(bus.published["candle.closed"])}


def maker(stand, rules=RULES):
    async def wait(_seconds):
        await stand.bus.record("price.tick")

    return CandleMaker(
        stand.bus, stand.producer, stand.metrics, stand.store, member="one", rules=rules, retries_s=(), sleep=wait
    )


async def all_handled(stand, ticks, clock, restarts, recorded):
    """Publish and handle each tick; before it time passes, and the process may end. What the recorder does is drawn.

    `restarts`: how many ticks before come again after an end, since they were not committed.
    """
    one = maker(stand)
    for number, event in enumerate(ticks):
        await one.advance(clock[number])
        await stand.bus.publish([event])
        for type_ in recorded[number]:
            await stand.bus.record(type_)
        if number in restarts:
            one = maker(stand)
            for again in ticks[max(0, number - restarts[number]) : number]:
                await one.take(again)
        await one.take(event)
    for type_ in ("price.tick", "candle.closed"):
        await stand.bus.record(type_)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 100) | st.sampled_from([0, 3_000]),
            st.integers(0, 5) | st.integers(0, 100),
            st.lists(st.sampled_from(["price.tick", "candle.closed"]), max_size=2),
        ),
        min_size=2,
        max_size=14,
    ),
    st.dictionaries(st.integers(0, 13), st.integers(0, 3), min_size=1),
)
def test_what_the_clock_has_closed_stays_closed_after_a_restart_in_whatever_order_it_was_stored(steps, restarts):
    now, ticks, clock, recorded = START + 55 * MINUTE, [], [], []
    for number, (silent_s, late_s, stored) in enumerate(steps):
        now += silent_s * SECOND_NS
        clock.append(now)
        after = now - START
        ticks.append(trade(number, after - late_s * SECOND_NS, 100.0 + number, number / 7, received_after_ns=after))
        recorded.append(stored)

    async def journey(folder, ends):
        stand = stand_beside(folder)
        await all_handled(stand, ticks, clock, ends, recorded)
        made = candles(stand.bus), {e.event_id: e.data for e in await stand.events("candle.closed")}
        found = [
            one
            for key in sorted(made[0])
            for one in await candle_lineages(stand.store, "BTC/USDT", *key, tenant="home")
        ]
        await stand.store.close()
        return made, found

    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        (live, stored), found = asyncio.run(journey(one, {}))
        (again, stored_again), found_again = asyncio.run(journey(other, restarts))
    assert again == live
    assert stored_again == stored
    assert len(found) == len(found_again) == len(live)
    for lineage in (*found, *found_again):
        assert lineage.agrees
        assert lineage.number == lineage.candle.event.data.ticks
    closers, closers_again = ([one.closed_by and one.closed_by.event for one in some] for some in (found, found_again))
    assert closers == closers_again


def test_a_late_tick_that_is_stored_before_the_candle_it_is_late_for_stays_late(tmp_path):
    """The clock has closed 1m; the tick is late for 7m too, and a restart must not let it in there."""
    late, last = trade(1, 30 * SECOND_NS, 500.0, received_after_ns=HOUR // 2), trade(2, HOUR)

    async def journey():
        stand = stand_beside(tmp_path)
        one, first = maker(stand, CandleRules(("1m", "5m"))), trade(0, 0)
        await stand.bus.publish([first])
        await one.take(first)
        await one.advance(START + MINUTE + 12 * SECOND_NS)
        await stand.bus.publish([late])
        await stand.bus.record("price.tick")
        one = maker(stand, CandleRules(("1m", "5m")))
        await one.take(late)
        await stand.bus.publish([last])
        await one.take(last)
        await stand.store.close()
        return sorted((c.timeframe, c.close) for c in candles(stand.bus).values())

    assert asyncio.run(journey()) == [("1m", 100.0), ("5m", 100.0)]


def test_what_the_clock_closes_is_stored_before_another_tick_is_taken(tmp_path, monkeypatch):
    """The recorder may be long in coming: whoever goes on from the store must know of it at once."""

    async def journey():
        stand = stand_beside(tmp_path)
        one, ticks = maker(stand, CandleRules(("1m",))), [trade(0, 0), trade(1, 2 * MINUTE), trade(2, HOUR)]
        await stand.bus.publish(ticks)
        await stand.bus.record("price.tick", 1)
        await one.take(ticks[0])
        answers, append = chain([Unavailable("the store is away")], repeat(None)), stand.store.append

        async def fails_once(events):
            if (problem := next(answers)) is not None:
                raise problem
            return await append(events)

        monkeypatch.setattr(stand.store, "append", fails_once)
        with pytest.raises(Unavailable):
            await one.advance(START + MINUTE + 12 * SECOND_NS)
        published = len(candles(stand.bus)), len(await stand.events("candle.closed"))
        await one.take(ticks[1])
        stored = await stand.events("candle.closed")
        await one.take(ticks[2])
        now = len(candles(stand.bus)), len(await stand.events("candle.closed"))
        await stand.store.close()
        return published, [(e.causation_id, e.correlation_id) for e in stored], now, ticks[0], stored[0]

    published, stored, now, first, candle = asyncio.run(journey())
    assert published == (1, 0)
    assert stored == [(first.event_id, candle.event_id)], "the clock's: after the first tick, of its own correlation"
    assert now == (2, 1), "what a tick closes the recorder stores"
