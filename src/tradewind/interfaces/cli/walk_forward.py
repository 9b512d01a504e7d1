"""`tradewind walk-forward`: parameters chosen on one stretch and tried on the next, window by window."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.run_options import takes_request

if TYPE_CHECKING:
    from tradewind.operations.backtest_request import BacktestRequest

app = typer.Typer(add_completion=False)
WINDOWS, SEARCH = "The windows", "The search"
STAGES = ("loading", "compiling", "walking", "reporting")
INTERRUPTED = 130


@app.command()
@takes_request
def walk_forward(
    ctx: typer.Context,
    request: BacktestRequest,
    *,
    scheme: Annotated[
        str, typer.Option(rich_help_panel=WINDOWS, help="windows, or cpcv: every combination of groups tests once.")
    ] = "windows",
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
    groups: Annotated[int, typer.Option(rich_help_panel=WINDOWS, help="cpcv: groups of days.")] = 10,
    test_groups: Annotated[int, typer.Option(rich_help_panel=WINDOWS, help="cpcv: groups that test at once.")] = 2,
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
    budget: Annotated[
        int | None, typer.Option("--budget", "-n", rich_help_panel=SEARCH, help="How many sets to try in a window.")
    ] = None,
    seed: Annotated[int, typer.Option(rich_help_panel=SEARCH, help="The same seed gives the same choices.")] = 1,
    workers: Annotated[
        int | None, typer.Option(rich_help_panel=SEARCH, help="Threads; one a core if left out.")
    ] = None,
) -> None:
    """Choose parameters on one stretch and try them on the next: does the strategy hold up where nobody had looked?"""
    from contextlib import redirect_stdout

    from tradewind import __version__, bootstrap
    from tradewind.interfaces.cli.clock import now_ns
    from tradewind.interfaces.cli.optimize import space_from
    from tradewind.interfaces.cli.walk_forward_shown import show
    from tradewind.operations.walk_forward import WalkForwardRequest, run_walk_forward
    from tradewind.research.walk_forward_windows import WindowPlan
    from tradewind.settings import load_settings

    wanted = WalkForwardRequest(
        run=request,
        scheme=scheme,
        groups=groups,
        test_groups=test_groups,
        plan=WindowPlan(windows, train, train_bars, test_bars, anchored, gap_from(purge), gap_from(embargo)),
        space=space_from(space or []),
        method=method,
        objective=objective,
        constraints=tuple(constraint or ()),
        budget=budget,
        seed=seed,
    )
    console, settings = console_of(ctx), load_settings()
    with console.progress(*STAGES) as progress, redirect_stdout(sys.stderr):
        finished = run_walk_forward(
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
    if finished.interrupted:
        console.note("interrupted: the windows that are done are kept; the whole walk again:")
        console.note(f"  {finished.command}")
        raise typer.Exit(INTERRUPTED)


def gap_from(text: str) -> int | str:
    """Bars as a number, a length of time as text."""
    return int(text) if text.strip().lstrip("-").isdigit() else text
