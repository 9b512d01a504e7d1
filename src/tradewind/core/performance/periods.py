"""Returns by month and year, and the Sharpe ratio of a moving window."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance.calendar import Calendar


@dataclass(frozen=True, slots=True)
class MonthlyReturns:
    """Returns by calendar month (UTC), as fractions."""

    years: tuple[int, ...]
    table: NDArray[np.float64]
    """A row per year, a column per month; NaN where the run has no bar (or the account had nothing left)."""
    yearly: NDArray[np.float64]
    """The return of each year, from its own first and last values."""
    partial: NDArray[np.bool_]
    """Months of which the run saw only a part: the first and the last, unless they begin and end with the month."""


def monthly_returns(
    time: NDArray[np.int64], equity: NDArray[np.float64], initial: float, step_ns: int
) -> MonthlyReturns:
    """Returns of the months that the bars (open times `time`, int64 ns UTC, rising) fall in; gaps are bridged.

    A bar belongs to the month in which it opens. Each month runs from the last equity before it to its last equity.
    """
    if len(time) == 0:
        return MonthlyReturns((), np.empty((0, 12)), np.empty(0), np.empty((0, 12), np.bool_))
    first = _month(int(time[0]))
    count = _month(int(time[-1])) - first + 1
    starts = (np.datetime64(first, "M") + np.arange(count + 1)).astype("datetime64[ns]").astype(np.int64)
    after = np.searchsorted(time, starts)
    offset = first % 12
    years = tuple(range(1970 + first // 12, 1970 + (first + count - 1) // 12 + 1))
    table = np.full(len(years) * 12, np.nan)
    partial = np.zeros(len(years) * 12, np.bool_)
    table[offset : offset + count] = _between(equity, initial, after)
    partial[offset] = time[0] - starts[0] >= step_ns
    partial[offset + count - 1] |= starts[-1] - (time[-1] + step_ns) >= step_ns
    edges = np.unique(np.concatenate(([0], np.arange(12 - offset, count, 12), [count])))
    yearly = _between(equity, initial, after[edges])
    return MonthlyReturns(years, table.reshape(-1, 12), yearly, partial.reshape(-1, 12))


def rolling_sharpe(returns: NDArray[np.float64], window: int, calendar: Calendar) -> NDArray[np.float64]:
    """Annualised Sharpe ratio of the last `window` returns, at each of the calendar's periods (n).

    NaN for the first `window` - 1 periods and where the window's returns are all equal. Source: Sharpe (1994).
    """
    result = np.full(len(returns), np.nan)
    if window < 2 or len(returns) < window:
        return result
    windows = np.lib.stride_tricks.sliding_window_view(returns, window)
    deviation = windows.std(axis=1, ddof=1)
    moving = deviation > 1e-15 + 1e-12 * np.abs(windows).max(axis=1)
    result[window - 1 :][moving] = windows.mean(axis=1)[moving] / deviation[moving]
    return result * math.sqrt(calendar.periods_per_year)


def _month(time_ns: int) -> int:
    """Months since January 1970."""
    return int(np.datetime64(time_ns, "ns").astype("datetime64[M]").astype(np.int64))


def _between(equity: NDArray[np.float64], initial: float, after: NDArray[np.int64]) -> NDArray[np.float64]:
    """Returns between the values before successive rows `after`; NaN for no rows or nothing to start from."""
    values = np.concatenate(([initial], equity))[after]
    result = np.full(len(after) - 1, np.nan)
    known = (np.diff(after) > 0) & (values[:-1] > 0)
    result[known] = values[1:][known] / values[:-1][known] - 1.0
    return result
