"""`tradewind portfolio`: several strategies and symbols on one account."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.run_options import takes_written

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.finished import Finished
    from tradewind.research.portfolio_result import Portfolio

app = typer.Typer(add_completion=False)
PARTS = "The sleeves and their parts"
STAGES = ("loading", "alone", "running", "reporting")
DATA = ("timeframe", "start", "end", "engine")
SHOWN = (
    ("total_return", "return"), ("buy_and_hold", "buy and hold"), ("cagr", "a year"), ("sharpe", "Sharpe"),
    ("volatility", "volatility"), ("max_drawdown", "deepest drawdown"), ("trades", "trades"), ("fees_paid", "fees"),
)  # fmt: skip


@app.command()
@takes_written
def portfolio(
    ctx: typer.Context,
    written: dict[str, Any],
    file: Annotated[Path | None, typer.Argument(help="A file of sleeves: tradewind portfolio --example.")] = None,
    *,
    sleeve: Annotated[
        list[str] | None,
        typer.Option(rich_help_panel=PARTS, help="Or once for each: sma_cross@BTC/USDT:USDT,fast=10,slow=50."),
    ] = None,
    allocation: Annotated[
        str | None,
        typer.Option("--allocation", "-a", rich_help_panel=PARTS, help="equal, volatility_target, risk_parity, kelly."),
    ] = None,
    every: Annotated[
        str | None, typer.Option(rich_help_panel=PARTS, help="Rebalance every 7d, 2w, 1M, or never. Usually 1M.")
    ] = None,
    drift: Annotated[
        float | None, typer.Option(rich_help_panel=PARTS, help="And when a sleeve is so far off: 0.05.")
    ] = None,
    resize: Annotated[
        bool | None, typer.Option("--resize/--no-resize", rich_help_panel=PARTS, help="Whether positions follow.")
    ] = None,
    example: Annotated[bool, typer.Option("--example", help="Print a file to start from, and stop.")] = False,
) -> None:
    """Run several strategies and symbols on one account, with weights and rebalancing; say what each added."""
    from tradewind.operations.portfolio_request import EXAMPLE, request_from

    console = console_of(ctx)
    if example:
        console.result({"example": EXAMPLE})
        console.say(EXAMPLE.rstrip())
        return
    own = {"method": ("allocation", allocation), "every": ("rebalance", every), "drift": ("rebalance", drift)}
    own["resize"] = ("rebalance", resize)
    tables = tables_of(file, sleeve or [], written, {name: (t, v) for name, (t, v) in own.items() if v is not None})
    request = request_from(tables, str(file or "--sleeve"), command_again())
    finished = run_and_show(console, request)
    console.result(finished.as_document())


def tables_of(
    file: Path | None, sleeves: list[str], written: dict[str, Any], own: dict[str, tuple[str, Any]]
) -> dict[str, Any]:
    """The file's tables, or those that `--sleeve` makes; what is written on the command line stands above them.

    Raises BadInput for neither of them, or both.
    """
    from tradewind.core.domain.errors import BadInput
    from tradewind.operations.portfolio_request import SEE_EXAMPLE, read_tables, sleeve_of

    if file is not None and sleeves:
        raise BadInput("sleeves are in the file and on the command line", where=str(file), fix="Keep one of them")
    if file is None and not sleeves:
        raise BadInput("it is not said what to run", where="portfolio", fix=f"Give a file, or --sleeve. {SEE_EXAMPLE}")
    tables: dict[str, Any] = {"sleeve": [sleeve_of(text) for text in sleeves]}
    if file is not None:
        tables = read_tables(file)
    moved = {name: ("data" if name in DATA else "account", value) for name, value in written.items()}
    for name, (table, value) in {**moved, **own}.items():
        if isinstance(tables.setdefault(table, {}), dict):
            tables[table][name] = value
    return tables


def command_again() -> str:
    """The command line as it was written, but for what changes only how it speaks."""
    from tradewind.interfaces.cli.app import GLOBAL_FLAGS

    words = sys.argv[1:] if "portfolio" in sys.argv[1:] else ["portfolio"]
    return shlex.join(["tradewind", *(word for word in words if word not in GLOBAL_FLAGS)])


def run_and_show(console: Console, request: Any) -> Finished[Portfolio]:
    """Run with progress, and print what came of it."""
    from tradewind.interfaces.cli.at_work import at_work
    from tradewind.operations.portfolio import run_portfolio

    with at_work(console, *STAGES) as at:
        finished = run_portfolio(request, at)
    show(console, finished)
    return finished


def show(console: Console, finished: Finished[Portfolio]) -> None:
    """The sleeves, the account, and where the page is."""
    from tradewind.core.domain.instants import instant_text
    from tradewind.interfaces.cli.backtest import figure

    found = finished.result
    for said in finished.said:
        console.note(said)
    mark = "  [SYNTHETIC DATA]" if finished.synthetic else ""
    count = len(found.sleeves)
    console.say(f"{count} sleeve{'s' * (count > 1)} on one account, {found.allocation.method}{mark}")
    console.say(
        f"{instant_text(int(found.time[0]))} to {instant_text(int(found.closes[-1]))}, {len(found.moves):,} rebalances"
    )

    def share(value: float | None) -> str:
        return "-" if value is None else f"{value:.1%}"

    console.table(
        ("sleeve", "markets", "mean weight", "own return", "of the return", "of the risk", "trades"),
        [
            (
                s["name"], f"{', '.join(s['symbols'])} {s['timeframe']}", share(s["weight_mean"]),
                share(s["own_return"]), share(s["of_return"]), share(s["share_of_risk"]), s["trades"],
            )
            for s in finished.document["sleeves"]
        ],
    )  # fmt: skip
    for name, label in SHOWN:
        console.say(f"  {label:<20}{figure(name, found.metrics[name]):>14}")
    for warning in finished.warnings:
        console.note(f"note: {warning}")
    console.say(finished.verdict.replace("\N{NARROW NO-BREAK SPACE}", " "))
    console.say(f"report {finished.report}")
