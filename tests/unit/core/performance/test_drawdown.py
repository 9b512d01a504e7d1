import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.core.performance import drawdowns, monthly_returns, rolling_sharpe, underwater
from tradewind.core.performance.calendar import read_calendar
from tradewind.core.performance.drawdown import longest_drawdown_ns, running_peak

DAY = UNITS_NS["d"]


def days(n: int, start: str = "2024-01-01") -> np.ndarray:
    return np.datetime64(start, "ns").astype(np.int64) + np.arange(n, dtype=np.int64) * DAY


def test_the_table_lists_the_deepest_first_with_peak_trough_and_recovery() -> None:
    equity = np.array([110.0, 99.0, 110.0, 120.0, 60.0, 90.0, 120.0, 119.0, 114.0])
    time = days(9)
    found = drawdowns(time, equity, 100.0, DAY)
    assert [round(d.depth, 6) for d in found] == [-0.5, -0.1, -0.05]
    deepest, middle, last = found
    assert (deepest.start, deepest.trough, deepest.end) == (time[3] + DAY, time[4] + DAY, time[6] + DAY)
    assert (deepest.duration, deepest.recovery) == (3 * DAY, 2 * DAY)
    assert (middle.start, middle.end) == (time[0] + DAY, time[2] + DAY)
    assert (last.start, last.trough, last.end, last.recovery) == (time[6] + DAY, time[8] + DAY, None, None)
    assert last.duration == 2 * DAY
    assert longest_drawdown_ns(time, underwater(equity, 100.0), DAY) == 3 * DAY
    assert drawdowns(time, equity, 100.0, DAY, most=1) == [deepest]


def test_a_loss_from_the_first_bar_starts_at_the_open_of_the_first_bar() -> None:
    time, equity = days(3), np.array([90.0, 80.0, 95.0])
    (only,) = drawdowns(time, equity, 100.0, DAY)
    assert (only.start, only.end, only.duration) == (time[0], None, 3 * DAY)
    assert only.depth == pytest.approx(-0.2)
    assert longest_drawdown_ns(time, underwater(equity, 100.0), DAY) == 3 * DAY


def test_an_account_that_only_rises_has_no_drawdown() -> None:
    time, equity = days(3), np.array([100.0, 101.0, 102.0])
    assert drawdowns(time, equity, 100.0, DAY) == []
    assert longest_drawdown_ns(time, underwater(equity, 100.0), DAY) == 0


def test_the_table_equals_a_walk_over_the_curve() -> None:
    rng = np.random.default_rng(3)
    time, equity = days(500), 100.0 * np.exp(np.cumsum(rng.normal(0.001, 0.02, 500)))
    walked, peak, since, deepest = [], 100.0, time[0], 0.0
    for now, value in zip(time + DAY, equity, strict=True):
        if value >= peak:
            if deepest < 0:
                walked.append((int(now - since), deepest))
            peak, since, deepest = value, now, 0.0
        else:
            deepest = min(deepest, value / peak - 1.0)
    if deepest < 0:
        walked.append((int(time[-1] + DAY - since), deepest))
    found = [(d.duration, d.depth) for d in drawdowns(time, equity, 100.0, DAY)]
    assert found == sorted(walked, key=lambda stay: stay[1])
    assert longest_drawdown_ns(time, underwater(equity, 100.0), DAY) == max(length for length, _ in walked)


def test_monthly_returns_multiply_to_the_yearly_and_the_total_return() -> None:
    rng = np.random.default_rng(4)
    time, equity = days(800, "2022-11-15"), 100.0 * np.exp(np.cumsum(rng.normal(0, 0.01, 800)))
    months = monthly_returns(time, equity, 100.0, DAY)
    assert months.years == (2022, 2023, 2024, 2025)
    assert np.isnan(months.table[0, :10]).all()
    assert np.isnan(months.table[3, 1:]).all()
    growth = np.where(np.isnan(months.table), 1.0, 1.0 + months.table).prod(axis=1)
    assert growth == pytest.approx(1.0 + months.yearly)
    assert growth.prod() == pytest.approx(equity[-1] / 100.0)
    november = equity[15] / 100.0 - 1.0  # 15 to 30 November
    assert months.table[0, 10] == pytest.approx(november)
    assert [tuple(at) for at in np.argwhere(months.partial)] == [(0, 10), (3, 0)]


def test_whole_months_are_not_partial_and_a_month_without_bars_is_empty() -> None:
    time = days(91, "2024-01-01")  # January to March of a leap year
    february = (time >= days(1, "2024-02-01")[0]) & (time < days(1, "2024-03-01")[0])
    equity = np.linspace(101, 191, 91)
    months = monthly_returns(time, equity, 100.0, DAY)
    assert not months.partial.any()
    without = monthly_returns(time[~february], equity[~february], 100.0, DAY)
    assert np.isnan(without.table[0, 1])
    assert without.table[0, 2] == pytest.approx(equity[-1] / equity[30] - 1.0)
    assert len(monthly_returns(time[:0], equity[:0], 100.0, DAY).years) == 0


def test_one_month_in_the_middle_is_partial_on_both_sides() -> None:
    months = monthly_returns(days(3, "2024-05-10"), np.array([1.0, 2.0, 3.0]), 1.0, DAY)
    assert months.years == (2024,)
    assert months.table[0, 4] == pytest.approx(2.0)
    assert months.yearly[0] == pytest.approx(2.0)
    assert months.partial[0, 4]


def test_the_rolling_sharpe_ratio_equals_a_loop_over_windows() -> None:
    rng = np.random.default_rng(5)
    returns = np.append(rng.normal(0, 0.01, 60), np.full(12, 0.001))
    calendar = read_calendar(days(72), DAY)
    rolling = rolling_sharpe(returns, 10, calendar)
    assert np.isnan(rolling[:9]).all()
    assert np.isnan(rolling[-1])  # twelve equal returns
    for i in (9, 30, 59):
        window = returns[i - 9 : i + 1]
        assert rolling[i] == pytest.approx(window.mean() / window.std(ddof=1) * np.sqrt(365))
    assert np.isnan(rolling_sharpe(returns[:5], 10, calendar)).all()


@given(
    st.integers(0, 2_100), st.integers(0, 2**32 - 1), st.sampled_from([-2.0, 0.0, 2.0]), st.lists(st.integers(0, 2_099))
)
def test_the_running_peak_is_the_best_value_so_far(length: int, seed: int, drift: float, missing: list[int]) -> None:
    equity = 1_000.0 + np.cumsum(np.random.default_rng(seed).normal(drift, 1.0, length))
    equity[[at for at in missing if at < length]] = np.nan
    assert np.array_equal(running_peak(equity), np.maximum.accumulate(equity), equal_nan=True)
