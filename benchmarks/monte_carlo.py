"""Monte Carlo of 1,000 trades over 10,000 paths: Tradewind beside NumPy and beside a plain numba loop, in one run.

All three do the same work: draw trades with replacement, let the account compound, and give the 5 %, 50 % and 95 % of
its end and of its deepest drawdown. They draw other random numbers, so their answers must agree within the error of
10,000 draws, and a plain loop over Tradewind's own draws must agree to the last digits. The last row does more: bands
along the way, ten figures with their percentiles, and probabilities, as `monte_carlo(result)` gives them.

    python benchmarks/monte_carlo.py [--repeats 15] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from tradewind.core.performance.account_paths import Plan
from tradewind.core.performance.resampling import trade_order
from tradewind.core.performance.trade_results import TradeResults
from tradewind.research import monte_carlo as bench
from tradewind.research.resampled_trades import Resampling, resample, walk_in_threads

TRADES, PATHS = 1_000, 10_000
LEVELS = (5, 50, 95)
Array = np.ndarray[Any, Any]


def trades() -> Array:
    """Results of trades as fractions of the account: a small edge, heavy tails."""
    drawn = np.random.default_rng(20).standard_t(5, TRADES)
    return 0.0005 + 0.01 * drawn / drawn.std()


def percentiles(final: Array, drawdown: Array) -> Array:
    return np.array([np.percentile(final, LEVELS), np.percentile(drawdown, LEVELS)])


def by_numpy(value: Array) -> Array:
    numbers = np.random.default_rng(1).integers(0, TRADES, (PATHS, TRADES))
    account = np.cumprod((1.0 + value)[numbers], axis=1)
    peak = np.maximum(np.maximum.accumulate(account, axis=1), 1.0)
    return percentiles(account[:, -1], (account / peak - 1.0).min(axis=1))


@numba.njit(parallel=True, error_model="numpy")
def plain_loop(value: Array, final: Array, drawdown: Array) -> None:
    """What a person in a hurry writes: a loop and a generator of three shifts (NumPy's own takes twice as long)."""
    for path in numba.prange(len(final)):
        word = np.uint64(path + 1) * np.uint64(0x9E3779B97F4A7C15)
        account, peak, deepest = 1.0, 1.0, 0.0
        for _ in range(len(value)):
            word ^= word << np.uint64(13)
            word ^= word >> np.uint64(7)
            word ^= word << np.uint64(17)
            account *= 1.0 + value[((word >> np.uint64(32)) * np.uint64(len(value))) >> np.uint64(32)]
            peak = max(peak, account)
            deepest = min(deepest, account / peak - 1.0)
        final[path], drawdown[path] = account, deepest


def by_numba(value: Array) -> Array:
    final, drawdown = np.empty(PATHS), np.empty(PATHS)
    plain_loop(value, final, drawdown)
    return percentiles(final, drawdown)


def by_tradewind(value: Array) -> Array:
    results = TradeResults(1.0, True, value, np.minimum(value, 0.0), np.zeros(TRADES))
    outcomes = walk_in_threads(results, Plan("bootstrap", 1, TRADES, np.empty(0, np.int64)), PATHS, None)
    return percentiles(outcomes.final, outcomes.max_drawdown)


def with_everything(value: Array) -> Array:
    results = TradeResults(1.0, True, value, np.minimum(value, 0.0), np.zeros(TRADES))
    found = bench.judged(resample(results, Resampling("bootstrap"), PATHS, 1), "bootstrap", PATHS, 1, 1.0, 0.5, 0.2)
    final, drawdown = found.metrics["final_equity"], found.metrics["max_drawdown"]
    return np.array([(b.p5, b.p50, b.p95) for b in (final, drawdown)])


CONTENDERS: dict[str, Callable[[Array], Array]] = {
    "numpy": by_numpy,
    "numba loop": by_numba,
    "tradewind": by_tradewind,
    "tradewind, everything": with_everything,
}


def check(value: Array, answers: dict[str, Array]) -> None:
    """Stop where an answer is another one."""
    for path in (0, 1, 9_999):
        numbers = trade_order("bootstrap", 1, path, TRADES, TRADES)[:, 0]
        account = np.concatenate(([1.0], np.cumprod(1.0 + value[numbers])))
        deepest = float((account / np.maximum.accumulate(account) - 1.0).min())
        results = TradeResults(1.0, True, value, np.minimum(value, 0.0), np.zeros(TRADES))
        own = walk_in_threads(results, Plan("bootstrap", 1, TRADES, np.empty(0, np.int64)), PATHS, None)
        assert abs(own.final[path] / account[-1] - 1.0) < 1e-12, path
        assert abs(own.max_drawdown[path] - deepest) < 1e-12, path
    for name, answer in answers.items():
        # A 5 % quantile of 10,000 draws spreads by about 2 % of the distance between P5 and P95.
        reach = 0.04 * (answers["numpy"][:, 2] - answers["numpy"][:, 0])
        assert (np.abs(answer - answers["numpy"]) < reach[:, None]).all(), (name, answer, answers["numpy"])
    assert (answers["tradewind"] == answers["tradewind, everything"]).all()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repeats", type=int, default=15)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    value = trades()
    answers = {name: run(value) for name, run in CONTENDERS.items()}  # compiles what compiles
    check(value, answers)
    best, busy = dict.fromkeys(CONTENDERS, float("inf")), dict.fromkeys(CONTENDERS, float("inf"))
    for _ in range(chosen.repeats):  # in turns, so that a busy moment hits all of them
        for name, run in CONTENDERS.items():
            before, worked = time.perf_counter(), time.process_time()
            run(value)
            best[name] = min(best[name], time.perf_counter() - before)
            busy[name] = min(busy[name], time.process_time() - worked)
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    if chosen.json:
        sys.stdout.write(
            json.dumps({"machine": machine, "milliseconds": _ms(best), "processor_milliseconds": _ms(busy)}) + "\n"
        )
        return
    print(f"{TRADES:,} trades x {PATHS:,} paths, best of {chosen.repeats}; {machine}\n")
    print(f"{'':<24}{'ms':>9}{'processor ms':>14}{'times numpy':>14}{'times numba loop':>18}")
    for name, seconds in best.items():
        times = f"{best['numpy'] / seconds:14.1f}{best['numba loop'] / seconds:18.1f}"
        print(f"{name:<24}{1e3 * seconds:9.2f}{1e3 * busy[name]:14.2f}{times}")
    print("\nThe answers agree: within the error of drawing, and with a plain loop over the same draws to 12 digits.")


def _ms(seconds: dict[str, float]) -> dict[str, float]:
    return {name: 1e3 * value for name, value in seconds.items()}


if __name__ == "__main__":
    main()
