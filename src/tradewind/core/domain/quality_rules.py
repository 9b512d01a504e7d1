"""The rules by which market data is checked: one row a rule, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.instants import instant_text
from tradewind.core.domain.market_data import Times, Values
from tradewind.core.domain.timeframes import UNITS_NS, WEEK_ORIGIN_NS

Rows = NDArray[np.int64]
SPIKE_SCALES = 25.0
"""A return is a suspect when it is beyond this many robust deviations (1.4826 x median absolute deviation)."""
SPIKE_BACK = 0.7
"""... and a spike when this share of it is taken back by the next bar."""
STALE_BARS = 10
"""So many bars that repeat one bar to the last digit are a feed that stood still."""
RATE_LIMIT = 0.05
"""A funding rate beyond 5 % a time is more likely a percentage than a fraction: venues cap them at 4 %."""
NONE = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Columns:
    """Raw columns and what several rules need of them."""

    time: Times
    values: dict[str, Values]
    declared_step_ns: int | None

    @cached_property
    def order(self) -> Rows:
        """Row numbers in order of time; equal times keep their order."""
        return np.argsort(self.time, kind="stable")

    @cached_property
    def distinct(self) -> Rows:
        """Row numbers in order of time, the first of equal times only."""
        ordered = self.time[self.order]
        return self.order[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else self.order

    @cached_property
    def steps(self) -> Times:
        """Time from each distinct row to the next, ns."""
        return np.diff(self.time[self.distinct])

    @cached_property
    def usual_step_ns(self) -> int:
        """The step seen most often, 0 where there are not two rows."""
        if not len(self.steps):
            return 0
        lengths, counts = np.unique(self.steps, return_counts=True)
        return int(lengths[np.argmax(counts)])

    @property
    def step_ns(self) -> int:
        """The declared step, else the usual one."""
        return self.declared_step_ns or self.usual_step_ns

    @cached_property
    def closed_on_saturdays(self) -> bool:
        """Whether the market rests: two Saturdays or more are spanned and no row falls on any."""
        day = (self.time[self.distinct] // UNITS_NS["d"] + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0
        spanned = len(day) > 1 and self.time.max() - self.time.min() >= 2 * UNITS_NS["w"]
        return bool(spanned) and not bool((day == 5).any())


@dataclass(frozen=True)
class Rule:
    """What to look for, how bad it is, what a backtest does about it, and the repair an import offers."""

    name: str
    severity: str
    meaning: str
    effect: str
    find: Callable[[Columns], Rows]
    describe: Callable[[Columns, int], str]
    repair: str = ""


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


def row_values(columns: Columns, row: int) -> str:
    """The row's values by name."""
    return ", ".join(f"{name} {values[row]:.10g}" for name, values in columns.values.items())


def row_before(columns: Columns, row: int) -> str:
    """The time before which a row stands."""
    return f"stands after {instant_text(int(columns.time[row - 1]))}"


def missing(columns: Columns, row: int) -> str:
    """How many bars are missing before a row, since when."""
    at = int(np.searchsorted(columns.time[columns.distinct], columns.time[row]))
    before = int(columns.time[columns.distinct[at - 1]])
    count = (int(columns.time[row]) - before) // columns.step_ns - 1
    since = instant_text(before + columns.step_ns)
    return f"{count} missing since {since}" if count else f"late: expected at {since}"


def spike(columns: Columns, row: int) -> str:
    """The closes before, at and after a row."""
    at = int(np.searchsorted(columns.time[columns.distinct], columns.time[row]))
    close = columns.values["close" if "close" in columns.values else "price"]
    before, now, after = (close[columns.distinct[i]] for i in (at - 1, at, at + 1))
    return f"close {before:.10g}, {now:.10g}, {after:.10g}"


def step_before(columns: Columns, row: int) -> str:
    """How far a row is from its predecessor, in seconds."""
    at = int(np.searchsorted(columns.time[columns.distinct], columns.time[row]))
    return f"{columns.steps[at - 1] / 1e9:g} s after the row before, a bar lasts {columns.step_ns / 1e9:g} s"


TIME_RULES = (
    Rule("disorder", "error", "rows are not in order of time", "not stored: a bar would be seen before its time",
         out_of_order, row_before, "sort"),
    Rule("duplicates", "error", "a time is there twice with the same values", "not stored: the bar would count twice",
         duplicates, row_values, "drop-duplicates"),
    Rule("contradictions", "error", "a time is there twice with different values",
         "not stored: which of them is true cannot be told", contradictions, row_values, "keep-last"),
)  # fmt: skip
NUMBER_RULE = Rule(
    "not_a_number", "error", "a value is missing, NaN or infinite", "not stored: every figure after it would be NaN",
    not_numbers, row_values, "drop-rows",
)  # fmt: skip
PRICE_RULE = Rule(
    "price_not_positive", "error", "a price is zero or negative", "not stored: returns are undefined",
    prices_not_positive, row_values, "drop-rows",
)  # fmt: skip
SPIKE_RULE = Rule(
    "spikes", "warning", "a price jumps far and comes straight back",
    "kept: stops may fill on it; compare the bars with a second source", spikes, spike,
)  # fmt: skip
STALE_RULE = Rule(
    "stale_runs", "warning", f"{STALE_BARS} bars or more repeat one bar",
    "kept: orders fill at the price that stood still",
    stale_runs, row_values,
)  # fmt: skip
RULES = (
    NUMBER_RULE,
    PRICE_RULE,
    Rule("negative_volume", "error", "volume is negative", "not stored: there is no such market",
         negative_volumes, row_values, "drop-rows"),
    *TIME_RULES,
    Rule("bad_ohlc", "error", "high is not the highest or low not the lowest price of the bar",
         "not stored: a fill inside the bar could not be judged", bad_candles, row_values, "widen-ohlc"),
    Rule("wrong_step", "error", "rows follow each other sooner than a bar lasts",
         "not stored: bars would overlap; give the timeframe the rows have", wrong_steps, step_before),
    Rule("gaps", "warning", "bars are missing",
         "kept as they are: nothing is filled in; orders wait for the next bar and fill at its open", gaps, missing),
    Rule("weekly_rests", "note", "the market rests at the weekend", "orders wait for the first bar of the week",
         rests, missing),
    Rule("off_grid", "warning", "rows open off the grid of their timeframe",
         "kept: a higher timeframe puts them into the bucket they open in", off_grid, row_values),
    SPIKE_RULE,
    STALE_RULE,
    Rule("zero_volume", "note", "nothing was traded in the bar",
         "kept: with a volume limit on, orders do not fill there", no_volume, row_values),
)  # fmt: skip
RATE_RULES = (
    NUMBER_RULE,
    *TIME_RULES,
    Rule("rate_too_large", "warning", f"a rate is beyond {RATE_LIMIT:.0%}",
         "kept: it is charged as written; a percentage must be divided by 100 first", rates_too_large, row_values),
    Rule("gaps", "warning", "rates are missing", "kept as they are: no funding is charged there", late_gaps, missing),
)  # fmt: skip
PRICE_RULES = (
    NUMBER_RULE,
    PRICE_RULE,
    *TIME_RULES,
    Rule("gaps", "warning", "prices are missing", "kept as they are: the last known price is used", late_gaps, missing),
    SPIKE_RULE,
    STALE_RULE,
)  # fmt: skip
