"""A market of which less is shown: cut off at some bar, or going on otherwise after it; and the bars to do that at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.quantities import too_few
from tradewind.core.engine.market_data import PRICES, MarketData

Array = np.ndarray[Any, Any]
BARS_MIN = 60
"""Fewer bars leave no room for cuts that say anything."""
ROWS = ("time", "symbol", *PRICES)
LAST_BARS = (1, 2, 5)
"""How many of the last bars are cut off by the cuts near the end."""


@dataclass(frozen=True)
class Cut:
    """Everything before row `row` of the merged bars is shown; `why` says how the row was chosen."""

    row: int
    why: str


def cut_off(data: MarketData, row: int) -> MarketData:
    """The rows before `row`: what was known when the last of them closed."""
    return replace(data, **{name: getattr(data, name)[:row] for name in ROWS})


def gone_otherwise(data: MarketData, row: int) -> MarketData:
    """The same up to `row`; from there on each symbol rises where it fell, by half as much again, and the reverse.

    In that future other bars are the highest, other symbols win, and every mean and deviation is another one.
    """
    columns = {name: getattr(data, name).copy() for name in PRICES}
    for symbol in range(len(data.symbols)):
        mine = np.flatnonzero(data.symbol == symbol)
        later = mine[mine >= row]
        if len(later) == 0:
            continue
        known = mine[mine < row]
        level = float(data.close[known[-1]] if len(known) else data.open[later[0]])
        turned = {
            name: level * (level / getattr(data, name)[later]) ** 1.5 for name in ("open", "high", "low", "close")
        }
        turned["high"], turned["low"] = turned["low"], turned["high"]
        for name, values in turned.items():
            columns[name][later] = values
        columns["volume"][later] = 1.5 * data.volume[later][::-1]
    return replace(data, **columns)


def begun_at(data: MarketData, row: int) -> MarketData:
    """The rows from `row` on, and the funding from then on."""
    ranges = tuple(
        (first + int(np.searchsorted(data.funding_time[first:end], data.time[row])), end)
        for first, end in data.funding_range
    )
    return replace(data, funding_range=ranges, **{name: getattr(data, name)[row:] for name in ROWS})


CHANGED = "later bars changed"
WAYS = {"later bars left out": cut_off, CHANGED: gone_otherwise}


def struck(data: MarketData, row: int, factor: float) -> MarketData:
    """The market with the prices and volumes of one moment, that of `row`, times `factor`: what does it reach?"""
    columns = {name: getattr(data, name).copy() for name in PRICES}
    for name in PRICES:
        columns[name][data.time == data.time[row]] *= factor
    return replace(data, **columns)


def whole_moments(data: MarketData) -> Array:
    """The rows at which the data can be cut without parting the symbols' bars of one moment (int64, rising)."""
    return np.flatnonzero(np.diff(data.time, prepend=data.time[0] - 1) != 0)


def first_row(data: MarketData) -> int:
    """Where the first cut may be: a fifth of the way in, and after every symbol has had BARS_MIN / 3 bars.

    Raises BadInput where there is too little data to cut.
    """
    fewest = min(int((data.symbol == i).sum()) for i in range(len(data.symbols)))
    if fewest < BARS_MIN:
        raise BadInput(
            f"{too_few(fewest, 'bar')}: to cut them at several places takes {BARS_MIN:,}",
            fix="Widen --start and --end, or bring more data",
        )
    return max(_begun(data), len(data) // 5)


def _begun(data: MarketData) -> int:
    """The row after which every symbol has had BARS_MIN / 3 bars: where a cut may be that has a reason of its own."""
    return max(int(np.flatnonzero(data.symbol == i)[BARS_MIN // 3 - 1]) + 1 for i in range(len(data.symbols)))


def choose_cuts(data: MarketData, decided_ns: Array, count: int, seed: int) -> list[Cut]:
    """About `count` cuts, rising: near the end, before large moves, after decisions (at `decided_ns`), at random.

    A cut right after a decision shows whether it was taken knowing the next bar; one before a large move, whether that
    was foreseen, by those too who do so seldom; one at random shows the rest.
    """
    moments = whole_moments(data)
    moments = moments[moments >= first_row(data)]
    if len(moments) == 0:
        raise BadInput("the symbols share too little time to cut it", fix="Bring data of the same time for all symbols")
    rng = np.random.default_rng(seed)
    chosen: dict[int, str] = {}
    for back in LAST_BARS:
        if back <= len(moments):
            chosen.setdefault(int(moments[-back]), "near the end")
    after = np.searchsorted(data.time, np.unique(decided_ns) - data.step, side="right")
    after = after[(after >= _begun(data)) & (after < len(data))]
    for row in before_moves(data, moments, max(2, count // 4)):
        chosen.setdefault(int(row), "before a large move")
    share = max(1, (count - len(chosen)) * 2 // 3)
    for row in _spread(np.setdiff1d(after, list(chosen)), share, rng):
        chosen.setdefault(int(row), "after a decision")
    left = np.setdiff1d(moments, list(chosen))
    for row in _spread(left, max(1, count - len(chosen)), rng):
        chosen.setdefault(int(row), "at random")
    return [Cut(row, chosen[row]) for row in sorted(chosen)]


def before_moves(data: MarketData, rows: Array, count: int) -> list[int]:
    """Of `rows`, about `count` before whose bar a close is that the next falls furthest from, or rises."""
    later = np.full(len(data), np.nan)
    for symbol in range(len(data.symbols)):
        mine = np.flatnonzero(data.symbol == symbol)
        later[mine[1:]] = data.close[mine[1:]] / data.close[mine[:-1]] - 1.0
    # A moment's symbols stand one after another: what counts is the one that moves most.
    fall, rise = np.fmin.reduceat(later, rows), np.fmax.reduceat(later, rows)
    order = [np.argsort(np.where(np.isfinite(each), each, np.inf), kind="stable") for each in (fall, -rise)]
    known = int(np.isfinite(fall).sum())
    return [
        int(row)
        for each, most in zip(order, (count // 2, count - count // 2), strict=True)
        for row in rows[each[: min(most, known)]]
    ]


def telling_cuts(data: MarketData, columns: Mapping[str, Array], count: int) -> list[Cut]:
    """Cuts for columns that may read ahead only seldom: before the largest moves, and after a column's leaps."""
    moments = whole_moments(data)
    moments = moments[moments >= _begun(data)]
    chosen = dict.fromkeys(before_moves(data, moments, count), "before a large move")
    rng = np.random.default_rng(len(data))
    for values in columns.values():
        steps = np.abs(np.diff(values, prepend=np.nan))
        steps[~np.isfinite(steps)] = 0.0
        changes = np.flatnonzero(steps > 0.0) + 1
        changes = np.intersect1d(changes, moments)
        # What changes seldom is looked at where it does, what always changes where it leaps.
        if len(changes) > len(moments) // 2:
            changes = np.sort(changes[np.argsort(-steps[changes - 1], kind="stable")[: count // 2]])
        for row in _spread(changes, max(1, count // 2), rng):
            chosen.setdefault(int(row), "after a column's leap")
    return [Cut(row, chosen[row]) for row in sorted(chosen)]


def _spread(rows: Array, count: int, rng: np.random.Generator) -> Array:
    """One row out of each of `count` stretches of the rows, by chance."""
    picked = [rng.choice(stretch) for stretch in np.array_split(rows, count) if len(stretch)]
    return np.array(picked, np.int64)
