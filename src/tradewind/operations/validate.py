"""Validate a strategy over stored data: the whole battery, counted, with one verdict, kept as a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.trials import TrialKind
from tradewind.operations.backtest_data import funding_warnings
from tradewind.operations.backtest_request import BacktestRequest, command_of
from tradewind.operations.finished import Finished, keep_study
from tradewind.operations.loaded_run import load_run
from tradewind.operations.progress import Stages
from tradewind.operations.trials import counted, counting_warnings
from tradewind.operations.workplace import Workplace
from tradewind.research.gate import Gate, gate_from, usual_gate
from tradewind.research.reports.validate_document import validate_document
from tradewind.research.reports.validate_page import validate_study
from tradewind.research.run_words import currency_of
from tradewind.research.validate import SETS_USUAL, validate
from tradewind.research.validation import Validation
from tradewind.research.walk_forward_windows import WindowPlan


@dataclass(frozen=True)
class ValidateRequest:
    """What to validate: the run (its parameters are held), the search, the windows, and the gate's file."""

    run: BacktestRequest
    plan: WindowPlan = field(default_factory=WindowPlan)
    space: Mapping[str, str] = field(default_factory=dict)
    method: str = "auto"
    objective: str = "sharpe"
    constraints: tuple[str, ...] = ()
    budget: int = SETS_USUAL
    seed: int = 1
    gate: str = ""


@dataclass(frozen=True)
class FinishedValidation(Finished[Validation]):
    """A validation that has been kept; `reports` are commands that make each stage's own page."""

    reports: tuple[str, ...]


def run_validate(request: ValidateRequest, at: Workplace, *, workers: int | None = None) -> FinishedValidation:
    """Load the data, run every stage, count every set, judge, keep.

    Raises BadInput or StrategyFailed; then, and at an interrupt, nothing is kept, but what was run stays counted.
    """
    at.begin()
    gate = read_gate(request.gate)
    loaded = load_run(request.run, at.catalogue)
    run = loaded.request
    with counted(at.trials, TrialKind.VALIDATE, loaded.infos, at.now_ns) as count:
        validated = validate(
            loaded.strategy,
            loaded.markets,
            plan=request.plan,
            space=request.space or None,
            parameters=run.parameters,
            method=request.method,
            objective=request.objective,
            constraints=request.constraints,
            budget=request.budget,
            seed=request.seed,
            gate=gate,
            rules=run.rules,
            engine=run.engine,
            cache=at.kernels,
            workers=workers,
            progress=Stages(at.progress),
        )
    at.progress.stage("reporting")
    reports = _reports(request, run, validated)
    return keep_study(
        FinishedValidation,
        at,
        (request.run.strategy, "validate"),
        validate_study(validated, reports=reports, currency=currency_of(run.symbols[0])),
        validate_document(validated),
        command=command_of(run, "validate", own_words(request)),
        hashes=loaded.hashes,
        synthetic=loaded.synthetic,
        warnings=(*funding_warnings(loaded.markets, run.rules), *counting_warnings(count), *loaded.quality),
        result=validated,
        said=loaded.said,
        reports=reports,
    )


def read_gate(path: str) -> Gate:
    """The gate of a file, or the usual one. Raises BadInput where it cannot be read."""
    if not path:
        return usual_gate()
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8 text"
        raise BadInput(
            f"the gate cannot be read: {reason}", where=path, fix="Name a TOML file; docs/validate.md shows one"
        ) from None
    return gate_from(text, path)


def own_words(request: ValidateRequest) -> list[str]:
    """The command's own options, as far as they differ from the usual."""
    words = _differing(request.plan, WindowPlan())
    words += _differing(request, ValidateRequest(request.run), without=("run", "plan", "space", "constraints"))
    return words + _of_search(request)


def _of_search(request: ValidateRequest) -> list[str]:
    words: list[str] = []
    for name, choice in request.space.items():
        words += ["--space", f"{name}={choice}"]
    for constraint in request.constraints:
        words += ["--constraint", constraint]
    return words


def _differing(values: Any, usual: Any, without: tuple[str, ...] = ()) -> list[str]:
    words: list[str] = []
    for each in fields(values):
        value = getattr(values, each.name)
        if each.name not in without and value != getattr(usual, each.name):
            words += [f"--{each.name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return words


def _reports(request: ValidateRequest, run: BacktestRequest, validated: Validation) -> tuple[str, ...]:
    """The commands that make the stages' own pages of the very same runs."""
    candidate = replace(run, parameters=validated.candidate or run.parameters)
    commands = [
        command_of(candidate),
        "tradewind monte-carlo --method random_entry",
        command_of(candidate, "lookahead"),
    ]
    search = validated.evidence.found.plan
    if search.space.axes:
        words = [*_of_search(request), "--method", search.method, "--budget", str(request.budget)]
        words += ["--seed", str(request.seed)] if request.seed != 1 else []
        words += ["--objective", request.objective] if request.objective != "sharpe" else []
        walk = command_of(run, "walk-forward", [*words, *_differing(request.plan, WindowPlan())])
        commands = [command_of(run, "optimize", words), walk, *commands]
    return tuple(commands)
