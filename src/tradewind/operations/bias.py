"""Check a strategy for bias over stored data, keep the result, and write its page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradewind.core.strategy.strategy import Strategy
from tradewind.operations.backtest_data import completed, load_markets, quality_of
from tradewind.operations.backtest_request import BacktestRequest, command_of
from tradewind.operations.finished import Finished, Result
from tradewind.operations.progress import Progress, Silence, Stages
from tradewind.operations.run_names import run_name
from tradewind.operations.strategies import strategy_named
from tradewind.ports.market_data import MarketData
from tradewind.ports.runs import Runs
from tradewind.research.backtest import Market
from tradewind.research.code_hash import code_hash
from tradewind.research.lookahead import CUTS, Lookahead, lookahead
from tradewind.research.recursive import STARTS, TOLERANCE, Recursive, recursive
from tradewind.research.reports.lookahead_page import lookahead_document, lookahead_study
from tradewind.research.reports.recursive_page import recursive_document, recursive_study
from tradewind.research.reports.study import write_study


@dataclass(frozen=True)
class Keeping:
    """What a check reads from and is kept in, and when and by whom it is made."""

    catalogue: MarketData
    runs: Runs
    cache: Path | None
    now_ns: int
    made_by: str
    progress: Progress | None = None


def run_lookahead(
    request: BacktestRequest, keeping: Keeping, *, cuts: int = CUTS, seed: int = 1
) -> Finished[Lookahead]:
    """See `research.lookahead`. Raises BadInput, or StrategyFailed where the strategy breaks; then nothing is kept."""

    def check(strategy: type[Strategy], markets: list[Market], asked: BacktestRequest, told: Stages) -> Lookahead:
        return lookahead(
            strategy, markets, cuts=cuts, seed=seed, rules=asked.rules, engine=asked.engine, cache=keeping.cache,
            progress=told, parameters=asked.parameters,
        )  # fmt: skip

    own = own_words(("--cuts", cuts, CUTS), ("--seed", seed, 1))
    return _checked("lookahead", request, keeping, own, check, lookahead_study, lookahead_document)


def run_recursive(
    request: BacktestRequest, keeping: Keeping, *, starts: int = STARTS, seed: int = 1, tolerance: float = TOLERANCE
) -> Finished[Recursive]:
    """See `research.recursive`. Raises BadInput, or StrategyFailed where the strategy breaks; then nothing is kept."""

    def check(strategy: type[Strategy], markets: list[Market], asked: BacktestRequest, told: Stages) -> Recursive:
        return recursive(
            strategy, markets, starts=starts, seed=seed, tolerance=tolerance, rules=asked.rules, cache=keeping.cache,
            progress=told, parameters=asked.parameters,
        )  # fmt: skip

    own = own_words(("--starts", starts, STARTS), ("--seed", seed, 1), ("--tolerance", tolerance, TOLERANCE))
    return _checked("recursive", request, keeping, own, check, recursive_study, recursive_document)


def own_words(*options: tuple[str, float, float]) -> list[str]:
    """The command's own options (flag, value, what it is usually), as far as they differ from the usual."""
    return [word for flag, value, usual in options if value != usual for word in (flag, str(value))]


def _checked(
    verb: str,
    request: BacktestRequest,
    keeping: Keeping,
    own: list[str],
    check: Callable[[type[Strategy], list[Market], BacktestRequest, Stages], Result],
    study_of: Callable[..., Any],
    document_of: Callable[[Result], dict[str, Any]],
) -> Finished[Result]:
    """Load, check, keep. Nothing is counted as a trial: no figure of the strategy is looked at."""
    progress = keeping.progress or Silence()
    progress.stage("loading")
    keeping.runs.prepare()
    strategy = strategy_named(request.strategy)
    request, said = completed(request, strategy.symbols, keeping.catalogue)
    markets, infos = load_markets(request, keeping.catalogue)
    result = check(strategy, markets, request, Stages(progress))
    progress.stage("reporting")
    synthetic = any(info.synthetic for info in infos)
    command = command_of(request, verb, own)
    study = study_of(
        result,
        command=command,
        hashes={**{f"data {info.key}": info.content_hash for info in infos}, "code": code_hash(strategy)},
        created_ns=keeping.now_ns,
        made_by=keeping.made_by,
        synthetic=synthetic,
        warnings=tuple(sentence for market in markets for sentence in quality_of(market)),
    )
    document = document_of(result)

    def write(folder: Path) -> None:
        write_study(study, document, folder)

    folder = keeping.runs.keep(run_name(keeping.now_ns, request.strategy, verb), write)
    return Finished(
        name=folder.name,
        folder=folder,
        report=folder / "report.html",
        result=result,
        document=document,
        verdict=study.verdict,
        warnings=tuple(study.warnings),
        synthetic=synthetic,
        said=said,
        command=command,
    )
