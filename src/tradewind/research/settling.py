"""After how many bars a value no longer depends on where the data began."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
SOON = 1
"""A value that is right so many bars after it first had a number needs no more than its warm-up."""
STEADY, FORGETS = "right as soon as it is ready", "it forgets its beginning after a while"
ENDLESS, SLOW = (
    "it never forgets its beginning: a sum or an extreme over all bars so far",
    "it had not forgotten it in time",
)
NEVER = "it never had a number"


@dataclass(frozen=True)
class Settling:
    """One output of an indicator, or one column, over several beginnings.

    declared        the warm-up the indicator declares, in its own updates; None for a column
    ready_after     bars until it had a number, at the latest beginning; None where it never had
    settled_after   bars until it was, and stayed, within the tolerance of what it is with all history; None where it
                    was not within the horizon
    off_when_ready  how far it was off when it first had a number, as a share of its own spread
    distances       the same at each bar since the beginning (horizon), the largest of all beginnings; NaN before ready
    words           what that looks like
    """

    name: str
    kind: str
    declared: int | None
    ready_after: int | None
    settled_after: int | None
    off_when_ready: float | None
    distances: Array = field(repr=False)
    words: str


def settling_of(
    name: str, kind: str, declared: int | None, pairs: list[tuple[Array, Array]], tolerance: float
) -> Settling:
    """`pairs` are, for each beginning, the values with all history and those from that beginning on (horizon, both)."""
    spread = spread_of(np.concatenate([whole for whole, _ in pairs]))
    distances = np.array([distance(whole, part, spread) for whole, part in pairs])
    ready = [_first(~np.isnan(part)) for _, part in pairs]
    settled = [_settled(each, tolerance) for each in distances]
    never = any(r is None for r in ready)
    off = [float(d[r]) for d, r in zip(distances, ready, strict=True) if r is not None and np.isfinite(d[r])]
    worst = _largest(np.where(np.isinf(distances), np.nan, distances))
    return Settling(
        name=name,
        kind=kind,
        declared=declared,
        ready_after=None if never else max(r for r in ready if r is not None),
        settled_after=None if any(s is None for s in settled) else max(s for s in settled if s is not None),
        off_when_ready=max(off) if off and not never else None,
        distances=worst,
        words=NEVER if never else _words(ready, settled, worst),
    )


def _words(ready: list[int | None], settled: list[int | None], distances: Array) -> str:
    """A row of the table of what values are like."""
    pairs = list(zip(ready, settled, strict=True))
    if all(r is not None and s is not None for r, s in pairs):
        return STEADY if all((s or 0) <= (r or 0) + SOON for r, s in pairs) else FORGETS
    known = distances[~np.isnan(distances)]
    tenth = max(1, len(known) // 10)
    endless = len(known) > 0 and float(np.median(known[-tenth:])) > 0.5 * float(np.median(known[:tenth]))
    return ENDLESS if endless else SLOW


def _largest(distances: Array) -> Array:
    """The largest at each bar of all beginnings, NaN where there is none."""
    known = ~np.isnan(distances).all(axis=0)
    worst = np.full(distances.shape[1], np.nan)
    worst[known] = np.nanmax(distances[:, known], axis=0)
    return worst


def spread_of(values: Array) -> float:
    """What a difference is measured by: the standard deviation of all its values, else their size, else 1."""
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return 1.0
    deviation, size = float(known.std()), float(np.abs(known).max())
    return deviation if deviation > 1e-12 * size else size or 1.0


def distance(whole: Array, part: Array, spread: float) -> Array:
    """How far two values are apart, in spreads; infinite where only one of them is a number."""
    with np.errstate(invalid="ignore"):
        apart = np.abs(part - whole) / spread
    apart = np.where(part == whole, 0.0, apart)
    apart = np.where(np.isnan(part) & np.isnan(whole), 0.0, apart)
    return np.where(np.isnan(apart), np.inf, apart)


def _settled(distances: Array, tolerance: float) -> int | None:
    """How many bars pass until every later one is within the tolerance."""
    off = np.flatnonzero(distances > tolerance)
    if len(off) == 0:
        return 0
    last = int(off[-1])
    return None if last == len(distances) - 1 else last + 1


def _first(mask: Array) -> int | None:
    found = np.flatnonzero(mask)
    return int(found[0]) if len(found) else None
