"""What becomes of an account that makes the same trades in many other ways: one account for each path.

An account that has nothing left stays there. A drawdown is measured at every trade's worst moment, and can therefore
be at most the whole account.
"""

# ruff: noqa: FURB136 - min() and max() look out for NaN, and loops with them are not done in wide steps.

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance.kernel import kernel
from tradewind.core.performance.path_chance import LANES, Stream, path_words
from tradewind.core.performance.resampling import Order, trade_order
from tradewind.core.performance.trade_results import TradeResults

Array = NDArray[np.float64]

# Rows of the one array that holds every path's figures. One array, because the compiler then knows that its rows do
# not overlap, and does many paths in one step.
(RESULT, WORST, EXTRA, EQUITY, PEAK, BELOW, LOWEST, TOTAL, SQUARES, GAINS, WINS, LOSSES, STREAK, LONGEST) = range(14)
ROWS = 14


@dataclass(frozen=True, slots=True)
class Plan:
    """How the paths are made. `steps` trades each; `marks` are the steps after which the account is noted.

    `costs_max` above 1: each path multiplies the costs of its trades by a number of its own between 1 and that.
    """

    order: Order
    seed: int
    steps: int
    marks: NDArray[np.int64]
    block: float = 1.0
    skip: float = 0.0
    costs_max: float = 1.0


@dataclass(frozen=True, slots=True)
class PathOutcomes:
    """One value for each path (n); `equity` and `below` (marks, n) are the account at the marks.

    `total`, `squares` and `gains` are sums over the results of the path's trades: fractions of the account, or money.
    """

    final: Array
    lowest: Array
    max_drawdown: Array
    """Deepest fall below the best equity so far, a fraction <= 0."""
    total: Array
    squares: Array
    gains: Array
    wins: Array
    losses: Array
    longest_loss_streak: Array
    taken: Array
    """Trades made: fewer than the steps where some are left out."""
    equity: Array
    below: Array


def walk_paths(results: TradeResults, plan: Plan, first_path: int, paths: int) -> PathOutcomes:
    """The paths `first_path` to `first_path + paths - 1`. Any split of the paths over calls gives the same bytes.

    The plan and the results must have been checked: at least one trade, finite numbers, a chance between 0 and 1.
    """
    trades = len(results.value)
    # One more trade that changes nothing stands for the one that is left out.
    value, worst, costs = (np.append(column, 0.0) for column in (results.value, results.worst, results.costs))
    figures = np.empty((ROWS, -(-paths // LANES) * LANES))
    equity, below = (np.empty((len(plan.marks), figures.shape[1])) for _ in range(2))
    taken = np.full(figures.shape[1], float(plan.steps))
    state = np.empty((ROWS, LANES))
    for start in range(0, figures.shape[1], LANES):
        here = slice(start, start + LANES)
        numbers = trade_order(
            plan.order, plan.seed, first_path + start, trades, plan.steps, block=plan.block, skip=plan.skip
        )
        state[:] = 0.0
        state[EQUITY] = state[PEAK] = state[LOWEST] = results.initial
        stressed = plan.costs_max > 1.0
        if stressed:
            drawn = path_words(plan.seed, Stream.COSTS, first_path + start, 1)[0]
            state[EXTRA] = (plan.costs_max - 1.0) * (drawn * 2.0**-32)
        walk(
            numbers, value, worst, costs, results.compounded, stressed, plan.marks, state.reshape(-1),
            equity[:, here], below[:, here],
        )  # fmt: skip
        figures[:, here] = state
        if plan.order == "skip":
            taken[here] = (numbers != trades).sum(axis=0)
    f = figures[:, :paths]
    return PathOutcomes(
        f[EQUITY], f[LOWEST], f[BELOW], f[TOTAL], f[SQUARES], f[GAINS], f[WINS], f[LOSSES], f[LONGEST],
        taken[:paths], equity[:, :paths], below[:, :paths],
    )  # fmt: skip


def in_order(results: TradeResults) -> PathOutcomes:
    """One path: the trades as they were made."""
    return walk_paths(results, Plan("skip", 0, len(results.value), np.empty(0, np.int64), skip=0.0), 0, 1)


def joined(parts: list[PathOutcomes]) -> PathOutcomes:
    """Paths that were walked in several calls, in the order of the list."""
    return PathOutcomes(*(np.concatenate([getattr(p, f.name) for p in parts], axis=-1) for f in fields(PathOutcomes)))


@kernel
def walk(
    numbers: Any, value: Any, worst: Any, costs: Any, compounded: bool, stressed: bool, marks: Any, a: Any,
    equity: Any, below: Any,
) -> None:  # fmt: skip
    """Make the trades of LANES paths. Loops read everything before they write, so that they are done in wide steps."""
    noted, none = 0, len(value) - 1
    for step in range(numbers.shape[0] + 1):
        if noted < len(marks) and marks[noted] == step:
            for lane in range(LANES):
                equity[noted, lane] = a[EQUITY * LANES + lane]
                below[noted, lane] = a[EQUITY * LANES + lane] / a[PEAK * LANES + lane] - 1.0
            noted += 1
        if step == numbers.shape[0]:
            break
        row = numbers[step]
        if stressed:
            for lane in range(LANES):
                trade = row[lane]
                extra = a[EXTRA * LANES + lane] * costs[trade]
                result, bottom = value[trade] - extra, worst[trade] - extra
                a[RESULT * LANES + lane] = result
                a[WORST * LANES + lane] = bottom
        else:
            for lane in range(LANES):
                trade = row[lane]
                result, bottom = value[trade], worst[trade]
                a[RESULT * LANES + lane] = result
                a[WORST * LANES + lane] = bottom
        for lane in range(LANES):
            held, peak = a[EQUITY * LANES + lane], a[PEAK * LANES + lane]
            deepest, lowest = a[BELOW * LANES + lane], a[LOWEST * LANES + lane]
            unit = held if compounded else 1.0
            bottom = held + unit * a[WORST * LANES + lane]
            after = held + unit * a[RESULT * LANES + lane]
            bottom = bottom if bottom > 0.0 and held > 0.0 else 0.0
            after = after if after > 0.0 and held > 0.0 else 0.0
            under = bottom / peak - 1.0
            a[BELOW * LANES + lane] = under if under < deepest else deepest
            a[LOWEST * LANES + lane] = bottom if bottom < lowest else lowest
            a[PEAK * LANES + lane] = after if after > peak else peak
            a[EQUITY * LANES + lane] = after
        for lane in range(LANES):
            result = a[RESULT * LANES + lane]
            total = a[TOTAL * LANES + lane] + result
            squares = a[SQUARES * LANES + lane] + result * result
            a[TOTAL * LANES + lane] = total
            a[SQUARES * LANES + lane] = squares
        for lane in range(LANES):
            result = a[RESULT * LANES + lane]
            gains = a[GAINS * LANES + lane] + (result if result > 0.0 else 0.0)
            wins = a[WINS * LANES + lane] + (1.0 if result > 0.0 else 0.0)
            losses = a[LOSSES * LANES + lane] + (1.0 if result < 0.0 else 0.0)
            a[GAINS * LANES + lane] = gains
            a[WINS * LANES + lane] = wins
            a[LOSSES * LANES + lane] = losses
        for lane in range(LANES):
            streak = a[STREAK * LANES + lane]
            ended = 0.0 if row[lane] != none else streak  # a trade that is left out ends no streak
            streak = streak + 1.0 if a[RESULT * LANES + lane] < 0.0 else ended
            longest = a[LONGEST * LANES + lane]
            a[STREAK * LANES + lane] = streak
            a[LONGEST * LANES + lane] = streak if streak > longest else longest
