"""Recorded data is published as fast as is asked for, each event once and with an id that follows from it."""

import asyncio

import numpy as np
import pytest

from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.operations.data_publish import Feed, _event, publish_feed
from tradewind.operations.rehearsal import ticks_of

HOUR = UNITS_NS["h"]
START = 1_700_000_000_000_000_000 // HOUR * HOUR


def feed(rows=3):
    """Hours of a market, four ticks each."""
    prices = np.arange(rows, dtype=np.float64) + 100.0
    bars = Bars(
        "X/Y", "1h", time=START + HOUR * np.arange(rows), open=prices, high=prices + 2, low=prices - 1,
        close=prices + 1, volume=np.full(rows, 8.0),
    )  # fmt: skip
    return Feed(
        "X/Y", "history 1h", False, (_event("history 1h", t, t, tick, "") for t, tick in ticks_of(bars)), 4 * rows
    )


class Bus:
    """Notes what was published, and when."""

    def __init__(self, now):
        self.now, self.published = now, []

    async def publish(self, events):
        self.published += [(self.now[0], event) for event in events]


def published(speed):
    now = [50.0]

    async def sleep(seconds):
        now[0] += seconds

    bus = Bus(now)
    done = asyncio.run(publish_feed(feed(), bus, speed=speed, clock=lambda: now[0], sleep=sleep))
    return bus.published, done


@pytest.mark.parametrize("speed", [1.0, 60.0, 1_000_000.0])
def test_it_comes_so_many_times_as_fast_as_it_came_and_never_too_early(speed):
    found, done = published(speed)
    for when, event in found:
        due = 50.0 + (event.time_recorded - START) / 1e9 / speed
        assert due - 1e-6 <= when <= due + 0.1
    assert done.events == len(found) == 12
    assert (done.first_ns, done.last_ns) == (found[0][1].time_recorded, found[-1][1].time_recorded)


def test_as_fast_as_it_goes_nothing_is_waited_for_and_twice_are_the_same_events():
    found, _ = published(None)
    assert {when for when, _ in found} == {50.0}
    assert [event for _, event in found] == [event for _, event in published(60.0)[0]]
    assert len({event.event_id for _, event in found}) == 12
    assert {(event.mode, event.source, event.session) for _, event in found} == {("backtest", "history 1h", None)}
