"""Time passes for everybody, also while one of them cannot be told."""

import asyncio

from tradewind.core.domain.errors import Unavailable
from tradewind.trading.passing_time import pass_time


def test_every_watcher_is_told_the_time_until_the_end_and_one_that_fails_stops_no_other():
    async def journey():
        stopping, told = asyncio.Event(), []

        async def fails(now_ns):
            raise Unavailable("away")

        async def notes(now_ns):
            told.append(now_ns)
            if len(told) == 3:
                stopping.set()

        times = iter(range(10))
        async with asyncio.timeout(20):
            await pass_time(fails, notes, stopping=stopping, every_s=0.001, clock_ns=lambda: next(times))
        return told

    assert asyncio.run(journey()) == [1, 3, 5]
