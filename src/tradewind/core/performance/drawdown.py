"""How deep and how long the account lay below its best value so far.

The curve has n + 1 points: the initial cash when the first bar opens, then the equity at each bar's close. Times of
drawdowns are therefore closes: the bar's open time plus its length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance.undefined import Figure, ratio


@dataclass(frozen=True, slots=True)
class Drawdown:
    """One stay below the peak. Times in ns UTC; depth a fraction, negative; lengths in ns."""

    start: int
    """When the peak was made."""
    trough: int
    end: int | None
    """When the peak was reached again; None: not by the end of the run."""
    depth: float
    duration: int
    """From the peak to its recovery, or to the end of the run."""
    recovery: int | None
    """From the trough to the recovery."""


def underwater(equity: NDArray[np.float64], initial: float) -> NDArray[np.float64]:
    """equity / best value so far - 1 at each bar's close, a fraction <= 0; `initial` counts as the first best value."""
    peak = running_peak(equity)
    if len(peak) and peak[0] < initial:
        np.maximum(peak, initial, out=peak)
    np.divide(equity, peak, out=peak)
    peak -= 1.0
    return peak


BLOCK = 512


def running_peak(equity: NDArray[np.float64]) -> NDArray[np.float64]:
    """The best value so far (n): np.maximum.accumulate, which looks at one value after the other, only where it rises.

    Of a block that holds no new peak every value is the peak before it.
    """
    blocks = len(equity) // BLOCK
    if blocks < 2:
        return np.maximum.accumulate(equity)
    whole = equity[: blocks * BLOCK].reshape(blocks, BLOCK)
    highest = whole.max(axis=1)
    before = np.concatenate((equity[:1], np.maximum.accumulate(highest[:-1])))
    peak = np.empty(len(equity))
    inside = peak[: blocks * BLOCK].reshape(blocks, BLOCK)
    inside[:] = before[:, np.newaxis]
    rising = np.flatnonzero(~(highest <= before))  # NaN rises too, and stays
    inside[rising] = np.maximum(np.maximum.accumulate(whole[rising], axis=1), before[rising, np.newaxis])
    rest = np.maximum.accumulate(equity[blocks * BLOCK :])
    peak[blocks * BLOCK :] = np.maximum(rest, np.maximum(before[-1], highest[-1]))
    return peak


def max_drawdown(below: NDArray[np.float64]) -> float:
    """The deepest of `underwater(...)`: a fraction <= 0 (0: never below its peak). Source: Bacon (2008), ch. 4."""
    return min(0.0, float(below.min())) if len(below) else 0.0


def drawdowns(
    time: NDArray[np.int64], equity: NDArray[np.float64], initial: float, step_ns: int, most: int | None = None
) -> list[Drawdown]:
    """Every stay below the peak, deepest first (`most` of them; None: all). Arrays (n), times are the bars' opens."""
    below = underwater(equity, initial)
    first, after = stays(below)
    if len(first) == 0:
        return []
    # A stay ends where the next one starts at the latest, so one reduceat over both edges gives each stay's minimum.
    edges = np.stack([first, after], axis=1).ravel()
    depth = np.minimum.reduceat(np.append(below, 0.0), edges)[::2]
    order = np.argsort(depth, kind="stable")[:most]
    return [_drawdown(time, below, int(first[i]), int(after[i]), step_ns) for i in order]


def longest_drawdown_ns(time: NDArray[np.int64], below: NDArray[np.float64], step_ns: int) -> int:
    """Length in ns of the longest stay below the peak, from the peak to its recovery or to the end; 0 without one."""
    first, after = stays(below)
    if len(first) == 0:
        return 0
    closes_after = np.minimum(after, len(below) - 1)
    starts = np.where(first > 0, time[np.maximum(first - 1, 0)] + step_ns, time[0])
    return int((time[closes_after] + step_ns - starts).max())


def stays(below: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows where a stay under water begins, and the rows after its last bar (n when it never ends)."""
    under = np.zeros(len(below) + 2, dtype=np.int8)
    np.less(below, 0.0, out=under[1:-1].view(np.bool_))
    change = np.flatnonzero(under[1:] != under[:-1])
    return change[::2].astype(np.int64), change[1::2].astype(np.int64)


def ulcer_index(below: NDArray[np.float64]) -> float:
    """Root mean square of the drawdown per period, a fraction.

    Source: Martin and McCann, "The Investor's Guide to Fidelity Funds" (1989), who write percent.
    """
    return math.sqrt(float(np.mean(below**2))) if len(below) else 0.0


def calmar(annual_growth: Figure, deepest: float) -> Figure:
    """CAGR / |maximum drawdown|, over the whole run. Undefined without a drawdown.

    Source: Young, "Calmar Ratio: A Smoother Tool", Futures 20(1), 1991 (who took the last 36 months).
    """
    return ratio(annual_growth, abs(deepest), "no drawdown")


def recovery_factor(total_return: float, deepest: float) -> Figure:
    """Total return / |maximum drawdown|. Undefined without a drawdown. Source: MetaTrader's strategy report."""
    return ratio(total_return, abs(deepest), "no drawdown")


def _drawdown(time: NDArray[np.int64], below: NDArray[np.float64], first: int, after: int, step_ns: int) -> Drawdown:
    start = int(time[first - 1]) + step_ns if first > 0 else int(time[0])
    deepest = first + int(np.argmin(below[first:after]))
    trough = int(time[deepest]) + step_ns
    end = int(time[after]) + step_ns if after < len(below) else None
    last = end if end is not None else int(time[-1]) + step_ns
    return Drawdown(start, trough, end, float(below[deepest]), last - start, None if end is None else end - trough)
