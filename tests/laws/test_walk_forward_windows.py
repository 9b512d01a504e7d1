"""The windows of a walk-forward, whatever the bars: a test is never trained on before it has been tested."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tradewind import BadInput, Bars, Funding, Market, MarkPrices, instrument_for
from tradewind.research.walk_forward_windows import WindowPlan, cut, windows_of

HOUR = 3_600_000_000_000
GAPS = st.one_of(st.integers(0, 60), st.sampled_from(["1h", "7h", "36h", "2d"]))
PLANS = st.builds(
    WindowPlan,
    windows=st.one_of(st.none(), st.integers(1, 12)),
    train=st.floats(0.1, 0.9),
    train_bars=st.one_of(st.none(), st.integers(60, 500)),
    test_bars=st.one_of(st.none(), st.integers(60, 500)),
    anchored=st.booleans(),
    purge=GAPS,
    embargo=GAPS,
)


@st.composite
def times(draw):
    """Hourly bars with some of them missing; or of two symbols, the second of which opens at half past."""
    n = draw(st.integers(300, 2_000))
    missing = np.random.default_rng(draw(st.integers(0, 2**32))).random(n) < draw(st.sampled_from([0.0, 0.02, 0.3]))
    missing[[0, -1]] = False
    return np.flatnonzero(~missing).astype(np.int64) * draw(st.sampled_from([HOUR, HOUR // 2]))


@given(times(), PLANS)
def test_windows_never_overlap_forward(time, plan):
    try:
        windows = windows_of(time, HOUR, plan)
    except BadInput:
        assume(False)
    assert [w.number for w in windows] == list(range(1, len(windows) + 1))
    assert windows[-1].test.after == len(time)
    for window in windows:
        assert 0 <= window.train.first < window.train.after <= window.test.first < window.test.after
        assert window.train.end_ns <= window.test.start_ns
        assert time[window.train.after - 1] + HOUR <= window.test.start_ns, "a training bar is open in the test"
        for name, gap in (("purge", plan.purge), ("embargo", plan.embargo)):
            if isinstance(gap, int):
                assert window.test.first - window.train.after >= gap, name
            else:
                length = {"1h": 1, "7h": 7, "36h": 36, "2d": 48}[gap] * HOUR
                assert window.test.start_ns - window.train.end_ns >= length, name
    for before, after in pairwise(windows):
        assert before.test.after <= after.test.first
        assert before.test.first < after.test.first
        assert before.train.after < after.train.after
        assert after.train.first == 0 if plan.anchored else before.train.first < after.train.first


@given(times(), PLANS)
def test_a_slice_says_when_its_own_bars_open_and_close(time, plan):
    try:
        windows = windows_of(time, HOUR, plan)
    except BadInput:
        assume(False)
    for part in (part for window in windows for part in (window.train, window.test)):
        following = [int(time[part.after])] if part.after < len(time) else []
        assert part.start_ns == time[part.first]
        assert part.end_ns == min([time[part.after - 1] + HOUR, *following])
        inside = (time >= part.start_ns) & (time < part.end_ns)
        assert np.array_equal(np.flatnonzero(inside), np.arange(part.first, part.after))


@given(st.integers(0, 47), PLANS)
def test_too_few_bars_are_refused_in_one_sentence(bars, plan):
    with pytest.raises(BadInput, match="too few") as refused:
        windows_of(np.arange(bars, dtype=np.int64) * HOUR, HOUR, plan)
    assert refused.value.fix


@pytest.mark.parametrize("anchored", [False, True])
def test_without_gaps_the_tests_follow_each_other_without_a_hole(anchored):
    time = np.arange(1_500, dtype=np.int64) * HOUR
    windows = windows_of(time, HOUR, WindowPlan(windows=5, train=0.6, anchored=anchored))
    assert [w.test.first for w in windows[1:]] == [w.test.after for w in windows[:-1]]
    assert [w.train.after for w in windows] == [w.test.first for w in windows]
    assert len(windows[0].train) / (len(windows[0].train) + len(windows[0].test)) == pytest.approx(0.6, abs=0.01)


@given(st.integers(0, 300), st.integers(0, 300))
def test_what_is_cut_out_of_a_market_holds_nothing_from_after_its_end(first, length):
    time = np.arange(300, dtype=np.int64) * HOUR
    price = np.linspace(1.0, 2.0, 300)
    bars = Bars("X/USDT:USDT", "1h", time, price, price, price, price, price)
    market = Market(
        bars,
        instrument_for("X/USDT:USDT"),
        Funding("X/USDT:USDT", time[::8].copy(), price[::8].copy()),
        MarkPrices("X/USDT:USDT", time + HOUR // 2, price),
    )
    start, end = first * HOUR, (first + length) * HOUR
    seen = cut(market, start, end)
    for series in (seen.bars, seen.funding, seen.marks):
        assert (series.time < end).all()
        for name, column in series.columns().items():
            assert column.base is None, f"{name} is a view into what holds more"
    assert np.array_equal(seen.bars.time, time[(time >= start) & (time < end)])
