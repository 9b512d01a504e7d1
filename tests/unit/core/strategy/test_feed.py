"""Feeds: bars of a longer timeframe, made of the run's own and seen when they have closed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.core.domain.timeframes import UNITS_NS, WEEK_ORIGIN_NS
from tradewind.core.strategy.feed import Feed

HOUR = UNITS_NS["h"]
DAY = UNITS_NS["d"]


def grown(feed, bars):
    """Feed (hour, open, high, low, close, volume) rows in; what the feed showed after each: count, closed, prices."""
    seen = []
    for hour, *values in bars:
        feed.flush(hour * feed.step)
        feed.add(hour * feed.step, *values)
        seen.append((feed.count, feed.closed, feed.time, feed.open, feed.high, feed.low, feed.close, feed.volume))
    return seen


def bar(hour, price):
    return (hour, price, price + 2.0, price - 1.0, price + 1.0, 10.0)


def test_before_the_first_bar_has_closed_prices_are_nan():
    feed = Feed(0, 4 * HOUR, 0, HOUR)
    grown(feed, [bar(0, 100.0), bar(1, 105.0), bar(2, 90.0)])
    assert feed.count == 0
    assert math.isnan(feed.close)
    assert math.isnan(feed.hlc3)


def test_a_bar_closes_with_the_last_of_its_base_bars_and_sums_them_up():
    feed = Feed(0, 4 * HOUR, 0, HOUR)
    seen = grown(feed, [bar(0, 100.0), bar(1, 105.0), bar(2, 90.0), bar(3, 95.0)])
    assert seen[-1] == (1, True, 0, 100.0, 107.0, 89.0, 96.0, 40.0)
    assert feed.hl2 == 98.0
    assert feed.hlc3 == pytest.approx((107.0 + 89.0 + 96.0) / 3.0)
    assert feed.ohlc4 == 98.0


def test_closed_is_true_only_on_the_base_bar_that_completed_it():
    feed = Feed(0, 2 * HOUR, 0, HOUR)
    seen = grown(feed, [bar(hour, 100.0) for hour in range(6)])
    assert [closed for _, closed, *_ in seen] == [False, True, False, True, False, True]


def test_a_run_that_begins_inside_a_bar_gives_a_first_bar_of_what_there_is():
    feed = Feed(0, 4 * HOUR, 0, HOUR)
    seen = grown(feed, [bar(2, 100.0), bar(3, 101.0), bar(4, 102.0)])
    assert seen[1] == (1, True, 0, 100.0, 103.0, 99.0, 102.0, 20.0)
    assert seen[2][0] == 1


def test_a_gap_over_the_end_closes_the_bar_when_the_next_base_bar_opens():
    feed = Feed(0, 4 * HOUR, 0, HOUR)
    grown(feed, [bar(0, 100.0), bar(1, 101.0)])
    assert feed.flush(9 * HOUR)
    assert (feed.count, feed.time, feed.close, feed.closed) == (1, 0, 102.0, True)
    assert not feed.add(9 * HOUR, *bar(9, 50.0)[1:])
    assert feed.next_time == 8 * HOUR


def test_weeks_begin_on_monday():
    monday = WEEK_ORIGIN_NS + 2820 * 7 * DAY
    feed = Feed(0, 7 * DAY, WEEK_ORIGIN_NS, DAY)
    for day in range(9):
        feed.flush(monday + (day - 1) * DAY)
        closed = feed.add(monday + (day - 1) * DAY, *bar(0, 100.0)[1:])
        assert closed == (day in {0, 7})
    assert feed.time == monday


@given(st.lists(st.integers(0, 400), min_size=1, max_size=60, unique=True), st.sampled_from([1, 2, 4, 24]))
def test_whatever_is_missing_each_bar_is_made_of_its_own_hours_and_shown_once(hours, length):
    feed = Feed(0, length * HOUR, 0, HOUR)
    shown = {}
    buckets = {}
    for hour in sorted(hours):
        price = 100.0 + hour % 7
        if feed.flush(hour * HOUR):
            assert feed.time not in shown
            shown[feed.time] = (feed.open, feed.high, feed.low, feed.close, feed.volume)
        if feed.add(hour * HOUR, *bar(hour, price)[1:]):
            assert feed.time not in shown
            shown[feed.time] = (feed.open, feed.high, feed.low, feed.close, feed.volume)
            assert hour * HOUR + HOUR >= feed.time + length * HOUR, "shown before it closed"
        buckets.setdefault(hour // length * length * HOUR, []).append(price)
    last = max(buckets)
    for start, prices in buckets.items():
        if start != last or start in shown:
            expected = (prices[0], max(prices) + 2.0, min(prices) - 1.0, prices[-1] + 1.0, 10.0 * len(prices))
            assert shown[start] == expected
