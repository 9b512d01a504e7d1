"""Where market data is wrong: one function a fault, from raw columns to the numbers of the rows that have it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.raw_columns import Columns, Rows
from tradewind.core.domain.timeframes import UNITS_NS, WEEK_ORIGIN_NS

SPIKE_SCALES = 25.0
"""A return is a suspect when it is beyond this many robust deviations (1.4826 x median absolute deviation)."""
SPIKE_BACK = 0.7
"""... and a spike when this share of it is taken back by the next bar."""
STALE_BARS = 10
"""So many bars that repeat one bar to the last digit are a feed that stood still."""
RATE_LIMIT = 0.05
"""A funding rate beyond 5 % a time is more likely a percentage than a fraction: venues cap them at 4 %."""
NONE = np.empty(0, dtype=np.int64)


def not_numbers(columns: Columns) -> Rows:
    """Rows in which some value is NaN or infinite."""
    return np.flatnonzero(~np.logical_and.reduce([np.isfinite(v) for v in columns.values.values()]))


def prices_not_positive(columns: Columns) -> Rows:
    """Rows in which some price is zero or less."""
    return np.flatnonzero(np.logical_or.reduce([v <= 0 for n, v in columns.values.items() if n != "volume"]))


def negative_volumes(columns: Columns) -> Rows:
    """Rows with less than no volume."""
    return np.flatnonzero(columns.values["volume"] < 0)


def out_of_order(columns: Columns) -> Rows:
    """Rows that are earlier than the row before them."""
    return np.flatnonzero(np.diff(columns.time) < 0) + 1


def _repeats(columns: Columns) -> tuple[Rows, NDArray[np.bool_]]:
    """Rows whose time an earlier row carries, and whether all their values are those of that row."""
    ordered = columns.time[columns.order]
    later = np.flatnonzero(ordered[1:] == ordered[:-1]) + 1
    rows, earlier = columns.order[later], columns.order[later - 1]
    same = np.ones(len(rows), dtype=bool)
    for values in columns.values.values():
        same &= values[rows] == values[earlier]
    return rows, same


def duplicates(columns: Columns) -> Rows:
    """Rows that say again what a row of the same time said."""
    rows, same = _repeats(columns)
    return np.sort(rows[same])


def contradictions(columns: Columns) -> Rows:
    """Rows that contradict a row of the same time."""
    rows, same = _repeats(columns)
    return np.sort(rows[~same])


def bad_candles(columns: Columns) -> Rows:
    """Rows whose high is not the highest or whose low is not the lowest of their prices."""
    o, h, low, c = (columns.values[name] for name in ("open", "high", "low", "close"))
    return np.flatnonzero((h < np.maximum(np.maximum(o, c), low)) | (low > np.minimum(o, c)))


def wrong_steps(columns: Columns) -> Rows:
    """Rows that follow their predecessor sooner than a bar lasts."""
    return columns.distinct[1:][columns.steps < columns.step_ns]


def off_grid(columns: Columns) -> Rows:
    """Rows that open elsewhere in the grid of the timeframe than most do."""
    if columns.step_ns == 0 or not len(columns.time):
        return NONE
    offset = (columns.time - WEEK_ORIGIN_NS) % columns.step_ns
    values, counts = np.unique(offset, return_counts=True)
    usual = int(values[np.argmax(counts)])
    return np.flatnonzero(offset != usual)


def all_gaps(columns: Columns) -> Rows:
    """Rows before which bars are missing."""
    return columns.distinct[1:][columns.steps > columns.step_ns] if columns.step_ns else NONE


def late_gaps(columns: Columns) -> Rows:
    """Rows that come more than half a step late: venues stamp funding some milliseconds after the hour."""
    return columns.distinct[1:][columns.steps > 1.5 * columns.step_ns] if columns.step_ns else NONE


def _rests(columns: Columns, rows: Rows) -> NDArray[np.bool_]:
    """Which of the gaps that end at these rows hold a Saturday of a market that rests on Saturdays."""
    if not columns.closed_on_saturdays or not len(rows):
        return np.zeros(len(rows), dtype=bool)
    before = columns.time[columns.distinct[np.searchsorted(columns.time[columns.distinct], columns.time[rows]) - 1]]
    monday = WEEK_ORIGIN_NS + (before - WEEK_ORIGIN_NS) // UNITS_NS["w"] * UNITS_NS["w"]
    saturday = monday + 5 * UNITS_NS["d"]
    return (before < saturday) & (columns.time[rows] >= saturday + UNITS_NS["d"])


def gaps(columns: Columns) -> Rows:
    """Rows before which bars are missing though the market was open, as far as can be told."""
    rows = all_gaps(columns)
    return rows[~_rests(columns, rows)]


def rests(columns: Columns) -> Rows:
    """Rows that open a week after the market's rest."""
    rows = all_gaps(columns)
    return rows[_rests(columns, rows)]


def spikes(columns: Columns) -> Rows:
    """Rows whose close jumps far beyond the usual and comes back with the next bar."""
    rows = columns.distinct
    close = columns.values["close" if "close" in columns.values else "price"][rows]
    if len(close) < 30:
        return NONE
    returns = np.diff(np.log(np.where(close > 0, close, np.nan)))
    centre = np.nanmedian(returns)
    scale = 1.4826 * np.nanmedian(np.abs(returns - centre))
    if not scale > 0:
        return NONE
    there, back = returns[:-1], returns[1:]
    far = np.abs(there - centre) > SPIKE_SCALES * scale
    comes_back = (there * back < 0) & (np.abs(back) > SPIKE_BACK * np.abs(there))
    return rows[np.flatnonzero(far & comes_back) + 1]


def stale_runs(columns: Columns) -> Rows:
    """First rows of runs of at least STALE_BARS rows with the same prices, the next to follow each other in time."""
    rows = columns.distinct
    if len(rows) < STALE_BARS:
        return NONE
    same = np.ones(len(rows) - 1, dtype=bool)
    for name, values in columns.values.items():
        if name != "volume":
            same &= values[rows[1:]] == values[rows[:-1]]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    return rows[starts[ends - starts >= STALE_BARS - 1]]


def no_volume(columns: Columns) -> Rows:
    """Rows in which nothing was traded."""
    return np.flatnonzero(columns.values["volume"] == 0)


def rates_too_large(columns: Columns) -> Rows:
    """Funding rates beyond what venues charge."""
    return np.flatnonzero(np.abs(columns.values["rate"]) > RATE_LIMIT)
