"""`tradewind walk-forward`: parameters chosen on one stretch and tried on the next, window by window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.run_options import takes_request
from tradewind.interfaces.cli.search_options import (
    SEARCH,
    WINDOWS,
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
    from tradewind.operations.backtest_request import BacktestRequest

app = typer.Typer(add_completion=False)
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
    windows: Windows = None,
    train: Train = 0.7,
    train_bars: TrainBars = None,
    test_bars: TestBars = None,
    anchored: Anchored = False,
    purge: Purge = "0",
    embargo: Embargo = "0",
    groups: Annotated[int, typer.Option(rich_help_panel=WINDOWS, help="cpcv: groups of days.")] = 10,
    test_groups: Annotated[int, typer.Option(rich_help_panel=WINDOWS, help="cpcv: groups that test at once.")] = 2,
    space: Space = None,
    method: Method = "auto",
    objective: Objective = "sharpe",
    constraint: Constraints = None,
    budget: Annotated[
        int | None, typer.Option("--budget", "-n", rich_help_panel=SEARCH, help="How many sets to try in a window.")
    ] = None,
    seed: Seed = 1,
    workers: Workers = None,
) -> None:
    """Choose parameters on one stretch and try them on the next: does the strategy hold up where nobody had looked?"""
    from tradewind.interfaces.cli.at_work import at_work
    from tradewind.interfaces.cli.walk_forward_shown import show
    from tradewind.operations.walk_forward import WalkForwardRequest, run_walk_forward
    from tradewind.research.walk_forward_windows import WindowPlan

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
    console = console_of(ctx)
    with at_work(console, *STAGES) as at:
        finished = run_walk_forward(wanted, at, workers=workers)
    console.result(finished.as_document())
    show(console, finished)
    if finished.interrupted:
        console.note("interrupted: the windows that are done are kept; the whole walk again:")
        console.note(f"  {finished.command}")
        raise typer.Exit(INTERRUPTED)
