"""Check a strategy for bias over stored data, keep the result, and write its page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradewind.core.strategy.strategy import Strategy
from tradewind.operations.backtest_request import BacktestRequest, command_of
from tradewind.operations.finished import Finished, Result, keep_study
from tradewind.operations.loaded_run import load_run
from tradewind.operations.progress import Progress, Silence, Stages
from tradewind.operations.run_names import run_name
from tradewind.ports.market_data import MarketData
from tradewind.ports.runs import Runs
from tradewind.research.backtest import Market
from tradewind.research.lookahead import CUTS, Lookahead, lookahead
from tradewind.research.recursive import STARTS, TOLERANCE, Recursive, recursive
from tradewind.research.reports.lookahead_page import lookahead_document, lookahead_study
from tradewind.research.reports.recursive_page import recursive_document, recursive_study


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
    loaded = load_run(request, keeping.catalogue)
    result = check(loaded.strategy, loaded.markets, loaded.request, Stages(progress))
    progress.stage("reporting")
    command = command_of(loaded.request, verb, own)
    study = study_of(
        result,
        command=command,
        hashes=loaded.hashes,
        created_ns=keeping.now_ns,
        made_by=keeping.made_by,
        synthetic=loaded.synthetic,
        warnings=loaded.quality,
    )
    return keep_study(
        Finished[Result],
        keeping.runs,
        run_name(keeping.now_ns, request.strategy, verb),
        study,
        document_of(result),
        result=result,
        synthetic=loaded.synthetic,
        said=loaded.said,
        command=command,
    )
