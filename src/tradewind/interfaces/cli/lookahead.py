"""`tradewind lookahead`: whether a strategy knows bars that were not there yet."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.run_options import takes_request

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.backtest_request import BacktestRequest
    from tradewind.operations.bias import FinishedCheck

app = typer.Typer(add_completion=False)
STAGES = ("loading", "checking", "reporting")
CHECK = "The check"


@app.command()
@takes_request
def lookahead(
    ctx: typer.Context,
    request: BacktestRequest,
    *,
    cuts: Annotated[int, typer.Option(rich_help_panel=CHECK, help="At how many places the data is cut.")] = 12,
    seed: Annotated[int, typer.Option(rich_help_panel=CHECK, help="The same seed cuts at the same places.")] = 1,
) -> None:
    """Show a strategy less of the market: does it decide the same? Ends with exit code 4 where it does not."""
    from contextlib import redirect_stdout

    from tradewind import __version__, bootstrap
    from tradewind.core.domain.errors import StrategyFailed
    from tradewind.interfaces.cli.clock import now_ns
    from tradewind.operations.bias import run_lookahead
    from tradewind.research.lookahead import AHEAD, UNREPEATABLE
    from tradewind.settings import load_settings

    console, settings = console_of(ctx), load_settings()
    with console.progress(*STAGES) as progress, redirect_stdout(sys.stderr):
        finished = run_lookahead(
            request,
            cuts=cuts,
            seed=seed,
            catalogue=bootstrap.open_catalogue(settings),
            runs=bootstrap.open_runs(settings),
            cache=settings.cache / "kernels",
            now_ns=now_ns(),
            made_by=f"Tradewind {__version__}",
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
    if finished.result.verdict in (AHEAD, UNREPEATABLE):
        raise typer.Exit(StrategyFailed.exit_code)


def show(console: Console, finished: FinishedCheck) -> None:
    """What was found, and where the page is."""
    from tradewind.core.domain.instants import instant_text

    result = finished.result
    for said in finished.said:
        console.note(said)
    mark = "  [SYNTHETIC DATA]" if finished.synthetic else ""
    console.say(f"{result.strategy} on {', '.join(result.symbols)} {finished.timeframe}, looked ahead?{mark}")
    console.say(
        f"{result.bars:,} bars, {result.decisions:,} decisions, {len(result.columns)} columns of prepare, "
        f"{len(result.cuts)} cuts, {result.runs} runs, {result.engine}"
    )
    for f in result.findings:
        console.say()
        console.say(f"{f.name}: {f.diagnosis or f.way}")
        console.say(f"  bar of            {instant_text(f.time_ns)}")
        console.say(f"  shown until       {instant_text(f.known_until_ns)} ({f.way}; so at {f.cuts} of the cuts)")
        console.say(f"  with all bars     {f.whole}")
        console.say(f"  with those alone  {f.part}")
    for warning in finished.warnings:
        console.note(f"note: {warning}")
    console.say()
    console.say(finished.verdict)
    console.say(f"report {finished.report}")
