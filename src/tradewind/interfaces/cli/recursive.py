"""`tradewind recursive`: how much history a strategy needs before its values and decisions can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.run_options import takes_request

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.backtest_request import BacktestRequest
    from tradewind.research.recursive import Recursive

app = typer.Typer(add_completion=False)
CHECK = "The check"


@app.command()
@takes_request
def recursive(
    ctx: typer.Context,
    request: BacktestRequest,
    *,
    starts: Annotated[int, typer.Option(rich_help_panel=CHECK, help="From how many other bars to begin.")] = 6,
    seed: Annotated[int, typer.Option(rich_help_panel=CHECK, help="The same seed begins at the same bars.")] = 1,
    tolerance: Annotated[
        float, typer.Option(rich_help_panel=CHECK, help="What still counts as equal, of a standard deviation.")
    ] = 0.001,
) -> None:
    """Begin the data elsewhere: after how many bars are indicators and decisions what they are with all history?"""
    from tradewind.interfaces.cli.at_work import at_work
    from tradewind.interfaces.cli.bias_check import STAGES, tell
    from tradewind.operations.bias import run_recursive

    console = console_of(ctx)
    with at_work(console, *STAGES) as at:
        finished = run_recursive(request, at, starts=starts, seed=seed, tolerance=tolerance)
    tell(console, finished, "begun elsewhere", lambda: say_found(console, finished.result))


def say_found(console: Console, result: Recursive) -> None:
    """Each value with the history it needs."""
    console.say(
        f"{result.bars:,} bars, {result.decisions:,} decisions, {len(result.starts)} beginnings, "
        f"{result.horizon:,} bars from each"
    )
    rows = [(s.name, s.declared, s.ready_after, s.settled_after, s.off_when_ready, s.words) for s in result.settlings]
    rows.append(("decisions", None, None, result.decisions_settled, None, ""))
    console.table(("value", "warm-up", "ready after", "settled after", "off when ready", ""), rows)
