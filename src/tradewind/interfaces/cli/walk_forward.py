"""`tradewind walk-forward`: parameters chosen on one stretch and tried on the next, window by window."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.run_options import takes_request

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.backtest_request import BacktestRequest
    from tradewind.operations.walk_forward import FinishedWalk

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
        list[str] | None, typer.Option(rich_help_panel=SEARCH, help="A limit: trades>=30. Several times if wanted.")
    ] = None,
    budget: Annotated[int | None, typer.Option(rich_help_panel=SEARCH, help="Sets to try in a window.")] = None,
    seed: Annotated[int, typer.Option(rich_help_panel=SEARCH, help="The same seed gives the same choices.")] = 1,
    workers: Annotated[int | None, typer.Option(rich_help_panel=SEARCH, help="Threads. Usually all cores.")] = None,
) -> None:
    """Choose parameters on one stretch and try them on the next: does the strategy hold up where nobody had looked?"""
    from contextlib import redirect_stdout

    from tradewind import __version__, bootstrap
    from tradewind.interfaces.cli.clock import now_ns
    from tradewind.operations.walk_forward import WalkForwardRequest, run_walk_forward
    from tradewind.research.walk_forward_windows import WindowPlan
    from tradewind.settings import load_settings

    wanted = WalkForwardRequest(
        run=request,
        plan=WindowPlan(windows, train, train_bars, test_bars, anchored, _gap(purge), _gap(embargo)),
        space=choices_from(space or []),
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
    console.result(
        {
            "run": finished.name,
            "folder": str(finished.folder),
            "report": str(finished.report),
            "verdict": finished.verdict,
            "synthetic": finished.synthetic,
            "warnings": list(finished.warnings),
            **finished.document,
        }
    )
    show(console, finished)
    if finished.result.interrupted:
        console.note("interrupted: the windows that are done are kept; the whole walk again:")
        console.note(f"  {finished.command}")
        raise typer.Exit(INTERRUPTED)


def show(console: Console, finished: FinishedWalk) -> None:
    """The windows, the figures that judge them, and where the page is."""
    from tradewind.core.performance.undefined import Figure, Undefined

    walked = finished.result
    for said in finished.said:
        console.note(said)
    bars = walked.markets[0].bars
    mark = "  [SYNTHETIC DATA]" if finished.synthetic else ""
    symbols = ", ".join(m.bars.symbol for m in walked.markets)
    console.say(f"{walked.strategy.__name__} on {symbols} {bars.timeframe}, walked forward{mark}")

    def share(figure: Figure) -> str:
        return "-" if isinstance(figure, Undefined) else f"{figure:.1%}"

    def plain(value: float | None) -> str:
        return "-" if value is None else f"{value:.2f}"

    turned = [name for name, (low, high) in walked.searched.items() if high > low]
    console.table(
        ("window", "test", *turned, "growth in", "growth out", "efficiency", "Sharpe in", "Sharpe out", "trades"),
        [
            (
                r.window.number,
                str(r.window.test),
                *((r.parameters or {}).get(name) for name in turned),
                share(r.growth_in_sample),
                share(r.growth_out_of_sample),
                share(r.efficiency),
                plain(r.in_sample.get("sharpe")),
                plain(r.out_of_sample.get("sharpe")),
                r.out_of_sample.get("trades"),
            )
            for r in walked.windows
        ],
    )
    metrics = walked.joined.performance.metrics
    total = metrics["total_return"]
    lines = (
        ("return out of sample", "-" if total is None else f"{total:.2%}"),
        ("Sharpe out of sample", plain(metrics["sharpe"])),
        ("efficiency", share(walked.efficiency)),
        ("degradation", "-" if isinstance(walked.degradation, Undefined) else f"{walked.degradation:.2f}"),
        ("consistency", share(walked.consistency)),
        ("stability", share(walked.stability.overall)),
    )
    for label, text in lines:
        console.say(f"  {label:<22}{text:>12}")
    for warning in finished.warnings:
        console.note(f"note: {warning}")
    console.say(finished.verdict)
    console.say(f"report {finished.report}")


def choices_from(texts: list[str]) -> dict[str, str]:
    """`fast=5:50:5` as {"fast": "5:50:5"}. Raises BadInput for anything else."""
    from tradewind.core.domain.errors import BadInput

    found: dict[str, str] = {}
    for text in texts:
        name, equals, choice = (part.strip() for part in text.partition("="))
        if not equals or not name or not choice:
            raise BadInput(f"{text!r} names no values", where="--space", fix="Write fast=5:50:5 or slow=20,50,100")
        if name in found:
            raise BadInput(f"the values of {name!r} are given twice", where="--space", fix="Give them once")
        found[name] = choice
    return found


def _gap(text: str) -> int | str:
    return int(text) if text.strip().lstrip("-").isdigit() else text
