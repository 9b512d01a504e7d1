"""Events stored and found again, in the words that people use for it; and counted."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from event_examples import NOW, tick

from tradewind.adapters.event_store.measured_events import MeasuredEventStore
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.messaging.stored_events import insert_batch, insert_event, query_by_date_range

SECOND_NS = 1_000_000_000
BEGIN = datetime.fromtimestamp(NOW // SECOND_NS, UTC)


def with_store(folder, work):
    async def run():
        store = SqliteEventStore(folder / "events.db")
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


def second(number, symbol="BTC/USDT"):
    time = NOW + number * SECOND_NS
    return tick(number, symbol, time_event=time, time_recorded=time)


def test_what_was_inserted_is_found_by_time_token_and_type_in_the_order_of_storing(tmp_path):
    async def work(store):
        assert await insert_event(store, second(5)) == 1
        one, two, again, last = await insert_batch(store, [second(3), second(4, "ETH/USDT"), second(5), second(9)])
        assert again == 1 < one < two < last

        async def found(*question, **more):
            return [e async for e in query_by_date_range(store, *question, **more)]

        start, end = BEGIN + timedelta(seconds=3), BEGIN + timedelta(seconds=9)
        assert await found(start, end) == [second(5), second(3), second(4, "ETH/USDT")]
        assert await found(start, end) == await found(NOW + 3 * SECOND_NS, NOW + 9 * SECOND_NS)
        assert await found(start, end, "ETH/USDT") == [second(4, "ETH/USDT")]
        assert await found(start, end, types=("price.quote",)) == []
        assert await found(start, start) == []

    with_store(tmp_path, work)


@pytest.mark.parametrize(
    ("start", "end", "why"),
    [
        (datetime(2026, 1, 1), NOW, "start is .* names no instant"),  # noqa: DTZ001 - the point
        (NOW, "yesterday", "end is 'yesterday'"),
        (NOW, NOW - 1, "before the start"),
    ],
)
def test_a_range_that_is_none_is_refused(tmp_path, start, end, why):
    async def work(store):
        with pytest.raises(BadInput, match=why):
            await anext(query_by_date_range(store, start, end))

    with_store(tmp_path, work)


def test_storing_is_counted_and_timed_and_so_is_a_store_that_does_not_answer(tmp_path):
    metrics = CountedMetrics()

    async def work(store):
        measured = MeasuredEventStore(store, metrics)
        await measured.append([second(1), second(2)])
        await measured.append([second(2), second(3)])
        await measured.close()
        with pytest.raises(Unavailable):
            await measured.append([second(4)])

    with_store(tmp_path, work)
    assert metrics.total("events_persisted") == 4
    assert metrics.total("insert_errors") == 1
    ((_, took),) = metrics.measured.items()
    assert took.count == 2
    assert took.sum > 0
