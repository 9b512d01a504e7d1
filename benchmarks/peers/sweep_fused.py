"""The same sweep by hand: one numba loop that knows nothing but this strategy, its fee and its deepest drawdown.

What a person would write who needs this one answer and no engine. Threads share the sets, as in Tradewind.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from market import load
from numba import njit
from stopwatch import CASH, FEE, answer, measure, memory_mb
from sweep_grid import grid


@njit(nogil=True)
def cross(open_: Any, close: Any, fast: int, slow: int, cash: float, fee: float) -> tuple[int, float, float]:
    """Trades, final equity and deepest drawdown."""
    size, trades, wanted = 0.0, 0, 0
    fast_sum, slow_sum = 0.0, 0.0
    fast_before, slow_before = np.nan, np.nan
    peak, deepest = cash, 0.0
    for i in range(len(close)):
        if wanted == 1:
            cash -= open_[i] * (1.0 + fee)
            size = 1.0
            wanted = 0
        elif wanted == -1:
            cash += open_[i] * (1.0 - fee)
            size = 0.0
            trades += 1
            wanted = 0
        fast_sum += close[i]
        slow_sum += close[i]
        if i >= fast:
            fast_sum -= close[i - fast]
        if i >= slow:
            slow_sum -= close[i - slow]
        equity = cash + size * close[i]
        peak = max(peak, equity)
        deepest = min(deepest, equity / peak - 1.0)
        if i >= slow - 1:
            fast_now, slow_now = fast_sum / fast, slow_sum / slow
            if fast_before <= slow_before and fast_now > slow_now and size == 0.0:
                wanted = 1
            elif fast_before >= slow_before and fast_now < slow_now and size > 0.0:
                wanted = -1
            fast_before, slow_before = fast_now, slow_now
    if size > 0.0:
        cash += close[-1] * (1.0 - fee)
        trades += 1
    return trades, cash, deepest


def sweep(open_: Any, close: Any, sets: list[tuple[int, int]], workers: int) -> Any:
    def some(first: int) -> list[tuple[int, float, float]]:
        return [cross(open_, close, fast, slow, CASH, FEE) for fast, slow in sets[first::workers]]

    found: list[Any] = [None] * len(sets)
    with ThreadPoolExecutor(workers) as pool:
        for first, answers in enumerate(pool.map(some, range(workers))):
            found[first::workers] = answers
    return found


def main(folder: str, bars: int, repeats: int, sets: int, workers: int) -> None:
    m = load(folder, bars)
    wanted = grid(sets)
    before_mb = memory_mb()
    sweep(m["open"][:2000], m["close"][:2000], wanted[:2], 1)
    wall, processor, found = measure(repeats, lambda: sweep(m["open"], m["close"], wanted, workers))
    answer(
        wall=wall,
        processor=processor,
        sets=len(wanted),
        trades=[f[0] for f in found],
        equity=[f[1] for f in found],
        before_mb=before_mb,
    )


main(sys.argv[1], *map(int, sys.argv[2:6]))
