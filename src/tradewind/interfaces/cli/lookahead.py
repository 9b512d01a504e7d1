"""`tradewind lookahead`: whether a strategy knows bars that were not there yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.run_options import takes_request

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.backtest_request import BacktestRequest
    from tradewind.research.lookahead import Lookahead

app = typer.Typer(add_completion=False)
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
    from tradewind.core.domain.errors import StrategyFailed
    from tradewind.interfaces.cli.at_work import at_work
    from tradewind.interfaces.cli.bias_check import STAGES, tell
    from tradewind.operations.bias import run_lookahead
    from tradewind.research.lookahead import AHEAD, UNREPEATABLE

    console = console_of(ctx)
    with at_work(console, *STAGES) as at:
        finished = run_lookahead(request, at, cuts=cuts, seed=seed)
    tell(console, finished, "checked for look-ahead", lambda: say_found(console, finished.result))
    if finished.result.verdict in (AHEAD, UNREPEATABLE):
        raise typer.Exit(StrategyFailed.exit_code)


def say_found(console: Console, result: Lookahead) -> None:
    """Each finding with its first bar and both values."""
    from tradewind.core.domain.instants import instant_text
    from tradewind.research.lookahead import UNREPEATABLE

    console.say(
        f"{result.bars:,} bars, {result.decisions:,} decisions, {len(result.columns)} columns of prepare, "
        f"{len(result.cuts)} cuts, {result.runs} runs, {result.engine}"
    )
    labels = ("first run", "second run") if result.verdict == UNREPEATABLE else ("with all bars", "with those alone")
    for f in result.findings:
        console.say()
        console.say(f"{f.name}: {f.diagnosis or f.way}")
        console.say(f"  bar of            {instant_text(f.time_ns)}")
        console.say(f"  shown until       {instant_text(f.known_until_ns)} ({f.way}; cuts that show it: {f.cuts})")
        for label, value in zip(labels, (f.whole, f.part), strict=True):
            console.say(f"  {label:<18}{value}")
    console.say()
