"""Choose on one stretch, try on the next, move on: what a strategy would have earned with parameters chosen in time.

walked = walk_forward(SmaCross, bars)
walked.robustness.score
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tradewind.core.domain.errors import BadInput, StrategyFailed
from tradewind.core.domain.instruments import instrument_for
from tradewind.core.domain.market_data import Bars
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import EngineName
from tradewind.core.performance.calendar import read_calendar
from tradewind.core.performance.undefined import Figure, Undefined
from tradewind.core.strategy.parameters import resolve
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.asked_space import space_of
from tradewind.research.backtest import Backtest, Market
from tradewind.research.bench import Bench
from tradewind.research.objectives import constraints_from, objectives_from
from tradewind.research.optimise import search
from tradewind.research.optimised import Optimised
from tradewind.research.search_plan import SearchPlan, plan_search
from tradewind.research.walk_forward_figures import efficiency, growth
from tradewind.research.walk_forward_result import WalkForward, WindowResult, figure_of
from tradewind.research.walk_forward_windows import (
    Gap,
    Slice,
    Times,
    Window,
    WindowPlan,
    cut,
    timeline,
    until,
    windows_of,
)

Progress = Callable[[str, int, int], None]
"""Called with a stage (compiling, walking), the parameter sets done and those of all windows."""


def walk_forward(
    strategy: type[Strategy],
    data: Bars | Market | Sequence[Bars | Market],
    *,
    windows: int | None = None,
    train: float = 0.7,
    train_bars: int | None = None,
    test_bars: int | None = None,
    anchored: bool = False,
    purge: Gap = 0,
    embargo: Gap = 0,
    space: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    method: str = "auto",
    objective: str = "sharpe",
    constraints: Sequence[str] = (),
    budget: int | None = None,
    seed: int = 1,
    rules: MarketRules | None = None,
    engine: EngineName = "auto",
    cache: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> WalkForward:
    """Search each window's training bars by `method` for the best `objective`, and run what it chose on its test bars.

    See WindowPlan for the windows and `optimise` for the search (one objective); `parameters` are held at their value.
    The search is handed copies of the training bars and nothing else. A test runs on its window's bars from the first
    of the training on, which warm its indicators, and may trade from its own first bar on; it begins and ends flat.

    An interrupt (Ctrl-C) after the first window ends it with the windows that are done (`interrupted`). Raises BadInput
    for windows, a space or an objective that do not fit, StrategyFailed where every set of every window failed.
    """
    markets = tuple(
        d if isinstance(d, Market) else Market(d, instrument_for(d.symbol))
        for d in ([data] if isinstance(data, Bars | Market) else data)
    )
    plan = WindowPlan(windows, train, train_bars, test_bars, anchored, purge, embargo)
    held = resolve(strategy.parameters, dict(parameters or {}), strategy.__name__)
    fixed = {name: held[name] for name in parameters or {}}
    wanted = plan_search(
        space_of(strategy, space, fixed),
        method,
        objectives_from([objective]),
        constraints_from([constraints] if isinstance(constraints, str) else constraints),
        budget,
        seed,
    )
    rules = rules or MarketRules()
    return walk(
        strategy, markets, plan, wanted, fixed, rules=rules, engine=engine, cache=cache, workers=workers,
        progress=progress,
    )  # fmt: skip


def walk(
    strategy: type[Strategy],
    markets: Sequence[Market],
    plan: WindowPlan,
    wanted: SearchPlan,
    fixed: Mapping[str, Any],
    *,
    rules: MarketRules,
    engine: EngineName = "auto",
    cache: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> WalkForward:
    """The same for words that have been read: the windows' plan, the search in each, the parameters that are held."""
    if not markets:
        raise BadInput("there is no market to run on", fix="Give at least one symbol's bars")
    time = timeline(markets)
    cuts = windows_of(time, markets[0].bars.step_ns, plan)
    _every_market_is_open(markets, cuts)
    done: list[WindowResult] = []
    for i, window in enumerate(cuts):

        def told(stage: str, at: int, _sets: int, number: int = i) -> None:
            if progress is None or (stage == "compiling" and number):
                return
            sets = wanted.budget
            progress(*((stage, 0, 1) if stage == "compiling" else ("walking", number * sets + at, len(cuts) * sets)))

        try:
            seen = [cut(m, window.train.start_ns, window.train.end_ns) for m in markets]
            bench = Bench(strategy, seen, rules=rules, engine=engine, cache=cache, workers=workers)
            found = search(wanted, bench, fixed, progress=told)
            done.append(_judged(window, found, strategy, markets, rules, engine, cache, time))
        except KeyboardInterrupt:
            if not done:
                raise
            break
    if all(result.tried == result.failed for result in done):
        raise StrategyFailed(f"it failed with every set: {done[0].reason}", where=strategy.__name__)
    return WalkForward(strategy, tuple(markets), rules, plan, wanted, fixed, tuple(done), len(cuts))


def _judged(
    window: Window,
    found: Optimised,
    strategy: type[Strategy],
    markets: Sequence[Market],
    rules: MarketRules,
    engine: EngineName,
    cache: Path | None,
    time: Times,
) -> WindowResult:
    """What the search found, run on the test."""
    tried, failed = len(found.sets), len(found.scores.failed)
    if found.best is None or found.best_parameters is None:
        nothing = Undefined("nothing was chosen")
        return WindowResult(window, None, found.why_none, tried, failed, {}, None, nothing, nothing, nothing)
    inside = found.scores.of(found.best)
    step_ns = markets[0].bars.step_ns
    in_growth = _growth(inside["total_return"], window.train, time, step_ns)
    known = [until(m, window.train.start_ns, window.test.end_ns) for m in markets]
    bench = Bench(strategy, known, rules=replace(rules, trade_from_ns=window.test.start_ns), engine=engine, cache=cache)
    ran: Backtest | None = None
    reason: str | None = None
    out_growth: Figure = Undefined("the test could not be run")
    try:
        ran = bench.backtest(found.best_parameters)
        out_growth = _growth(ran.metrics["total_return"], window.test, time, step_ns)
    except StrategyFailed as problem:
        reason = f"the set that was chosen failed in the test: {problem}"
    kept = efficiency(out_growth, in_growth, figure_of(inside, "volatility"))
    return WindowResult(window, found.best_parameters, reason, tried, failed, inside, ran, in_growth, out_growth, kept)


def _every_market_is_open(markets: Sequence[Market], windows: Sequence[Window]) -> None:
    for window in windows:
        for name, part in (("training", window.train), ("test", window.test)):
            for bars in (m.bars for m in markets):
                if len(bars.slice(part.start_ns, part.end_ns)) == 0:
                    raise BadInput(
                        f"there is no bar of {bars.symbol} in the {name} of window {window.number}, {part}",
                        where=bars.symbol,
                        fix="Bring data of the same time for all symbols, or choose another --start and --end",
                    )


def _growth(total_return: float | int | None, part: Slice, time: Times, step_ns: int) -> Figure:
    if total_return is None:
        return Undefined("the account has no return")
    return growth(float(total_return), read_calendar(time[part.first : part.after], step_ns).years)
