"""`tradewind backtest`: a strategy over stored data, with a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.run_options import takes_request

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.backtest import BacktestRequest, FinishedRun
    from tradewind.settings import Settings

app = typer.Typer(add_completion=False)

STAGES = ("loading", "compiling", "running", "reporting")
SHOWN = (
    ("total_return", "return"), ("buy_and_hold", "buy and hold"), ("cagr", "a year"), ("sharpe", "Sharpe"),
    ("sortino", "Sortino"), ("max_drawdown", "deepest drawdown"), ("trades", "trades"), ("win_rate", "won"),
    ("profit_factor", "profit factor"), ("exposure_time", "time in the market"), ("fees_paid", "fees"),
    ("funding_paid", "funding"), ("slippage_paid", "slippage"), ("n_trials", "trials counted"),
    ("dsr", "better than luck"),
)  # fmt: skip


@app.command()
@takes_request
def backtest(ctx: typer.Context, request: BacktestRequest) -> None:
    """Run a strategy over stored data; print the key figures and write a report."""
    console = console_of(ctx)
    finished = run_and_show(console, request)
    console.result(as_document(finished))


def run_and_show(console: Console, request: BacktestRequest, settings: Settings | None = None) -> FinishedRun:
    """Run a request with progress, and print what came of it. Raises StrategyFailed where no order could be carried."""
    from tradewind.interfaces.cli.at_work import at_work
    from tradewind.operations.backtest import run_backtest

    with at_work(console, *STAGES, settings=settings) as at:
        finished = run_backtest(request, at)
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


def show(console: Console, finished: FinishedRun) -> None:
    """The key figures, and where the report is."""
    from tradewind.core.domain.instants import instant_text
    from tradewind.core.domain.quantities import so_many

    result = finished.result
    for said in finished.said:
        console.note(said)
    bars = result.markets[0].bars
    mark = "  [SYNTHETIC DATA]" if finished.synthetic else ""
    title = f"{result.strategy.__name__} on {', '.join(m.bars.symbol for m in result.markets)} {bars.timeframe}{mark}"
    console.say(title)
    stretch = f"{instant_text(int(result.time[0]))} to {instant_text(int(result.time[-1]) + bars.step_ns)}"
    console.say(f"{stretch}, {so_many(len(result.time), 'bar')}, {finished.engine}")
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
