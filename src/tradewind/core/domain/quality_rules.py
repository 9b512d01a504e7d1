"""The rules by which market data is checked: one row a rule, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tradewind.core.domain.quality_places import missing, row_before, row_values, spike, step_before
from tradewind.core.domain.quality_search import (
    RATE_LIMIT,
    STALE_BARS,
    bad_candles,
    contradictions,
    duplicates,
    gaps,
    late_gaps,
    negative_volumes,
    no_volume,
    not_numbers,
    off_grid,
    out_of_order,
    prices_not_positive,
    rates_too_large,
    rests,
    spikes,
    stale_runs,
    wrong_steps,
)
from tradewind.core.domain.raw_columns import Columns, Rows


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
