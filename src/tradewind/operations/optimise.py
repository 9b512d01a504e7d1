"""Search a strategy's parameters on stored data, so that it can go on after a kill, and keep what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tradewind.core.domain.errors import BadInput, StrategyFailed
from tradewind.core.domain.trials import TrialKind
from tradewind.core.strategy.parameters import resolve
from tradewind.operations.backtest_data import completed, funding_warnings, load_markets, quality_of
from tradewind.operations.backtest_request import BacktestRequest, command_of
from tradewind.operations.finished import Finished, keep_study
from tradewind.operations.progress import Stages
from tradewind.operations.run_names import plain_name
from tradewind.operations.strategies import strategy_named
from tradewind.operations.trials import counted, counting_warnings
from tradewind.operations.workplace import Workplace
from tradewind.ports.sweeps import Sweeps
from tradewind.research.asked_space import space_of
from tradewind.research.bench import Bench
from tradewind.research.code_hash import code_hash
from tradewind.research.kept_blocks import KeptBlocks
from tradewind.research.objectives import constraints_from, objectives_from
from tradewind.research.optimise import must_fit, search
from tradewind.research.optimised import Optimised
from tradewind.research.reports.optimise_document import search_document
from tradewind.research.reports.optimise_page import search_study, write_search
from tradewind.research.same_search import sweep_hash, sweep_words
from tradewind.research.search_plan import plan_search


@dataclass(frozen=True)
class SearchRequest:
    """What to search, beside what to run. `space` is by parameter as `--space` reads it; None: all with a range."""

    space: Mapping[str, str] | None = None
    method: str = "auto"
    objectives: tuple[str, ...] = ("sharpe",)
    constraints: tuple[str, ...] = ()
    budget: int | None = None
    seed: int = 1


@dataclass(frozen=True)
class FinishedSearch(Finished[Optimised]):
    """A search that has been kept. `resumed` of its sets were done before, by a process that was cut off.

    `backtest` is the command that runs the best set by itself.
    """

    resumed: int
    backtest: str | None

    def as_document(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {**super().as_document(), "resumed": self.resumed, "backtest": self.backtest}


def run_search(
    request: BacktestRequest,
    wanted: SearchRequest,
    at: Workplace,
    *,
    sweeps: Sweeps,
    workers: int | None = None,
    resume: str = "",
    fresh: bool = False,
    note: Callable[[str], None] = lambda _: None,
) -> FinishedSearch:
    """Load the data, search, count, judge, keep.

    The same search that was cut off before goes on; `fresh` begins it anew. `resume` names one that must be the same:
    BadInput says what has changed. An interrupt leaves the finished blocks, and its KeyboardInterrupt says so, with the
    command that goes on. `note` hears at once where a search goes on. Raises BadInput or StrategyFailed; then nothing
    is kept.
    """
    if resume and fresh:
        raise BadInput("going on and beginning anew exclude each other", where="--fresh", fix="Give one of the two")
    at.begin()
    strategy = strategy_named(request.strategy)
    space = space_of(strategy, wanted.space, request.parameters)
    plan = plan_search(
        space, wanted.method, objectives_from(wanted.objectives), constraints_from(wanted.constraints), wanted.budget,
        wanted.seed,
    )  # fmt: skip
    values = resolve(strategy.parameters, dict(request.parameters), strategy.__name__)
    fixed = {name: values[name] for name in request.parameters}
    plan.begin()  # what cannot begin is refused before anything is loaded
    request, said = completed(request, strategy.symbols, at.catalogue)
    markets, infos = load_markets(request, at.catalogue)
    bench = Bench(strategy, markets, rules=request.rules, engine=request.engine, cache=at.kernels, workers=workers)
    must_fit(plan, bench)  # what cannot run leaves no search behind that could go on
    words = sweep_words(plan, bench, fixed)
    name = sweeps.find(resume).name if resume else f"{plain_name(request.strategy)}-{sweep_hash(words)}"
    command = command_of(replace(request, parameters=fixed), "optimize", _own_words(wanted))
    with (
        counted(at.trials, TrialKind.SWEEP, infos, at.now_ns) as count,
        sweeps.work_on(name, words, at.now_ns, fresh=fresh) as sweep,
    ):
        kept = KeptBlocks(sweep, lambda had: note(f"going on: {had:,} of {plan.budget:,} sets are done already"))
        try:
            found = search(plan, bench, fixed, kept=kept, progress=Stages(at.progress))
        except KeyboardInterrupt:
            raise kept.interrupted(plan.budget, f"To go on: {command}") from None
        if len(found.scores.failed) == len(found.sets):
            sweeps.forget(name)
            raise StrategyFailed(f"it failed with every set: {found.why_none}", where=strategy.__name__)
        at.progress.stage("reporting")
        quality = [sentence for market in markets for sentence in quality_of(market)]
        best = found.best_parameters
        finished = keep_study(
            FinishedSearch,
            at,
            (request.strategy, "optimize"),
            search_study(found),
            {"kind": "optimize", **search_document(found), "quality": quality},
            command=command,
            hashes={**{f"data {info.key}": info.content_hash for info in infos}, "code": code_hash(strategy)},
            synthetic=any(info.synthetic for info in infos),
            warnings=(
                *funding_warnings(markets, request.rules),
                *counting_warnings(count),
                *(f"data: {sentence}" for sentence in quality),
            ),
            write=partial(write_search, found),
            result=found,
            said=said,
            resumed=kept.had,
            backtest=None if best is None else command_of(replace(request, parameters=best)),
        )
        # Only now, and still ours: a kill before this finds every block again.
        sweeps.forget(name)
    return finished


def _own_words(wanted: SearchRequest) -> list[str]:
    """The words of the options that are this command's own."""
    words: list[str] = []
    for name, text in (wanted.space or {}).items():
        words += ["--space", f"{name}={text}"]
    usual = SearchRequest()
    if wanted.method != usual.method:
        words += ["--method", wanted.method]
    if wanted.objectives != usual.objectives:
        words += [word for text in wanted.objectives for word in ("--objective", text)]
    words += [word for text in wanted.constraints for word in ("--constraint", text)]
    if wanted.budget is not None:
        words += ["--budget", str(wanted.budget)]
    if wanted.seed != usual.seed:
        words += ["--seed", str(wanted.seed)]
    return words


__all__ = ["FinishedSearch", "SearchRequest", "run_search"]
