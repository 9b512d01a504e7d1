"""Backtest a strategy on stored data, keep the run, and write its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tradewind.core.domain.trials import TrialKind
from tradewind.operations.backtest_data import completed, funding_warnings, load_markets, quality_of
from tradewind.operations.backtest_request import BacktestRequest, command_of
from tradewind.operations.progress import Stages
from tradewind.operations.run_names import run_name
from tradewind.operations.strategies import strategy_named
from tradewind.operations.trials import counted, counting_warnings
from tradewind.operations.workplace import Workplace
from tradewind.research.backtest import Backtest, backtest
from tradewind.research.code_hash import code_hash
from tradewind.research.reports.files import write_report
from tradewind.research.reports.of_backtest import report_of
from tradewind.research.run_words import warnings_of


@dataclass(frozen=True)
class FinishedRun:
    """A run that has been kept."""

    name: str
    folder: Path
    report: Path
    result: Backtest
    warnings: tuple[str, ...]
    quality: tuple[str, ...]
    hashes: Mapping[str, str]
    synthetic: bool
    engine: str
    said: tuple[str, ...]


@dataclass(frozen=True)
class Occasion:
    """Why a run is made, where it is more than a backtest: how it is counted, named, made again, and what to add."""

    kind: TrialKind = TrialKind.BACKTEST
    command: str = ""
    notes: tuple[str, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)


def run_backtest(request: BacktestRequest, at: Workplace, occasion: Occasion = Occasion()) -> FinishedRun:
    """Load the data, run, count, judge, keep. Raises BadInput or StrategyFailed; then nothing is kept."""
    at.begin()
    strategy = strategy_named(request.strategy)
    request, said = completed(request, strategy.symbols, at.catalogue)
    markets, infos = load_markets(request, at.catalogue)
    unfunded = funding_warnings(markets, request.rules)
    quality = tuple(sentence for market in markets for sentence in quality_of(market))
    with counted(at.trials, occasion.kind, infos, at.now_ns) as count:
        result = backtest(
            strategy,
            markets,
            rules=request.rules,
            engine=request.engine,
            cache=at.kernels,
            progress=Stages(at.progress),
            parameters=request.parameters,
        )
    at.progress.stage("reporting")
    hashes = {
        **{f"data {info.key}": info.content_hash for info in infos},
        "code": code_hash(strategy),
        "decisions": result.run.decision_hash,
        **occasion.hashes,
    }
    warnings = (*occasion.notes, *warnings_of(result), *unfunded, *counting_warnings(count))
    name = run_name(at.now_ns, request.strategy, "" if occasion == Occasion() else occasion.kind)
    report = report_of(
        result,
        command=occasion.command or command_of(request),
        created_ns=at.now_ns,
        made_by=at.made_by,
        hashes=hashes,
        synthetic=any(info.synthetic for info in infos),
        quality=quality,
        warnings=warnings,
    )
    paths: dict[str, Path] = {}

    def write(folder: Path) -> None:
        paths["report"] = write_report(report, folder).html

    folder = at.runs.keep(name, write)
    return FinishedRun(
        name=folder.name,
        folder=folder,
        report=folder / paths["report"].name,
        result=result,
        warnings=warnings,
        quality=quality,
        hashes=hashes,
        synthetic=report.synthetic,
        engine=report.engine,
        said=said,
    )


__all__ = ["BacktestRequest", "FinishedRun", "Occasion", "run_backtest"]
