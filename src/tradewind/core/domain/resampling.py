"""Candles of a higher timeframe out of lower ones. Nothing is invented: half-covered ends are dropped, gaps stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.timeframes import UNITS_NS, WEEK_ORIGIN_NS, timeframe_name, timeframe_ns


@dataclass(frozen=True)
class Resampled:
    """The higher bars; how many rows at either end had no whole bucket; how many buckets inside miss some rows."""

    bars: Bars
    dropped_first: int
    dropped_last: int
    partial: int


def resample(bars: Bars, timeframe: str) -> Resampled:
    """Bars of a longer timeframe, a whole multiple of the given one. O(rows).

    A bucket opens at the first open in it, closes at the last close, and its volume is the sum. Weeks begin on Monday,
    all others on multiples of their length since 1970. Raises BadInput for timeframes that do not divide.
    """
    length = timeframe_ns(timeframe)
    if length <= bars.step_ns or length % bars.step_ns:
        raise BadInput(
            f"{timeframe} is no whole multiple of {bars.timeframe}",
            where=bars.symbol,
            fix=f"Choose a timeframe that {bars.timeframe} divides, longer than it",
        )
    if len(bars) == 0:
        return Resampled(_candles(bars, timeframe, np.empty(0, np.int64), np.empty(0, np.int64)), 0, 0, 0)
    origin = WEEK_ORIGIN_NS if length % UNITS_NS["w"] == 0 else 0
    bucket = bars.time - (bars.time - origin) % length
    first = np.flatnonzero(np.concatenate([[True], bucket[1:] != bucket[:-1]]))
    rows = np.diff(first, append=len(bars))
    begins_whole = bars.time[0] - bucket[0] < bars.step_ns
    ends_whole = bars.time[-1] + bars.step_ns >= bucket[-1] + length
    last = len(first) - (0 if ends_whole else 1)
    keep = slice(0 if begins_whole else 1, max(last, 0 if begins_whole else 1))
    dropped_first = 0 if begins_whole else int(rows[0])
    kept = int(rows[keep].sum())
    return Resampled(
        bars=_candles(
            bars.rows(slice(dropped_first, dropped_first + kept)), timeframe, bucket[first[keep]], rows[keep]
        ),
        dropped_first=dropped_first,
        dropped_last=len(bars) - dropped_first - kept,
        partial=int((rows[keep] < length // bars.step_ns).sum()),
    )


def _candles(bars: Bars, timeframe: str, opens: np.ndarray, rows: np.ndarray) -> Bars:
    name = timeframe_name(timeframe_ns(timeframe))
    if not len(rows):
        nothing = np.empty(0)
        return Bars(bars.symbol, name, np.empty(0, np.int64), nothing, nothing, nothing, nothing, nothing)
    first = np.cumsum(rows) - rows
    return Bars(
        symbol=bars.symbol,
        timeframe=name,
        time=opens,
        open=bars.open[first],
        high=np.maximum.reduceat(bars.high, first),
        low=np.minimum.reduceat(bars.low, first),
        close=bars.close[first + rows - 1],
        volume=np.add.reduceat(bars.volume, first),
    )
