"""How far ahead a prepared column reads: one moment's prices are changed, and the bars before it are looked at.

bars changed before it                       what that is
only the one k bars before                   shift(-k)
all of the k bars before                     a centred window of 2k + 1 bars
those of its hour, its day, never others     a resampled bar, put where it had only opened
nearly all                                   a mean, deviation, extreme, rank or fit over the whole sample
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tradewind.core.domain.quantities import so_many
from tradewind.core.domain.timeframes import bucket_start_ns, timeframe_ns
from tradewind.core.engine.market_data import MarketData
from tradewind.core.engine.prepared import Columns
from tradewind.research.differences import column_differs
from tradewind.research.shown_less import struck, whole_moments

Array = np.ndarray[Any, Any]
STROKES = 24
FACTORS = (3.0, 1.0 / 3.0)
"""Both ways: a highest price is not moved by a fall, nor a lowest by a rise."""
NEARLY_ALL = 0.8
MOSTLY = 0.9
BUCKETS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "1w")


@dataclass(frozen=True)
class Reach:
    """How many bars ahead a column was seen to read at most (None: not told), and what that looks like."""

    bars: int | None
    words: str


def reach_of(
    make: Callable[[MarketData], Columns], data: MarketData, whole: Columns, names: list[str]
) -> dict[str, Reach | None]:
    """The reach of each named column, None where no change of a bar was seen in an earlier row.

    `make` prepares columns from a market; `whole` are those of `data`.
    """
    moments = whole_moments(data)
    places = np.unique(np.linspace(0.45, 0.93, STROKES) * len(moments)).astype(int)
    rng = np.random.default_rng(len(moments))
    places = np.unique(np.minimum(places + rng.integers(0, 7, len(places)), len(moments) - 2))
    changed: dict[str, list[tuple[int, Array]]] = {name: [] for name in names}
    for place in places:
        row = int(moments[place])
        touched = {name: np.zeros(row, bool) for name in names}
        for factor in FACTORS:
            made = make(struck(data, row, factor))
            for name in names:
                touched[name] |= column_differs(whole[name], made[name])[:row]
        for name in names:
            # Rows become moments: several symbols have several rows at one.
            hit = np.unique(np.searchsorted(moments, np.flatnonzero(touched[name]), side="right") - 1)
            changed[name].append((int(place), hit))
    time = data.time[moments]
    defined = {name: int(np.searchsorted(moments, first_number(whole[name]), side="right")) for name in names}
    return {name: _told(changed[name], time, data.step, defined[name]) for name in names}


def first_number(column: Array) -> int:
    """The row of a column's first number, its length where it has none."""
    found = np.flatnonzero(~np.isnan(column))
    return int(found[0]) if len(found) else len(column)


def _told(strokes: list[tuple[int, Array]], time: Array, step: int, defined: int) -> Reach | None:
    """What the changed moments of all strokes are like; None where no stroke changed any."""
    seen = [(place, hit) for place, hit in strokes if len(hit)]
    if not seen:
        return None
    if all(len(hit) >= NEARLY_ALL * max(1, place - defined) for place, hit in seen):
        return Reach(None, "nearly all of its earlier values change: a mean, deviation, extreme, rank or fit over the "
                     "whole sample")  # fmt: skip
    reach = max(int(place - hit[0]) for place, hit in seen)
    offsets = [frozenset((place - hit).tolist()) for place, hit in seen]
    if len(seen) == len(strokes) and len(set(offsets)) == 1:
        return Reach(reach, _shift_or_window(offsets[0], reach))
    bucket = _bucket(seen, time, step)
    if bucket:
        return Reach(reach, f"only bars of the same {bucket} change: a {bucket} bar is read before it has closed, as "
                     "when resampling puts its value at its beginning")  # fmt: skip
    return Reach(reach, f"it reads up to {so_many(reach, 'bar')} ahead")


def _shift_or_window(offsets: frozenset[int], reach: int) -> str:
    if len(offsets) <= 2 and min(offsets) >= reach - 1:
        return f"it reads {so_many(reach, 'bar')} ahead, as shift(-{reach}) does"
    if offsets == frozenset(range(1, reach + 1)):
        centred = f"a centred one of {2 * reach + 1} bars, or one turned round, does"
        return f"a window that reaches {so_many(reach, 'bar')} ahead, as {centred}"
    return f"it reads up to {so_many(reach, 'bar')} ahead"


def _bucket(seen: list[tuple[int, Array]], time: Array, step: int) -> str:
    """The shortest timeframe of which only the struck bar's own bucket has changed, or nothing."""
    for name in BUCKETS:
        length = timeframe_ns(name)
        if length <= step or length % step:
            continue
        starts = [bucket_start_ns(int(time[place]), length) for place, _ in seen]
        first = [int(time[hit[0]]) for _, hit in seen]
        within = all(a >= b for a, b in zip(first, starts, strict=True))
        # Two bars that are near to each other are of the same week mostly: the bucket's first bar must be among them.
        if within and sum(a == b for a, b in zip(first, starts, strict=True)) >= MOSTLY * len(seen):
            return name
    return ""
