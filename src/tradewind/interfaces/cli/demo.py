"""`tradewind demo`: the whole journey in a folder of its own."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.interfaces.cli.app import console_of

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.settings import Settings

app = typer.Typer(add_completion=False)

SYMBOL, TIMEFRAME, SEED = "DEMO/USDT:USDT", "1h", 7
START, BARS = "2023-01-01", 730 * 24
STRATEGIES = ("sma_cross", "donchian_breakout", "rsi_mean_reversion")


@app.command()
def demo(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where to keep it all.")] = Path("tradewind-demo"),
) -> None:
    """Make a market, check it, backtest three strategies on it and write their reports. Needs nothing, asks nothing."""
    from tradewind.core.domain.errors import BadInput
    from tradewind.settings import load_settings

    console = console_of(ctx)
    home = folder.resolve()
    if home.exists() and not home.is_dir():
        raise BadInput("it is a file, not a folder", where=str(folder), fix="Name a folder: tradewind demo my-demo")
    home.mkdir(parents=True, exist_ok=True)
    # Its own settings: neither the environment's nor those of the working folder.
    settings = load_settings({"TRADEWIND_HOME": str(home)}, folder=home)
    market = f"--symbol {SYMBOL} --timeframe {TIMEFRAME}"
    _step(console, "1. Make a market (invented: it shows how things work, not what makes money)",
          f"tradewind data generate {market} --start {START} --bars {BARS} --seed {SEED}")  # fmt: skip
    _make_market(settings)
    _step(console, "2. Check it", f"tradewind data check --symbol {SYMBOL}")
    findings = _check(console, settings)
    finished = []
    for number, strategy in enumerate(STRATEGIES, 3):
        _step(console, f"{number}. Backtest {strategy}", f"tradewind backtest {strategy} {market}")
        finished.append(_run(console, strategy, settings))
    console.result({"home": str(home), "findings": findings, "runs": finished})
    here = shlex.quote(str(home))
    console.say()
    console.say(f"Open a report: {finished[0]['report']}")
    console.say(f"All of it is in {home}: go on there with export TRADEWIND_HOME={here}")
    console.say(f"Is one of them worth money? tradewind validate {STRATEGIES[0]} {market}")
    console.say("Your own idea: tradewind new strategy my_idea; your own data: tradewind data import FILE")


def _step(console: Console, title: str, command: str) -> None:
    console.say()
    console.say(title)
    console.say(f"   $ {command}")


def _make_market(settings: Settings) -> None:
    from tradewind import bootstrap
    from tradewind.core.domain.instants import instant_ns
    from tradewind.core.domain.synthetic import SyntheticMarket
    from tradewind.interfaces.cli.clock import now_ns
    from tradewind.operations.data_making import generate_data

    market = SyntheticMarket(symbols=(SYMBOL,), timeframe=TIMEFRAME, start_ns=instant_ns(START), bars=BARS, seed=SEED)
    generate_data(market, catalogue=bootstrap.open_catalogue(settings), now_ns=now_ns())


def _check(console: Console, settings: Settings) -> Any:
    from tradewind import bootstrap
    from tradewind.interfaces.cli.data_shown import list_findings
    from tradewind.operations.data import check_sets, chosen

    catalogue = bootstrap.open_catalogue(settings)
    checked = check_sets(catalogue, chosen(catalogue, SYMBOL))
    for each in checked:
        console.say(f"   {each.stored.key}: {each.report.rows:,} rows, {len(each.report.findings)} findings")
    list_findings(console, [(str(each.stored.key), each.report.findings) for each in checked])
    return checked


def _run(console: Console, strategy: str, settings: Settings) -> dict[str, Any]:
    from tradewind.interfaces.cli.backtest import as_document, run_and_show
    from tradewind.operations.backtest import BacktestRequest

    return as_document(run_and_show(console, BacktestRequest(strategy, (SYMBOL,), TIMEFRAME), settings))
