"""`tradewind validate`: the whole battery on one strategy, and one verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.run_options import takes_request
from tradewind.interfaces.cli.search_options import (
    SEARCH,
    Anchored,
    Constraints,
    Embargo,
    Method,
    Objective,
    Purge,
    Seed,
    Space,
    TestBars,
    Train,
    TrainBars,
    Windows,
    Workers,
    gap_from,
    space_from,
)

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.backtest_request import BacktestRequest
    from tradewind.operations.validate import FinishedValidation

app = typer.Typer(add_completion=False)
GATE = "The gate"
STAGES = ("loading", "compiling", "searching", "walking", "checking", "simulating", "reporting")
EXIT_CODES = {"PROMOTE": 0, "REJECT": 8, "NOT ENOUGH EVIDENCE": 9}
"""What the command ends with, by its verdict."""


@app.command()
@takes_request
def validate(
    ctx: typer.Context,
    request: BacktestRequest,
    *,
    windows: Windows = None,
    train: Train = 0.7,
    train_bars: TrainBars = None,
    test_bars: TestBars = None,
    anchored: Anchored = False,
    purge: Purge = "0",
    embargo: Embargo = "0",
    space: Space = None,
    method: Method = "auto",
    objective: Objective = "sharpe",
    constraint: Constraints = None,
    budget: Annotated[int, typer.Option("--budget", "-n", rich_help_panel=SEARCH, help="How many sets to try.")] = 200,
    seed: Seed = 1,
    workers: Workers = None,
    gate: Annotated[
        str, typer.Option(rich_help_panel=GATE, help="A TOML file of your own bounds, in place of the usual ones.")
    ] = "",
) -> None:
    """Search, walk forward, check for bias, redraw, stress: one verdict.

    Ends with 0 for PROMOTE, 8 for REJECT and 9 for NOT ENOUGH EVIDENCE.
    """
    from tradewind.interfaces.cli.at_work import at_work
    from tradewind.operations.validate import ValidateRequest, run_validate
    from tradewind.research.walk_forward_windows import WindowPlan

    wanted = ValidateRequest(
        run=request,
        plan=WindowPlan(windows, train, train_bars, test_bars, anchored, gap_from(purge), gap_from(embargo)),
        space=space_from(space or []),
        method=method,
        objective=objective,
        constraints=tuple(constraint or ()),
        budget=budget,
        seed=seed,
        gate=gate,
    )
    console = console_of(ctx)
    with at_work(console, *STAGES) as at:
        finished = run_validate(wanted, at, workers=workers)
    console.result(finished.as_document())
    show(console, finished)
    code = EXIT_CODES[finished.result.verdict]
    if code:
        raise typer.Exit(code)


def show(console: Console, finished: FinishedValidation) -> None:
    """Every check, the verdict, and where the page is."""
    from tradewind.research.reports.validate_page import bound_text, written

    validated = finished.result
    for said in finished.said:
        console.note(said)
    mark = "  [SYNTHETIC DATA]" if finished.synthetic else ""
    symbols = ", ".join(m.bars.symbol for m in validated.markets)
    console.say(f"{validated.strategy.__name__} on {symbols} {validated.markets[0].bars.timeframe}, validated{mark}")
    if validated.candidate:
        console.say("candidate " + ", ".join(f"{name}={value}" for name, value in validated.candidate.items()))
    console.table(
        ("check", "outcome", "figure", "wanted", "of what"),
        [
            (c.question.label, str(c.outcome), written(c), bound_text(c), c.why or c.question.meaning)
            for c in validated.judgement.checks
        ],
    )
    for warning in finished.warnings:
        console.note(f"note: {warning}")
    console.say(finished.verdict)
    console.say(f"report {finished.report}")
