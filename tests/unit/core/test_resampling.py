"""Higher timeframes from lower ones, compared with the plainest possible reckoning."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.resampling import resample
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.core.domain.timeframes import bucket_start_ns, timeframe_ns

HOUR = 3_600_000_000_000


def hours(count: int, start_ns: int = 0) -> Bars:
    bars = synthetic_market(SyntheticMarket(bars=count, start_ns=start_ns, seed=8))[0]
    assert isinstance(bars, Bars)
    return bars


@settings(deadline=None)
@given(
    start=st.integers(0, 200),
    missing=st.sets(st.integers(0, 299)),
    timeframe=st.sampled_from(["2h", "3h", "4h", "5h", "1d", "2d", "1w"]),
)
def test_a_bucket_is_the_bars_that_open_in_it(start: int, missing: set[int], timeframe: str) -> None:
    bars = hours(300, start * HOUR).rows(np.array(sorted(set(range(300)) - missing), dtype=np.int64))
    made = resample(bars, timeframe)
    length = timeframe_ns(timeframe)
    buckets: dict[int, list[int]] = {}
    for row, time in enumerate(bars.time.tolist()):
        buckets.setdefault(bucket_start_ns(time, length), []).append(row)
    if buckets:
        first, last = min(buckets), max(buckets)
        if bars.time[-1] + HOUR < last + length:
            del buckets[last]
        if bars.time[0] > first:
            buckets.pop(first, None)
    assert made.bars.time.tolist() == sorted(buckets)
    for row, opens in enumerate(sorted(buckets)):
        inside = bars.rows(np.array(buckets[opens]))
        assert made.bars.open[row] == inside.open[0]
        assert made.bars.close[row] == inside.close[-1]
        assert made.bars.high[row] == inside.high.max()
        assert made.bars.low[row] == inside.low.min()
        assert made.bars.volume[row] == pytest.approx(inside.volume.sum(), rel=1e-12)
    used = sum(map(len, buckets.values()))
    assert made.dropped_first + made.dropped_last + used == len(bars)
    assert made.partial == sum(len(rows) < length // HOUR for rows in buckets.values())


def test_two_steps_up_are_one_big_step() -> None:
    bars = hours(24 * 60)
    at_once, in_steps = resample(bars, "1d").bars, resample(resample(bars, "4h").bars, "1d").bars
    for name in ("time", "open", "high", "low", "close"):
        np.testing.assert_array_equal(at_once.columns()[name], in_steps.columns()[name])


def test_weeks_begin_on_monday() -> None:
    made = resample(hours(24 * 30, 1_704_067_200 * 10**9), "1w")  # 2024-01-01 was a Monday
    assert made.bars.time.tolist() == [1_704_067_200 * 10**9 + week * 7 * 24 * HOUR for week in range(4)]
    assert (made.dropped_first, made.dropped_last) == (0, 48)


@pytest.mark.parametrize("timeframe", ["1h", "30m", "90m", "1x"])
def test_a_timeframe_that_does_not_divide_is_refused(timeframe: str) -> None:
    with pytest.raises(BadInput):
        resample(hours(10), timeframe)


def test_too_few_rows_make_no_bar() -> None:
    made = resample(hours(10), "1d")
    assert (len(made.bars), made.dropped_first + made.dropped_last) == (0, 10)
    assert len(resample(hours(10).slice(0, 0), "1d").bars) == 0
