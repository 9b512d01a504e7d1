"""Monte Carlo over a run's trades: drawn again, in blocks, in another order, with some missing, at other costs."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.quantities import so_many, too_few
from tradewind.core.performance.account_paths import PathOutcomes, Plan, in_order, joined, walk_paths
from tradewind.core.performance.block_length import stationary_block_length
from tradewind.core.performance.path_chance import LANES
from tradewind.core.performance.path_figures import PATH_METRICS, path_figures
from tradewind.core.performance.resampling import Order
from tradewind.core.performance.trade_results import TradeResults
from tradewind.core.performance.undefined import Undefined
from tradewind.research.simulated_paths import Simulated, marks

ORDER_OF: dict[str, Order] = {
    "bootstrap": "bootstrap",
    "block": "block",
    "permutation": "permutation",
    "skip": "skip",
    "costs": "bootstrap",
}
"""Ways to make paths out of trades, and the order each uses. `costs` draws trades and a cost factor for each path."""
ANY_LENGTH = ("bootstrap", "block", "costs")
STEPS_MAX = 1_000_000
WORK_MAX = 10_000_000_000
"""Trades of all paths together: a minute or so, and what a larger number would add cannot be seen in a percentile."""
ONE_THREAD = 1_000_000
"""Trades in all below which another thread costs more than it saves."""


@dataclass(frozen=True)
class Resampling:
    """Settings of the ways above; None chooses by itself. Raises BadInput for a value out of its range."""

    method: str
    trades: int | None = None
    block: float | None = None
    skip: float = 0.1
    costs_max: float = 3.0

    def __post_init__(self) -> None:
        if self.trades is not None and (self.method not in ANY_LENGTH or not 1 <= self.trades <= STEPS_MAX):
            raise BadInput(
                f"paths of {self.trades:,} trades cannot be made by {self.method}",
                fix=f"Use 1 to {STEPS_MAX:,} trades, with {', '.join(ANY_LENGTH)}",
            )
        if self.block is not None and not (math.isfinite(self.block) and self.block >= 1.0):
            raise BadInput(
                f"a block has a mean length of one trade or more, not {self.block}",
                fix="Use 1 or more, or leave --block out for a length by the data",
            )
        if not 0.0 < self.skip < 1.0:
            raise BadInput(
                f"the chance to skip a trade is between 0 and 1, not {self.skip}", fix="Choose one inside: --skip 0.1"
            )
        if not (math.isfinite(self.costs_max) and self.costs_max > 1.0):
            raise BadInput(
                f"costs_max multiplies costs and is above 1, not {self.costs_max}", fix="Use more than 1: --costs-max 3"
            )


def resample(
    results: TradeResults, wanted: Resampling, paths: int, seed: int, workers: int | None = None
) -> Simulated | Undefined:
    """Make `paths` accounts out of the trades; the same bytes for any number of `workers` (threads).

    Raises BadInput for more trades in all than WORK_MAX, or than STEPS_MAX on one path.
    """
    n = len(results.value)
    if float(np.ptp(results.value)) <= 1e-12 * float(np.abs(results.value).max()):
        return Undefined("all trades have the same result")
    settings: dict[str, float] = {}
    block = 1.0
    if wanted.method == "block":
        chosen = stationary_block_length(results.value) if wanted.block is None else wanted.block
        if isinstance(chosen, Undefined):
            return Undefined(f"{so_many(n, 'trade')}: {chosen.reason}")
        if chosen > n / 2:
            return Undefined(f"{too_few(n, 'trade')} for blocks of {chosen:g}: at least two blocks must fit")
        block = settings["block"] = chosen
    steps = wanted.trades or n
    if steps > STEPS_MAX or steps * paths > WORK_MAX:
        raise BadInput(
            f"{paths:,} paths of {steps:,} trades are more than {WORK_MAX:,} trades in all, or too long",
            fix="Ask for fewer paths",
        )
    if wanted.method == "skip":
        settings["skip"] = wanted.skip
    costs_max = 1.0
    if wanted.method == "costs":
        costs_max = settings["costs_max"] = wanted.costs_max
    plan = Plan(ORDER_OF[wanted.method], seed, steps, marks(steps), block, wanted.skip, costs_max)
    outcomes = walk_in_threads(results, plan, paths, workers)
    found = path_figures(in_order(results), results.initial)
    own = walk_paths(results, Plan("skip", 0, n, plan.marks, skip=0.0), 0, 1) if steps == n else None
    return Simulated(
        figures=path_figures(outcomes, results.initial),
        missing={name: why for name, (_, why) in PATH_METRICS.items()},
        actual={name: float(values[0]) for name, values in found.items()},
        steps=plan.marks,
        unit="trades",
        equity=outcomes.equity,
        below=outcomes.below,
        settings={"trades": steps, **settings},
        own=None if own is None else np.array([own.equity[:, 0], own.below[:, 0]]),
    )


def walk_in_threads(results: TradeResults, plan: Plan, paths: int, workers: int | None) -> PathOutcomes:
    """Split the paths over threads; compiled code lets them run side by side."""
    threads = workers or os.cpu_count() or 1
    if paths * plan.steps < ONE_THREAD and workers is None:
        threads = 1
    each = -(-paths // (threads * LANES)) * LANES
    starts = range(0, paths, each)
    if len(starts) == 1:
        return walk_paths(results, plan, 0, paths)
    with ThreadPoolExecutor(len(starts)) as pool:
        parts = pool.map(lambda first: walk_paths(results, plan, first, min(each, paths - first)), starts)
        return joined(list(parts))
