"""`tradewind validate`: the whole battery on one strategy, and one verdict."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.run_options import takes_request

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.backtest_request import BacktestRequest
    from tradewind.operations.validate import FinishedValidation

app = typer.Typer(add_completion=False)
WINDOWS, SEARCH, GATE = "The windows", "The search", "The gate"
STAGES = ("loading", "compiling", "searching", "walking", "checking", "simulating", "reporting")
EXIT_CODES = {"PROMOTE": 0, "REJECT": 8, "NOT ENOUGH EVIDENCE": 9}
"""What the command ends with, by its verdict."""


@app.command()
@takes_request
def validate(
    ctx: typer.Context,
    request: BacktestRequest,
    *,
    windows: Annotated[
        int | None, typer.Option("--windows", "-w", rich_help_panel=WINDOWS, help="How many. Usually 6.")
    ] = None,
    train: Annotated[float, typer.Option(rich_help_panel=WINDOWS, help="Share of a window that trains.")] = 0.7,
    train_bars: Annotated[int | None, typer.Option(rich_help_panel=WINDOWS, help="Or the bars that train.")] = None,
    test_bars: Annotated[int | None, typer.Option(rich_help_panel=WINDOWS, help="Bars that test.")] = None,
    anchored: Annotated[
        bool, typer.Option("--anchored", rich_help_panel=WINDOWS, help="Train from the first bar on, longer each time.")
    ] = False,
    purge: Annotated[str, typer.Option(rich_help_panel=WINDOWS, help="Left out before a test: bars, or 36h.")] = "0",
    embargo: Annotated[
        str, typer.Option(rich_help_panel=WINDOWS, help="Left out at a test's beginning: bars, or 36h.")
    ] = "0",
    space: Annotated[
        list[str] | None,
        typer.Option(rich_help_panel=SEARCH, help="What is tried: fast=5:50:5 or slow=20,50,100. Once a parameter."),
    ] = None,
    method: Annotated[
        str, typer.Option("--method", "-m", rich_help_panel=SEARCH, help="auto, grid, random, sobol, tpe or cma-es.")
    ] = "auto",
    objective: Annotated[
        str, typer.Option("--objective", "-o", rich_help_panel=SEARCH, help="A figure: sharpe, max:trades, min:...")
    ] = "sharpe",
    constraint: Annotated[
        list[str] | None,
        typer.Option("--constraint", "-c", rich_help_panel=SEARCH, help="A limit: trades>=30, max_drawdown>=-0.2."),
    ] = None,
    budget: Annotated[int, typer.Option("--budget", "-n", rich_help_panel=SEARCH, help="How many sets to try.")] = 200,
    seed: Annotated[int, typer.Option(rich_help_panel=SEARCH, help="The same seed gives the same verdict.")] = 1,
    workers: Annotated[
        int | None, typer.Option(rich_help_panel=SEARCH, help="Threads; one a core if left out.")
    ] = None,
    gate: Annotated[
        str, typer.Option(rich_help_panel=GATE, help="A TOML file of your own bounds, in place of the usual ones.")
    ] = "",
) -> None:
    """Search, walk forward, check for bias, redraw, stress: one verdict.

    Ends with 0 for PROMOTE, 8 for REJECT and 9 for NOT ENOUGH EVIDENCE.
    """
    from contextlib import redirect_stdout

    from tradewind import __version__, bootstrap
    from tradewind.interfaces.cli.clock import now_ns
    from tradewind.interfaces.cli.optimize import space_from
    from tradewind.interfaces.cli.walk_forward import gap_from
    from tradewind.operations.validate import ValidateRequest, run_validate
    from tradewind.research.walk_forward_windows import WindowPlan
    from tradewind.settings import load_settings

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
    console, settings = console_of(ctx), load_settings()
    with console.progress(*STAGES) as progress, redirect_stdout(sys.stderr):
        finished = run_validate(
            wanted,
            catalogue=bootstrap.open_catalogue(settings),
            runs=bootstrap.open_runs(settings),
            trials=bootstrap.open_trials(settings),
            cache=settings.cache / "kernels",
            now_ns=now_ns(),
            made_by=f"Tradewind {__version__}",
            workers=workers,
            progress=progress,
        )
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
