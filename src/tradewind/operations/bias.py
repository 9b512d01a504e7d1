"""Check a strategy for bias over stored data, keep the result, and write its page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tradewind.core.strategy.strategy import Strategy
from tradewind.operations.backtest_request import BacktestRequest, command_of
from tradewind.operations.finished import Finished, Result, keep_study
from tradewind.operations.loaded_run import load_run
from tradewind.operations.progress import Stages
from tradewind.operations.workplace import Workplace
from tradewind.research.backtest import Market
from tradewind.research.lookahead import CUTS, Lookahead, lookahead
from tradewind.research.recursive import STARTS, TOLERANCE, Recursive, recursive
from tradewind.research.reports.lookahead_page import lookahead_document, lookahead_study
from tradewind.research.reports.recursive_page import recursive_document, recursive_study
from tradewind.research.reports.study import Study


def run_lookahead(request: BacktestRequest, at: Workplace, *, cuts: int = CUTS, seed: int = 1) -> Finished[Lookahead]:
    """See `research.lookahead`. Raises BadInput, or StrategyFailed where the strategy breaks; then nothing is kept."""

    def check(strategy: type[Strategy], markets: list[Market], asked: BacktestRequest, told: Stages) -> Lookahead:
        return lookahead(
            strategy, markets, cuts=cuts, seed=seed, rules=asked.rules, engine=asked.engine, cache=at.kernels,
            progress=told, parameters=asked.parameters,
        )  # fmt: skip

    own = own_words(("--cuts", cuts, CUTS), ("--seed", seed, 1))
    return _checked("lookahead", request, at, own, check, lookahead_study, lookahead_document)


def run_recursive(
    request: BacktestRequest, at: Workplace, *, starts: int = STARTS, seed: int = 1, tolerance: float = TOLERANCE
) -> Finished[Recursive]:
    """See `research.recursive`. Raises BadInput, or StrategyFailed where the strategy breaks; then nothing is kept."""

    def check(strategy: type[Strategy], markets: list[Market], asked: BacktestRequest, told: Stages) -> Recursive:
        return recursive(
            strategy, markets, starts=starts, seed=seed, tolerance=tolerance, rules=asked.rules, cache=at.kernels,
            progress=told, parameters=asked.parameters,
        )  # fmt: skip

    own = own_words(("--starts", starts, STARTS), ("--seed", seed, 1), ("--tolerance", tolerance, TOLERANCE))
    return _checked("recursive", request, at, own, check, recursive_study, recursive_document)


def own_words(*options: tuple[str, float, float]) -> list[str]:
    """The command's own options (flag, value, what it is usually), as far as they differ from the usual."""
    return [word for flag, value, usual in options if value != usual for word in (flag, str(value))]


def _checked(
    verb: str,
    request: BacktestRequest,
    at: Workplace,
    own: list[str],
    check: Callable[[type[Strategy], list[Market], BacktestRequest, Stages], Result],
    study_of: Callable[[Result], Study],
    document_of: Callable[[Result], dict[str, Any]],
) -> Finished[Result]:
    """Load, check, keep. Nothing is counted as a trial: no figure of the strategy is looked at."""
    at.begin()
    loaded = load_run(request, at.catalogue)
    result = check(loaded.strategy, loaded.markets, loaded.request, Stages(at.progress))
    at.progress.stage("reporting")
    return keep_study(
        Finished[Result],
        at,
        (request.strategy, verb),
        study_of(result),
        document_of(result),
        command=command_of(loaded.request, verb, own),
        hashes=loaded.hashes,
        synthetic=loaded.synthetic,
        warnings=loaded.quality,
        result=result,
        said=loaded.said,
    )
