"""How long a year is: read from the data itself, because crypto trades every day and stocks do not.

Equity is observed per bar but judged per day: Sharpe, Sortino, volatility and tails are taken from the returns between
the last bars of successive UTC days. Otherwise a one-minute and a one-hour run of the same account would disagree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.timeframes import UNITS_NS

DAY_NS = UNITS_NS["d"]
SATURDAY, SUNDAY = 5, 6


@dataclass(frozen=True, slots=True)
class Calendar:
    """The periods by which a run is judged, and how many of them make a year."""

    periods_per_year: float
    period_ends: NDArray[np.int64]
    """Row of the last bar of each period, rising."""
    years: float
    """Length of the run in years of this calendar."""
    description: str


def read_calendar(time: NDArray[np.int64], step_ns: int) -> Calendar:
    """The calendar of bars that open at `time` (int64 ns UTC, strictly rising) and last `step_ns` each.

    - Bars longer than a day are periods themselves: 365 days over the bar's length make a year.
    - Days without end (at least half of the Saturdays that the data spans hold bars, or it spans none): 365 UTC days.
    - Otherwise 252 trading days; a Sunday evening's bars belong to Monday, as FX desks count.

    A year of the 365-day calendar is elapsed time (gaps in the data count); a year of the other is 252 days with data.
    Raises BadInput for no bars or a step that is not positive.
    """
    if len(time) == 0:
        raise BadInput("a run without bars has no calendar", fix="Give at least one bar")
    if step_ns <= 0:
        raise BadInput(f"a bar cannot last {step_ns} ns", fix="Give the timeframe's length in nanoseconds")
    elapsed_years = float(int(time[-1]) + step_ns - int(time[0])) / (365 * DAY_NS)
    if step_ns > DAY_NS:
        per_year = 365 * DAY_NS / step_ns
        rows = np.arange(len(time), dtype=np.int64)
        return Calendar(per_year, rows, elapsed_years, f"{per_year:.4g} bars a year (365 days)")
    ends = _day_ends(time)
    weekday = (time[ends] // DAY_NS + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0
    if _trades_on_weekends(time, weekday):
        return Calendar(365.0, ends, elapsed_years, "365 days a year, UTC days")
    keep = weekday != SUNDAY
    keep[-1] = True
    ends = ends[keep]
    return Calendar(252.0, ends, len(ends) / 252.0, "252 trading days a year, UTC days")


def _day_ends(time: NDArray[np.int64]) -> NDArray[np.int64]:
    first, last = int(time[0]) // DAY_NS, int(time[-1]) // DAY_NS
    midnights = np.arange(first + 1, last + 2, dtype=np.int64) * DAY_NS
    after = np.searchsorted(time, midnights, side="left")
    return np.unique(after).astype(np.int64) - 1


def _trades_on_weekends(time: NDArray[np.int64], weekday: NDArray[np.int64]) -> bool:
    first, last = int(time[0]) // DAY_NS, int(time[-1]) // DAY_NS
    spanned = (last - SATURDAY + 3) // 7 - (first - 1 - SATURDAY + 3) // 7
    return spanned == 0 or 2 * int(np.count_nonzero(weekday == SATURDAY)) >= spanned
