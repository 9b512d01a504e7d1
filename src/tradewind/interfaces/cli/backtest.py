"""`tradewind backtest`: a strategy over stored data, with a report."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.interfaces.cli.app import console_of

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.backtest import BacktestRequest, FinishedRun
    from tradewind.settings import Settings

app = typer.Typer(add_completion=False)

MARKET, ACCOUNT, ORDERS = "The market", "The account", "Orders and fills"
STAGES = ("loading", "compiling", "running", "reporting")
SHOWN = (
    ("total_return", "return"), ("buy_and_hold", "buy and hold"), ("cagr", "a year"), ("sharpe", "Sharpe"),
    ("sortino", "Sortino"), ("max_drawdown", "deepest drawdown"), ("trades", "trades"), ("win_rate", "won"),
    ("profit_factor", "profit factor"), ("exposure_time", "time in the market"), ("fees_paid", "fees"),
    ("funding_paid", "funding"), ("slippage_paid", "slippage"),
)  # fmt: skip


@app.command()
def backtest(
    ctx: typer.Context,
    strategy: Annotated[str, typer.Argument(help="A bundled one (sma_cross), or a file: mine.py or mine.py:MyClass.")],
    *,
    symbol: Annotated[list[str] | None, typer.Option("--symbol", "-s", help="Once for each symbol.")] = None,
    timeframe: Annotated[str, typer.Option("--timeframe", "-t", help="Such as 5m, 1h, 1d.")] = "",
    start: Annotated[str, typer.Option(help="First moment, UTC: 2024-01-01 or 2024-01-01T12:00Z.")] = "",
    end: Annotated[str, typer.Option(help="Moment before which it ends.")] = "",
    param: Annotated[list[str] | None, typer.Option("--param", "-p", help="A parameter: fast=12.")] = None,
    engine: Annotated[str, typer.Option(help="auto, compiled or interpreted.")] = "auto",
    cash: Annotated[float, typer.Option(rich_help_panel=ACCOUNT, help="What the account starts with.")] = 10_000.0,
    stake: Annotated[float, typer.Option(rich_help_panel=ACCOUNT, help="Share of free funds an order uses.")] = 1.0,
    leverage: Annotated[float, typer.Option(rich_help_panel=ACCOUNT, help="Position value over equity.")] = 1.0,
    margin: Annotated[str, typer.Option(rich_help_panel=ACCOUNT, help="cross or isolated.")] = "cross",
    hedging: Annotated[bool, typer.Option(rich_help_panel=ACCOUNT, help="Hold long and short side by side.")] = False,
    funding: Annotated[bool, typer.Option(rich_help_panel=ACCOUNT, help="Pay and receive funding.")] = True,
    liquidation: Annotated[bool, typer.Option(rich_help_panel=ACCOUNT, help="Liquidate at maintenance.")] = True,
    fee: Annotated[str, typer.Option(rich_help_panel=MARKET, help="Maker and taker fee, a fraction: 0.0005.")] = "",
    maker_fee: Annotated[str, typer.Option(rich_help_panel=MARKET, help="A fraction; negative is a rebate.")] = "",
    taker_fee: Annotated[str, typer.Option(rich_help_panel=MARKET, help="A fraction.")] = "",
    fee_in_base: Annotated[bool, typer.Option(rich_help_panel=MARKET, help="Spot: buyers pay in base.")] = False,
    tick: Annotated[str, typer.Option(rich_help_panel=MARKET, help="Price step.")] = "",
    lot: Annotated[str, typer.Option(rich_help_panel=MARKET, help="Size step.")] = "",
    size_min: Annotated[str, typer.Option(rich_help_panel=MARKET, help="Least size of an order.")] = "",
    notional_min: Annotated[str, typer.Option(rich_help_panel=MARKET, help="Least value of an order.")] = "",
    maintenance_margin: Annotated[str, typer.Option(rich_help_panel=MARKET, help="A fraction: 0.005.")] = "",
    liquidation_fee: Annotated[str, typer.Option(rich_help_panel=MARKET, help="A fraction: 0.005.")] = "",
    slippage: Annotated[str, typer.Option(rich_help_panel=ORDERS, help="none, fixed, volatility or volume.")] = "fixed",
    slippage_amount: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=ORDERS, help="Fraction of the price (fixed: 0.0001), or multiple of the range (0.1)."
        ),
    ] = None,
    participation: Annotated[
        float, typer.Option(rich_help_panel=ORDERS, help="Share of a bar's volume an order may take; 0: all.")
    ] = 0.0,
    latency_bars: Annotated[int, typer.Option(rich_help_panel=ORDERS, help="Bars until an order arrives.")] = 0,
    latency_ms: Annotated[float, typer.Option(rich_help_panel=ORDERS, help="Milliseconds until it arrives.")] = 0.0,
    orders_max: Annotated[int, typer.Option(rich_help_panel=ORDERS, help="Open orders at once.")] = 64,
    close_at_end: Annotated[bool, typer.Option(rich_help_panel=ORDERS, help="Close what is open at the end.")] = True,
) -> None:
    """Run a strategy over stored data; print the key figures and write a report."""
    from tradewind.core.domain.instants import instant_ns
    from tradewind.core.engine.rules import MarketRules
    from tradewind.operations.backtest import BacktestRequest

    written = {
        "fee": fee, "maker_fee": maker_fee, "taker_fee": taker_fee, "tick": tick, "lot": lot, "size_min": size_min,
        "notional_min": notional_min, "maintenance_margin": maintenance_margin, "liquidation_fee": liquidation_fee,
    }  # fmt: skip
    instrument: dict[str, Any] = {name: text for name, text in written.items() if text}
    if fee_in_base:
        instrument["fee_in_base"] = True
    request = BacktestRequest(
        strategy=strategy,
        symbols=tuple(symbol or ()),
        timeframe=timeframe,
        start_ns=instant_ns(start) if start else None,
        end_ns=instant_ns(end) if end else None,
        parameters=parameters_from(param or []),
        rules=MarketRules(
            cash=cash,
            leverage=leverage,
            margin=margin,  # type: ignore[arg-type]
            hedging=hedging,
            stake=stake,
            slippage=slippage,  # type: ignore[arg-type]
            slippage_amount=slippage_amount,
            participation=participation,
            latency_bars=latency_bars,
            latency_ms=latency_ms,
            funding=funding,
            liquidation=liquidation,
            close_at_end=close_at_end,
            orders_max=orders_max,
        ),
        instrument=instrument,
        engine=engine,  # type: ignore[arg-type]
    )
    console = console_of(ctx)
    finished = run_and_show(console, request)
    console.result(as_document(finished))


def run_and_show(console: Console, request: BacktestRequest, settings: Settings | None = None) -> FinishedRun:
    """Run a request with progress, and print what came of it. Raises StrategyFailed where no order could be carried.

    What the strategy itself prints goes to stderr: stdout is for results.
    """
    from contextlib import redirect_stdout

    from tradewind import __version__, bootstrap
    from tradewind.interfaces.cli.clock import now_ns
    from tradewind.operations.backtest import run_backtest
    from tradewind.settings import load_settings

    settings = settings or load_settings()
    with console.progress(*STAGES) as progress, redirect_stdout(sys.stderr):
        finished = run_backtest(
            request,
            catalogue=bootstrap.open_catalogue(settings),
            runs=bootstrap.open_runs(settings),
            cache=settings.cache / "kernels",
            now_ns=now_ns(),
            made_by=f"Tradewind {__version__}",
            progress=progress,
        )
    show(console, finished)
    every_order_refused(finished)
    return finished


def every_order_refused(finished: FinishedRun) -> None:
    """A run whose every order was refused is no result: say so, with the first reason."""
    from tradewind.core.domain.errors import StrategyFailed
    from tradewind.core.domain.instants import instant_text
    from tradewind.core.engine.constants import CANCEL

    run = finished.result.run
    asked = int((run.decisions["action"] != CANCEL).sum())
    if 0 < asked <= sum(refusal.count for refusal in run.refusals) and len(run.fills) == 0:
        first = min(run.refusals, key=lambda refusal: refusal.first)
        raise StrategyFailed(
            f"every order was refused: the first, at {instant_text(first.first)}: {first.text}",
            where=finished.result.strategy.__name__,
            fix=f"Look at the run: {finished.report}",
        )


def parameters_from(texts: list[str]) -> dict[str, str]:
    """`fast=12` as {"fast": "12"}. Raises BadInput for anything else."""
    from tradewind.core.domain.errors import BadInput

    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise BadInput(f"{text!r} is not a parameter", where="--param", fix="Write a name, =, a value: fast=12")
        if name.strip() in found:
            raise BadInput(f"the parameter {name.strip()!r} is given twice", where="--param", fix="Give it once")
        found[name.strip()] = value.strip()
    return found


def show(console: Console, finished: FinishedRun) -> None:
    """The key figures, and where the report is."""
    from tradewind.core.domain.instants import instant_text

    result = finished.result
    for said in finished.said:
        console.note(said)
    bars = result.markets[0].bars
    mark = "  [SYNTHETIC DATA]" if finished.synthetic else ""
    title = f"{result.strategy.__name__} on {', '.join(m.bars.symbol for m in result.markets)} {bars.timeframe}{mark}"
    console.say(title)
    stretch = f"{instant_text(int(result.time[0]))} to {instant_text(int(result.time[-1]) + bars.step_ns)}"
    console.say(f"{stretch}, {len(result.time):,} bars, {finished.engine}")
    for name, label in SHOWN:
        console.say(f"  {label:<20}{figure(name, result.metrics[name]):>14}")
    for sentence in finished.quality:
        console.note(f"data: {sentence}")
    for warning in finished.warnings:
        console.note(f"note: {warning}")
    console.say(f"decision hash {finished.hashes['decisions']}")
    console.say(f"report {finished.report}")


def figure(name: str, value: float | int | None) -> str:
    """A metric as a person reads it."""
    from tradewind.core.performance.metrics import METRICS, Unit

    if value is None:
        return "-"
    unit = METRICS[name].unit
    if unit is Unit.FRACTION:
        return f"{value:.2%}"
    if unit is Unit.COUNT:
        return f"{value:,}"
    return f"{value:,.2f}"


def as_document(finished: FinishedRun) -> dict[str, Any]:
    """A finished run as plain values, for --json."""
    result = finished.result
    return {
        "run": finished.name,
        "folder": str(finished.folder),
        "report": str(finished.report),
        "strategy": result.strategy.__name__,
        "parameters": result.parameters,
        "symbols": [m.bars.symbol for m in result.markets],
        "timeframe": result.markets[0].bars.timeframe,
        "bars": len(result.time),
        "synthetic": finished.synthetic,
        "engine": result.run.engine,
        "from_cache": result.run.cached,
        "why_interpreted": result.run.why_interpreted,
        "decision_hash": result.run.decision_hash,
        "hashes": dict(finished.hashes),
        "metrics": result.metrics,
        "undefined": result.performance.undefined,
        "refusals": list(result.run.refusals),
        "warnings": list(finished.warnings),
        "quality": list(finished.quality),
    }
