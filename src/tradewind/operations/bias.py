"""Check a strategy for bias over stored data, keep the result, and write its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradewind.operations.backtest_data import completed, load_markets, quality_of
from tradewind.operations.backtest_request import BacktestRequest, command_of
from tradewind.operations.progress import Progress, Silence, Stages
from tradewind.operations.run_names import run_name
from tradewind.operations.strategies import strategy_named
from tradewind.ports.market_data import MarketData
from tradewind.ports.runs import Runs
from tradewind.research.code_hash import code_hash
from tradewind.research.lookahead import CUTS, Lookahead, lookahead
from tradewind.research.reports.lookahead_page import lookahead_document, lookahead_study
from tradewind.research.reports.study import write_study


@dataclass(frozen=True)
class FinishedCheck:
    """A check that has been kept. `command` makes it again."""

    name: str
    folder: Path
    report: Path
    result: Lookahead
    document: Mapping[str, Any]
    verdict: str
    warnings: tuple[str, ...]
    synthetic: bool
    said: tuple[str, ...]
    timeframe: str
    command: str


def run_lookahead(
    request: BacktestRequest,
    *,
    cuts: int = CUTS,
    seed: int = 1,
    catalogue: MarketData,
    runs: Runs,
    cache: Path | None,
    now_ns: int,
    made_by: str,
    progress: Progress | None = None,
) -> FinishedCheck:
    """Load the data, check, keep. Nothing is counted as a trial: no figure of the strategy is looked at.

    Raises BadInput, or StrategyFailed where the strategy breaks; then nothing is kept.
    """
    progress = progress or Silence()
    progress.stage("loading")
    runs.prepare()
    strategy = strategy_named(request.strategy)
    request, said = completed(request, strategy.symbols, catalogue)
    markets, infos = load_markets(request, catalogue)
    result = lookahead(
        strategy,
        markets,
        cuts=cuts,
        seed=seed,
        rules=request.rules,
        engine=request.engine,
        cache=cache,
        progress=Stages(progress),
        parameters=request.parameters,
    )
    progress.stage("reporting")
    usual = (("--cuts", cuts, CUTS), ("--seed", seed, 1))
    own = [word for flag, value, default in usual if value != default for word in (flag, str(value))]
    command = command_of(request, "lookahead", own)
    synthetic = any(info.synthetic for info in infos)
    study = lookahead_study(
        result,
        command=command,
        hashes={**{f"data {info.key}": info.content_hash for info in infos}, "code": code_hash(strategy)},
        created_ns=now_ns,
        made_by=made_by,
        synthetic=synthetic,
        warnings=tuple(sentence for market in markets for sentence in quality_of(market)),
    )
    document = lookahead_document(result)

    def write(folder: Path) -> None:
        write_study(study, document, folder)

    folder = runs.keep(run_name(now_ns, request.strategy, "lookahead"), write)
    return FinishedCheck(
        name=folder.name,
        folder=folder,
        report=folder / "report.html",
        result=result,
        document=document,
        verdict=study.verdict,
        warnings=tuple(study.warnings),
        synthetic=synthetic,
        said=said,
        timeframe=markets[0].bars.timeframe,
        command=command,
    )
