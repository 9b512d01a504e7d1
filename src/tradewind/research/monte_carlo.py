"""Is it luck? A finished run, made again in thousands of other ways.

result = backtest(SmaCross, bars)
monte_carlo(result)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.errors import BadInput
from tradewind.core.performance.bands import Band, Probability, band, curves, probability
from tradewind.core.performance.cost_stress import FACTORS, CostStress
from tradewind.core.performance.cost_stress import cost_stress as stress
from tradewind.core.performance.path_chance import check_seed, is_whole
from tradewind.core.performance.trade_results import TradeResults, slippage_of, trade_results
from tradewind.core.performance.undefined import Undefined
from tradewind.research.backtest import Backtest
from tradewind.research.parameter_jitter import jitter_parameters
from tradewind.research.random_entry import enter_at_random
from tradewind.research.resampled_trades import ORDER_OF, Resampling, resample
from tradewind.research.simulated_paths import Simulated

Progress = Callable[[str, int, int], None]
Array = NDArray[np.float64]

PATHS = dict.fromkeys(ORDER_OF, 10_000) | {"random_entry": 500, "jitter": 200}
"""The methods, and how many paths each makes unless told otherwise: the last two run the engine for every path."""
PATHS_MAX = 1_000_000
SAME = 1e-9
"""Percentiles closer than this, relatively, are one number rounded differently."""
ORDER_FREE = ("final_equity", "total_return", "trades", "win_rate", "profit_factor", "average_trade", "sqn")
"""What the order of the trades cannot change, unless an account is emptied on the way."""


@dataclass(frozen=True)
class Terms:
    """What the paths are judged by: the account's start, the share of it that is ruin, the depth of a deep drawdown.

    `compounded`: a trade's result is a share of the account, otherwise it is money.
    """

    initial: float
    ruin: float = 0.5
    drawdown: float = 0.2
    compounded: bool = True


@dataclass(frozen=True)
class MonteCarlo:
    """What the paths say. A figure that cannot be told is None, and `undefined` says why under the same name.

    `metrics` are bands (5 %, 50 %, 95 %), `actual` the run's own figures, `probabilities` those of "profit", "ruin" and
    "drawdown" (and "luck" for random entry: as good as the run, or better). `equity` and `drawdown` (3, steps) are
    bands of the account and of its fall below its best, at `steps` trades or bars (`unit`). `figures` holds every
    path's own value by name; NaN where it has none. `failed` counts paths that could not be run, by their reason. `own`
    (2, steps) are the run's own account and its fall, NaN where its steps are others.
    """

    method: str
    paths: int
    seed: int
    metrics: dict[str, Band | None]
    actual: dict[str, float | None]
    probabilities: dict[str, Probability | None]
    undefined: dict[str, str]
    settings: dict[str, Any]
    steps: NDArray[np.int64]
    unit: str
    equity: Array
    drawdown: Array
    figures: dict[str, Array]
    failed: dict[str, int]
    terms: Terms
    own: Array

    def rank(self, name: str) -> float | None:
        """Share of the paths whose figure is at most the run's own: 0.98 means that 2 % of the paths have more."""
        actual, values = self.actual.get(name), self.figures.get(name)
        if actual is None or values is None or name in self.undefined:
            return None
        known = values[~np.isnan(values)]
        return float(np.mean(known <= actual + SAME * abs(actual)))

    def _repr_html_(self) -> str:
        """The page, inside a notebook's frame."""
        from tradewind.research.reports.monte_carlo_page import monte_carlo_study  # noqa: PLC0415 - pages are heavy
        from tradewind.research.reports.notebook import framed  # noqa: PLC0415

        return framed(monte_carlo_study(self))

    def __repr__(self) -> str:
        set_to = ", ".join(f"{name}={value:g}" for name, value in self.settings.items())
        lines = [f"MonteCarlo({self.method}, {self.paths:,} paths, seed {self.seed}{', ' + set_to if set_to else ''})"]
        lines += [f"  probability of {name:<13} {p}" for name, p in self.probabilities.items() if p is not None]
        if any(self.metrics.values()):
            lines.append(f"  {'':<20} {'P5':>12} {'P50':>12} {'P95':>12} {'this run':>12}")
        for name, b in self.metrics.items():
            if b is not None:
                own = self.actual[name]
                shown = [*(f"{v:12.5g}" for v in (b.p5, b.p50, b.p95)), "" if own is None else f"{own:12.5g}"]
                lines.append(f"  {name:<20} {' '.join(shown)}")
        lines += [f"  {name}: undefined, {why}" for name, why in self.undefined.items()]
        return "\n".join(lines)


def monte_carlo(
    result: Backtest,
    *,
    paths: int | None = None,
    seed: int = 1,
    method: str = "bootstrap",
    compounded: bool = True,
    ruin: float = 0.5,
    drawdown: float = 0.2,
    costs: float = 1.0,
    trades: int | None = None,
    block: float | None = None,
    skip: float = 0.1,
    costs_max: float = 3.0,
    jitter: float = 0.1,
    workers: int | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> MonteCarlo:
    """Simulate `paths` other courses that `result` could have taken (None: as many as PATHS says for the method).

    bootstrap     its trades drawn again, one by one
    block         its trades drawn again in runs, of `block` trades on average (None: a length chosen from the data)
    permutation   its trades in another order
    skip          its trades in their order, each left out with the chance `skip`
    costs         drawn again, each path at its own multiple of the fees and slippage, between 1 and `costs_max`
    random_entry  as many trades of the same lengths, sides and sizes, entered at random bars of the same market
    jitter        the strategy itself, with each parameter moved by up to the fraction `jitter` inside its range

    `compounded` lets stakes grow with the account as the run's own did; otherwise each trade brings the same money.
    `ruin` is the share of the start to which the account must fall, `drawdown` the depth that must be passed, both
    fractions. `costs` multiplies the fees and slippage of the trades beforehand. `trades` is the length of a path where
    trades are drawn. `workers` are threads; the numbers do not depend on them. `cache` keeps compiled code.

    Raises BadInput for an unknown method or a setting out of its range.
    """
    if method not in PATHS:
        raise BadInput(f"there is no method {method!r}", fix=f"Use one of {', '.join(PATHS)}")
    count = PATHS[method] if paths is None else paths
    _check(count, seed, ruin, drawdown, costs, jitter, workers)
    wanted = Resampling(method, trades, block, skip, costs_max)
    found: Simulated | Undefined
    if method == "random_entry":
        found = enter_at_random(result, count, seed, cache, progress)
    elif method == "jitter":
        found = jitter_parameters(result, count, seed, jitter, cache, progress)
    else:
        made = results_of(result, compounded)
        return simulate_trades(made, wanted, count, seed, ruin=ruin, drawdown=drawdown, costs=costs, workers=workers)
    if isinstance(found, Undefined):
        return _nothing(method, count, seed, found.reason, Terms(result.rules.cash, ruin, drawdown))
    return judged(found, method, count, seed, Terms(result.rules.cash, ruin, drawdown))


def simulate_trades(
    made: TradeResults | Undefined,
    wanted: Resampling,
    paths: int = 10_000,
    seed: int = 1,
    *,
    ruin: float = 0.5,
    drawdown: float = 0.2,
    costs: float = 1.0,
    workers: int | None = None,
) -> MonteCarlo:
    """As `monte_carlo`, for trades of which only their results are known. Undefined trades give an undefined answer."""
    _check(paths, seed, ruin, drawdown, costs, workers=workers)
    if isinstance(made, Undefined):
        return _nothing(wanted.method, paths, seed, made.reason, Terms(math.nan, ruin, drawdown))
    terms = Terms(made.initial, ruin, drawdown, made.compounded)
    found = resample(made.stressed(costs), wanted, paths, seed, workers)
    if isinstance(found, Undefined):
        return _nothing(wanted.method, paths, seed, found.reason, terms)
    return judged(found, wanted.method, paths, seed, terms)


def results_of(result: Backtest, compounded: bool = True) -> TradeResults | Undefined:
    """What each trade of a run did to its account."""
    slippage = slippage_of(result.trades, result.run.fills)
    return trade_results(result.trades, slippage, result.rules.cash, compounded=compounded)


def cost_stress(result: Backtest, factors: tuple[float, ...] = FACTORS) -> CostStress | Undefined:
    """The run's trades in their order with fees and slippage multiplied by each factor, and where they earn nothing."""
    made = results_of(result)
    return made if isinstance(made, Undefined) else stress(made, factors)


def _check(
    paths: int, seed: int, ruin: float, drawdown: float, costs: float, jitter: float = 0.1, workers: int | None = None
) -> None:
    check_seed(seed)
    if not is_whole(paths) or not 1 <= paths <= PATHS_MAX:
        raise BadInput(
            f"from 1 to {PATHS_MAX:,} paths can be made, not {paths!r}", fix="Choose a number inside: --paths 1000"
        )
    if workers is not None and (not is_whole(workers) or workers < 1):
        raise BadInput(f"at least one worker is needed, not {workers!r}", fix="Leave it out for one a core")
    for name, value, low, high in (
        ("ruin", ruin, 0.0, 1.0), ("drawdown", drawdown, 0.0, 1.0), ("costs", costs, 0.0, 1_000.0),
        ("jitter", jitter, 1e-6, 1.0),
    ):  # fmt: skip
        if not low <= value <= high:
            raise BadInput(f"{name} is from {low:g} to {high:g}, not {value}", fix="Choose a value inside")


def judged(found: Simulated, method: str, paths: int, seed: int, terms: Terms) -> MonteCarlo:
    """Percentiles and probabilities of the paths."""
    initial = terms.initial
    undefined: dict[str, str] = {}
    metrics: dict[str, Band | None] = {}
    for name, values in found.figures.items():
        b = band(values, found.missing[name])
        if method == "permutation" and name in ORDER_FREE and isinstance(b, Band) and _one_value(b):
            b = Undefined("the order of the trades does not change it")
        if isinstance(b, Undefined):
            undefined[name] = b.reason
        metrics[name] = None if isinstance(b, Undefined) else b
    probabilities: dict[str, Probability | None] = dict.fromkeys(("profit", "ruin", "drawdown"))
    ran = found.figures["final_equity"]
    if np.isnan(ran).any():
        undefined |= dict.fromkeys(probabilities, f"{int(np.isnan(ran).sum()):,} of {paths:,} paths could not be run")
    else:
        for name, hits in (
            ("profit", ran > initial * (1.0 + 1e-12)),
            ("ruin", found.figures["lowest_equity"] <= terms.ruin * initial),
            ("drawdown", found.figures["max_drawdown"] < -terms.drawdown),
        ):
            probabilities[name] = probability(int(hits.sum()), paths)
        if "final_equity" in undefined:
            probabilities["profit"] = None
            undefined["profit"] = undefined["final_equity"]
        if method == "random_entry":
            # The run itself counts as one of the draws: a share of exactly nothing cannot be shown by drawing.
            better = int((ran >= initial * (1.0 + found.actual["total_return"]) * (1.0 - 1e-12)).sum())
            probabilities["luck"] = probability(better + 1, paths + 1)
    drawn = len(found.steps) > 0 and not np.isnan(found.equity).any()
    empty = np.full((3, len(found.steps)), np.nan)
    return MonteCarlo(
        method, paths, seed, metrics, {n: None if np.isnan(v) else v for n, v in found.actual.items()}, probabilities,
        undefined, found.settings, found.steps, found.unit, curves(found.equity) if drawn else empty,
        curves(found.below) if drawn else empty, found.figures, found.failed, terms,
        np.full((2, len(found.steps)), np.nan) if found.own is None else found.own,
    )  # fmt: skip


def _one_value(b: Band) -> bool:
    return b.p95 - b.p5 <= SAME * max(abs(b.p5), abs(b.p95))


def _nothing(method: str, paths: int, seed: int, reason: str, terms: Terms) -> MonteCarlo:
    """No path could be made, for one reason."""
    names = ("final_equity", "total_return", "max_drawdown")
    chances = ("profit", "ruin", "drawdown")
    return MonteCarlo(
        method, paths, seed, dict.fromkeys(names), dict.fromkeys(names), dict.fromkeys(chances),
        dict.fromkeys((*names, *chances), reason), {}, np.empty(0, np.int64), "trades", np.empty((3, 0)),
        np.empty((3, 0)), {}, {}, terms, np.empty((2, 0)),
    )  # fmt: skip
