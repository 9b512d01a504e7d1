"""The whole battery on one strategy, and one verdict.

validated = validate(SmaCross, bars)
validated.verdict, validated.judgement.deciding
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tradewind.core.domain.errors import BadInput, StrategyFailed
from tradewind.core.domain.instruments import instrument_for
from tradewind.core.domain.market_data import Bars
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import EngineName
from tradewind.core.performance.overfitting import Overfitting, probability_of_overfitting
from tradewind.core.performance.undefined import Undefined
from tradewind.core.strategy.parameters import resolve
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.asked_space import space_of
from tradewind.research.backtest import Backtest, Market
from tradewind.research.bench import Bench
from tradewind.research.counting import ground_of, now_counting, uncounted
from tradewind.research.gate import Gate, Moot, judge, usual_gate
from tradewind.research.lookahead import Lookahead, lookahead
from tradewind.research.monte_carlo import MonteCarlo, monte_carlo, simulate_trades
from tradewind.research.objectives import constraints_from, objectives_from
from tradewind.research.optimise import search
from tradewind.research.optimised import Optimised
from tradewind.research.regimes import RegimeSplit, split_by_regime
from tradewind.research.resampled_trades import Resampling
from tradewind.research.ruined_sets import returns_with_ruin
from tradewind.research.search_luck import as_if_worthless, search_luck, tally_of
from tradewind.research.search_plan import plan_search
from tradewind.research.search_space import SearchSpace
from tradewind.research.validation import Evidence, Validation, answers_of, is_settled, tested_trades
from tradewind.research.walk_forward import walk
from tradewind.research.walk_forward_result import WalkForward
from tradewind.research.walk_forward_windows import WindowPlan

Progress = Callable[[str, int, int], None]
"""Called with a stage, what is done of it and how much there is."""
SETS_USUAL = 200
REDRAWN_PATHS, ENTRY_PATHS = 10_000, 200
NO_CHOICE = Moot("one parameter set only: nothing was chosen, so choosing can have done no harm")


def validate(
    strategy: type[Strategy],
    data: Bars | Market | Sequence[Bars | Market],
    *,
    plan: WindowPlan | None = None,
    space: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    method: str = "auto",
    objective: str = "sharpe",
    constraints: Sequence[str] = (),
    budget: int = SETS_USUAL,
    seed: int = 1,
    gate: Gate | None = None,
    whole: bool = True,
    rules: MarketRules | None = None,
    engine: EngineName = "auto",
    cache: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Validation:
    """Search, walk forward, look for bias, draw the trades again, and hold what was found against `gate`.

    What is validated is the way to trade: choose the set with the best `objective` among `budget` sets of `space` (see
    `optimise`), and trade it. The set chosen on all of the data is the candidate; the walk-forward by `plan` repeats
    the choice window by window and is what the figures out of sample come from. `parameters` are held at their value.
    Where nothing is left to turn, there is one set, and the walk-forward repeats its test.

    `whole` False leaves out simulations that can no longer change the verdict. The same `seed` gives the same answer.

    Raises BadInput for data, words or parameters that make no sense, StrategyFailed where every set fails. Data that
    is sound and too short is no error: the verdict says what is missing.
    """
    plan, rules, gate = plan or WindowPlan(), rules or MarketRules(), gate or usual_gate()
    markets = tuple(
        d if isinstance(d, Market) else Market(d, instrument_for(d.symbol))
        for d in ([data] if isinstance(data, Bars | Market) else data)
    )
    values = resolve(strategy.parameters, dict(parameters or {}), strategy.__name__)
    fixed = {name: values[name] for name in parameters or {}}
    wanted = plan_search(
        _space(strategy, space, fixed),
        method,
        objectives_from([objective]),
        constraints_from([constraints] if isinstance(constraints, str) else constraints),
        budget,
        seed,
    )
    bench = Bench(strategy, markets, rules=rules, engine=engine, cache=cache, workers=workers)
    found = search(wanted, bench, fixed, progress=progress)
    if len(found.scores.failed) == len(found.sets):
        raise StrategyFailed(f"it failed with every set: {found.why_none}", where=strategy.__name__)
    candidate = found.best_parameters
    chosen: Backtest | Undefined = Undefined(found.why_none)
    if candidate is not None:
        with uncounted():  # the search has counted it
            chosen = bench.backtest(candidate)
    walked: WalkForward | Undefined
    try:
        walked = walk(
            strategy, markets, plan, wanted, fixed, rules=rules, engine=engine, cache=cache, workers=workers,
            progress=progress,
        )  # fmt: skip
    except (BadInput, StrategyFailed) as problem:  # too little data to cut, or nothing that runs on its parts
        walked = Undefined(problem.message)
    if isinstance(walked, WalkForward) and walked.interrupted:
        raise KeyboardInterrupt
    biased: Lookahead | Undefined
    try:
        biased = lookahead(
            strategy, markets, seed=seed, rules=rules, engine=engine, cache=cache, progress=progress,
            parameters=candidate or fixed,
        )  # fmt: skip
    except (BadInput, StrategyFailed) as problem:
        biased = Undefined(problem.message)
    counter = now_counting()
    counted = counter.tally(ground_of(markets, rules, counter)) if counter else None
    tally = tally_of(found.scores) if counted is None or isinstance(counted, Undefined) else counted
    trades = tested_trades(walked)
    evidence = Evidence(
        found=found,
        luck=replace(
            search_luck(found.scores, found.best, bench.periods_per_year, as_if_worthless(tally)),
            counted=tally is counted,
        ),
        overfitting=_overfitting(bench, found),
        chosen=chosen,
        walked=walked,
        lookahead=biased,
        trades=trades,
        redrawn=simulate_trades(trades, Resampling("block"), REDRAWN_PATHS, seed, workers=workers),
        random_entry=Undefined("not run: the verdict was settled without it"),
        regimes=_regimes(walked, markets),
        markets=markets,
    )
    if whole or not is_settled(evidence, gate):
        evidence = evidence.entered(_at_random(chosen, seed, cache, progress))
    answers = answers_of(evidence)
    return Validation(strategy, markets, rules, plan, fixed, seed, evidence, answers, gate, judge(answers, gate))


def _space(strategy: type[Strategy], space: Mapping[str, Any] | None, fixed: Mapping[str, Any]) -> SearchSpace:
    """What is turned; nothing where no parameter is left that declares its range."""
    try:
        return space_of(strategy, space, fixed)
    except BadInput:
        if space is None:
            return SearchSpace(())
        raise


def _overfitting(bench: Bench, found: Optimised) -> Overfitting | Undefined | Moot:
    """By the returns of every set that could be run, those that lost all among them."""
    if len(found.sets) == 1:
        return NO_CHOICE
    returns = returns_with_ruin(bench, found.sets, found.scores)
    ran = returns[~np.isnan(returns).any(axis=1)]
    return probability_of_overfitting(ran.T) if len(ran) else Undefined("no set has returns")


def _regimes(walked: WalkForward | Undefined, markets: Sequence[Market]) -> RegimeSplit | Undefined:
    """The joined tests by the regime of the first market."""
    if isinstance(walked, Undefined):
        return walked
    account = walked.joined
    per_year = account.performance.periods_per_year
    return split_by_regime(account.time, account.equity, walked.rules.cash, markets[0].bars, per_year)


def _at_random(
    chosen: Backtest | Undefined, seed: int, cache: Path | None, progress: Progress | None
) -> MonteCarlo | Undefined:
    """The candidate's trades at other bars. Nobody picks one of these paths: they are no trials."""
    if isinstance(chosen, Undefined):
        return chosen
    with uncounted():
        return monte_carlo(chosen, method="random_entry", paths=ENTRY_PATHS, seed=seed, cache=cache, progress=progress)
