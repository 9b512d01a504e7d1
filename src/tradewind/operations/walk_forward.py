"""Walk a strategy forward over stored data, keep the result, and write its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from tradewind.core.domain.trials import TrialKind
from tradewind.operations.backtest_data import completed, funding_warnings, load_markets, quality_of
from tradewind.operations.backtest_request import BacktestRequest, command_of
from tradewind.operations.backtest_words import currency_of
from tradewind.operations.progress import Progress, Silence, Stages
from tradewind.operations.run_names import run_name
from tradewind.operations.strategies import strategy_named
from tradewind.operations.trials import counted, counting_warnings
from tradewind.ports.market_data import MarketData
from tradewind.ports.runs import Runs
from tradewind.ports.trials import Trials
from tradewind.research.code_hash import code_hash
from tradewind.research.reports.study import write_study
from tradewind.research.reports.walk_forward_document import walk_forward_document
from tradewind.research.reports.walk_forward_page import walk_forward_study
from tradewind.research.walk_forward import walk_forward
from tradewind.research.walk_forward_result import WalkForward
from tradewind.research.walk_forward_windows import WindowPlan


@dataclass(frozen=True)
class WalkForwardRequest:
    """What to walk: the run (its parameters are held at their value), the windows, and the search in each."""

    run: BacktestRequest
    plan: WindowPlan = field(default_factory=WindowPlan)
    space: Mapping[str, str] = field(default_factory=dict)
    method: str = "auto"
    objective: str = "sharpe"
    constraints: tuple[str, ...] = ()
    budget: int | None = None
    seed: int = 1


@dataclass(frozen=True)
class FinishedWalk:
    """A walk-forward that has been kept. `command` makes it again."""

    name: str
    folder: Path
    report: Path
    result: WalkForward
    document: Mapping[str, Any]
    verdict: str
    warnings: tuple[str, ...]
    synthetic: bool
    said: tuple[str, ...]
    command: str


def run_walk_forward(
    request: WalkForwardRequest,
    *,
    catalogue: MarketData,
    runs: Runs,
    trials: Trials,
    cache: Path | None,
    now_ns: int,
    made_by: str,
    workers: int | None = None,
    progress: Progress | None = None,
) -> FinishedWalk:
    """Load the data, walk, count every set that was run, keep.

    An interrupt after the first window keeps the windows that are done. Raises BadInput; then nothing is kept.
    """
    progress = progress or Silence()
    progress.stage("loading")
    runs.prepare()
    strategy = strategy_named(request.run.strategy)
    run, said = completed(request.run, strategy.symbols, catalogue)
    markets, infos = load_markets(run, catalogue)
    plan = {rule.name: getattr(request.plan, rule.name) for rule in fields(WindowPlan)}
    with counted(trials, TrialKind.WALK_FORWARD, infos, now_ns) as count:
        walked = walk_forward(
            strategy,
            markets,
            **plan,
            space=request.space or None,
            parameters=run.parameters,
            method=request.method,
            objective=request.objective,
            constraints=request.constraints,
            budget=request.budget,
            seed=request.seed,
            rules=run.rules,
            engine=run.engine,
            cache=cache,
            workers=workers,
            progress=Stages(progress),
        )
    progress.stage("reporting")
    quality = tuple(sentence for market in markets for sentence in quality_of(market))
    synthetic = any(info.synthetic for info in infos)
    command = command_of(run, "walk-forward", own_words(request))
    study = walk_forward_study(
        walked,
        command=command,
        hashes={**{f"data {info.key}": info.content_hash for info in infos}, "code": code_hash(strategy)},
        created_ns=now_ns,
        made_by=made_by,
        synthetic=synthetic,
        warnings=(*funding_warnings(markets, run.rules), *counting_warnings(count), *quality),
        currency=currency_of(run.symbols[0]),
    )
    document = walk_forward_document(walked)

    def write(folder: Path) -> None:
        write_study(study, document, folder)

    folder = runs.keep(run_name(now_ns, request.run.strategy, "walk-forward"), write)
    return FinishedWalk(
        name=folder.name,
        folder=folder,
        report=folder / "report.html",
        result=walked,
        document=document,
        verdict=study.verdict,
        warnings=tuple(study.warnings),
        synthetic=synthetic,
        said=said,
        command=command,
    )


def own_words(request: WalkForwardRequest) -> list[str]:
    """The command's own options, as far as they differ from the usual."""
    words: list[str] = []
    for owner, usual in ((request.plan, WindowPlan()), (request, WalkForwardRequest(request.run))):
        for each in fields(owner):
            value = getattr(owner, each.name)
            if each.name in ("run", "plan", "space", "constraints") or value == getattr(usual, each.name):
                continue
            words += [f"--{each.name.replace('_', '-')}", *([] if value is True else [str(value)])]
    for name, choice in request.space.items():
        words += ["--space", f"{name}={choice}"]
    for constraint in request.constraints:
        words += ["--constraint", constraint]
    return words
