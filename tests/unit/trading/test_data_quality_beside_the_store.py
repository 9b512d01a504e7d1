"""Problems where the store is filled beside the bus, as it is from Kafka, and its recorder may be long in coming."""

import asyncio
from itertools import accumulate
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from market_stand import quote, stand_beside

from tradewind.core.domain.timeframes import SECOND_NS
from tradewind.trading.data_quality import DataQuality


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 8), min_size=1, max_size=15), st.dictionaries(st.integers(0, 14), st.integers(0, 3)))
def test_every_problem_is_told_once_though_its_process_ends_and_nothing_that_was_told_is_recorded(steps, ends):
    """`ends`: before which quote the process ends, and how many are delivered again since they were not committed."""
    crossed = [quote(number, after * SECOND_NS, 101.0, 100.0) for number, after in enumerate(accumulate(steps))]

    async def journey(folder):
        stand = stand_beside(folder)

        def watch():
            return DataQuality(stand.bus, stand.producer, stand.metrics, member="one", retries_s=(), store=stand.store)

        one = watch()
        for number, event in enumerate(crossed):
            await stand.bus.publish([event])
            await stand.bus.record("price.quote")
            if number in ends:
                one = watch()
                for again in crossed[max(0, number - ends[number]) : number]:
                    await one.look(again)
            await one.look(event)
        await one.finish()
        told = {event.event_id: event.data.ticks for event in reversed(stand.bus.published["data.quality"])}
        stored = {event.event_id: event.data.ticks for event in await stand.events("data.quality")}
        await stand.store.close()
        return told, stored

    with TemporaryDirectory() as folder:
        told, stored = asyncio.run(journey(folder))
    assert sum(told.values()) == len(crossed)
    assert stored == told
