"""Choose on one part of stored data and test on another, keep what came of it, and write its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.trials import TrialKind
from tradewind.core.strategy.strategy import Strategy
from tradewind.operations.backtest_data import funding_warnings
from tradewind.operations.backtest_request import BacktestRequest, command_of
from tradewind.operations.finished import Finished, keep_study
from tradewind.operations.loaded_run import load_run
from tradewind.operations.progress import Stages
from tradewind.operations.trials import counted, counting_warnings
from tradewind.operations.workplace import Workplace
from tradewind.research.backtest import Market
from tradewind.research.cross_validated import CrossValidated, cross_validate
from tradewind.research.reports.cross_validated_page import cross_validated_document, cross_validated_study
from tradewind.research.reports.study import Study
from tradewind.research.reports.walk_forward_document import walk_forward_document
from tradewind.research.reports.walk_forward_page import walk_forward_study
from tradewind.research.run_words import currency_of
from tradewind.research.walk_forward import walk_forward
from tradewind.research.walk_forward_result import WalkForward
from tradewind.research.walk_forward_windows import WindowPlan


@dataclass(frozen=True)
class WalkForwardRequest:
    """What to walk: the run (its parameters are held at their value), the windows, and the search in each.

    `scheme` is `windows`, or `cpcv` for combinatorial purged cross-validation: of the plan it takes the gaps only, and
    cuts the days into `groups`, of which every choice of `test_groups` is a test.
    """

    run: BacktestRequest
    scheme: str = "windows"
    groups: int = 10
    test_groups: int = 2
    plan: WindowPlan = field(default_factory=WindowPlan)
    space: Mapping[str, str] = field(default_factory=dict)
    method: str = "auto"
    objective: str = "sharpe"
    constraints: tuple[str, ...] = ()
    budget: int | None = None
    seed: int = 1


@dataclass(frozen=True)
class FinishedWalk(Finished[WalkForward | CrossValidated]):
    """What has been kept; `interrupted`, it is not whole."""

    interrupted: bool = False


def run_walk_forward(request: WalkForwardRequest, at: Workplace, *, workers: int | None = None) -> FinishedWalk:
    """Load the data, walk, count every set that was run, keep.

    An interrupt after the first window keeps the windows that are done. Raises BadInput; then nothing is kept.
    """
    at.begin()
    loaded = load_run(request.run, at.catalogue)
    run = loaded.request
    _only_what_it_takes(request)
    shared = {
        "space": request.space or None,
        "parameters": run.parameters,
        "method": request.method,
        "budget": request.budget,
        "seed": request.seed,
        "rules": run.rules,
        "engine": run.engine,
        "cache": at.kernels,
        "workers": workers,
        "progress": Stages(at.progress),
    }
    with counted(at.trials, TrialKind.WALK_FORWARD, loaded.infos, at.now_ns) as count:
        done = SCHEMES[request.scheme](loaded.strategy, loaded.markets, request, shared)
    at.progress.stage("reporting")
    return keep_study(
        FinishedWalk,
        at,
        (request.run.strategy, str(done.document["kind"])),
        done.study,
        done.document,
        command=command_of(run, "walk-forward", own_words(request)),
        hashes=loaded.hashes,
        synthetic=loaded.synthetic,
        warnings=(*funding_warnings(loaded.markets, run.rules), *counting_warnings(count), *loaded.quality),
        result=done.result,
        said=loaded.said,
        interrupted=done.interrupted,
    )


@dataclass(frozen=True)
class _Done:
    """A scheme's result, with what makes its page and its document."""

    result: WalkForward | CrossValidated
    study: Study
    document: Mapping[str, Any]
    interrupted: bool


def _windows(
    strategy: type[Strategy], markets: Sequence[Market], request: WalkForwardRequest, shared: Mapping[str, Any]
) -> _Done:
    plan = {rule.name: getattr(request.plan, rule.name) for rule in fields(WindowPlan)}
    walked = walk_forward(
        strategy, markets, **plan, objective=request.objective, constraints=request.constraints, **shared
    )
    study = walk_forward_study(walked, currency=currency_of(markets[0].bars.symbol))
    return _Done(walked, study, walk_forward_document(walked), walked.interrupted)


def _combinations(
    strategy: type[Strategy], markets: Sequence[Market], request: WalkForwardRequest, shared: Mapping[str, Any]
) -> _Done:
    found = cross_validate(
        strategy, markets, groups=request.groups, test_groups=request.test_groups, purge=request.plan.purge,
        embargo=request.plan.embargo, **shared,
    )  # fmt: skip
    return _Done(found, cross_validated_study(found), cross_validated_document(found), interrupted=False)


SCHEMES = {"windows": _windows, "cpcv": _combinations}
NOT_OF = {
    "windows": ("groups", "test_groups"),
    "cpcv": ("windows", "train", "train_bars", "test_bars", "anchored", "objective", "constraints"),
}
"""Options that a scheme has no use for."""


def _only_what_it_takes(request: WalkForwardRequest) -> None:
    if request.scheme not in SCHEMES:
        raise BadInput(
            f"there is no scheme {request.scheme!r}", where="--scheme", fix=f"Use one of {', '.join(SCHEMES)}"
        )
    for owner, usual in ((request.plan, WindowPlan()), (request, WalkForwardRequest(request.run))):
        for each in fields(owner):
            if each.name in NOT_OF[request.scheme] and getattr(owner, each.name) != getattr(usual, each.name):
                option = "--" + ("constraint" if each.name == "constraints" else each.name.replace("_", "-"))
                other = next(scheme for scheme in SCHEMES if scheme != request.scheme)
                raise BadInput(
                    f"{option} means nothing to the scheme {request.scheme}",
                    where=option,
                    fix=f"Leave it out, or use --scheme {other}",
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
