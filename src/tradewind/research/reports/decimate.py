"""Fewer points that tell the same story: joined candles, and lines that keep every bucket's extremes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.timeframes import UNITS_NS, WEEK_ORIGIN_NS, timeframe_name

_M, _H, _D = UNITS_NS["m"], UNITS_NS["h"], UNITS_NS["d"]
LENGTHS_NS = (
    *(n * UNITS_NS["s"] for n in (5, 15, 30)),
    *(n * _M for n in (1, 3, 5, 10, 15, 30)),
    *(n * _H for n in (1, 2, 3, 4, 6, 8, 12)),
    *(n * _D for n in (1, 2, 3, 7, 14, 28, 91, 364, 3640)),
)


@dataclass(frozen=True, slots=True)
class Candles:
    """Candles as they are drawn (m): open times in ns, and how long each is."""

    time: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    step_ns: int
    timeframe: str


def join_candles(bars: Bars, most: int) -> Candles:
    """At most `most` candles: the bars themselves, or the first longer timeframe that has so few.

    A joined candle opens with its first bar, closes with its last, and spans the highest high and the lowest low.
    """
    if len(bars) <= most:
        return Candles(
            bars.time, bars.open, bars.high, bars.low, bars.close, bars.step_ns, timeframe_name(bars.step_ns)
        )
    for length in (*(n for n in LENGTHS_NS if n > bars.step_ns), LENGTHS_NS[-1]):
        start = bucket(bars.time, length)
        first = np.flatnonzero(np.append(True, start[1:] != start[:-1]))
        if len(first) <= most:
            break
    last = np.append(first[1:], len(bars)) - 1
    high, low = np.maximum.reduceat(bars.high, first), np.minimum.reduceat(bars.low, first)
    return Candles(start[first], bars.open[first], high, low, bars.close[last], length, timeframe_name(length))


def bucket(time: NDArray[np.int64], length_ns: int) -> NDArray[np.int64]:
    """Start of the bucket that holds each time; whole weeks start on Monday."""
    origin = WEEK_ORIGIN_NS if length_ns % UNITS_NS["w"] == 0 else 0
    return time - (time - origin) % length_ns


def telling_rows(lines: list[NDArray[np.float64]], most: int) -> NDArray[np.int64]:
    """Rows, about `most` of them and rising, that lose no peak and no trough.

    Of each bucket of rows the lowest and the highest value of each line (n) stay, and first and last row of all. Every
    bucket gives equally many, so that a chart which spaces points evenly shows time evenly.
    """
    n, each = len(lines[0]), 2 * len(lines)
    if n <= most:
        return np.arange(n, dtype=np.int64)
    edges = np.linspace(0, n, max(1, most // each) + 1).astype(np.int64)
    rows = [0, n - 1]
    for start, end in pairwise(edges.tolist()):
        telling = {start + int(at(line[start:end])) for line in lines for at in (np.argmin, np.argmax)}
        filling = (row for row in np.linspace(start, end - 1, 2 * each).astype(np.int64).tolist() if row not in telling)
        rows += telling
        rows += list(dict.fromkeys(filling))[: each - len(telling)]
    return np.unique(np.array(rows, dtype=np.int64))
