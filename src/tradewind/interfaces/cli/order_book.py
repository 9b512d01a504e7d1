"""`tradewind order-book`: check a recording of an order book, and replay it to a strategy."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.run_options import takes_request

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.backtest_request import BacktestRequest
    from tradewind.operations.finished import Finished
    from tradewind.research.book_backtest import BookBacktest
    from tradewind.research.book_summary import BookSummary

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Check recorded order books, and trade in them.")

OF_BARS = (
    "symbol", "timeframe", "start", "end", "hedging", "funding", "slippage", "slippage_amount", "participation",
    "latency_bars", "latency_ms",
)  # fmt: skip
"""Options of a backtest that mean nothing where there are no bars."""
LATENCY = "Ways and queues"
FILE = "Raw messages of Binance, one a line: local ns, a blank, JSON. Plain or gzip."
STAGES = ("loading", "compiling", "running", "reporting")
SHOWN = (
    ("total_return", "return"), ("net_profit", "profit"), ("max_drawdown", "deepest drawdown"),
    ("trades", "trades"), ("win_rate", "won"), ("exposure_time", "time in the market"), ("fees_paid", "fees"),
)  # fmt: skip


@app.command()
def check(ctx: typer.Context, recording: Annotated[Path, typer.Argument(help=FILE)]) -> None:
    """Rebuild the book of a recording, compare it with the venue's own quotes, and say what is wrong with it."""
    from tradewind import bootstrap
    from tradewind.operations.order_book import check_recording
    from tradewind.settings import load_settings

    console, settings = console_of(ctx), load_settings()
    with console.progress("loading", "checking") as progress:
        found = check_recording(
            recording,
            recordings=bootstrap.open_book_recordings(),
            cache=settings.cache / "kernels",
            progress=progress,
        )
    console.result(asdict(found))
    _show_check(console, found)


@app.command()
def generate(
    ctx: typer.Context,
    recording: Annotated[Path, typer.Argument(help="The file to write; .gz packs it.")],
    symbol: Annotated[str, typer.Option("--symbol", "-s", help="As ccxt writes it.")] = "DEMO/USDT:USDT",
    seconds: Annotated[float, typer.Option(help="How long it is.")] = 60.0,
    seed: Annotated[int, typer.Option(help="The same seed makes the same book on every machine.")] = 1,
    gaps: Annotated[int, typer.Option(help="Messages to leave out, so that the book is lost and found again.")] = 0,
) -> None:
    """Make an order book up, to try things on. It is marked as synthetic wherever it is shown."""
    from tradewind import bootstrap
    from tradewind.core.domain.synthetic_book import SyntheticBook
    from tradewind.operations.order_book import make_recording

    console = console_of(ctx)
    made = make_recording(
        SyntheticBook(symbol, seconds, seed, gaps), recording, recordings=bootstrap.open_book_recordings()
    )
    console.result({"recording": recording, "symbol": symbol, "events": len(made), "synthetic": True, "seed": seed})
    console.say(f"{recording}: {symbol}, {len(made):,} events  [SYNTHETIC DATA]")
    console.note(f"Check it: tradewind order-book check {recording}")


@app.command()
@partial(takes_request, without=OF_BARS)
def backtest(
    ctx: typer.Context,
    request: BacktestRequest,
    recording: Annotated[Path, typer.Argument(help=FILE)],
    order_ms: Annotated[
        float, typer.Option(rich_help_panel=LATENCY, help="An order's or cancellation's way to the venue.")
    ] = 10.0,
    report_ms: Annotated[float, typer.Option(rich_help_panel=LATENCY, help="The venue's answer's way back.")] = 10.0,
    feed_ms: Annotated[
        float | None, typer.Option(rich_help_panel=LATENCY, help="The data's way; as recorded if left out.")
    ] = None,
    queue: Annotated[
        str,
        typer.Option(
            rich_help_panel=LATENCY,
            help="proportional: cancellations come from ahead and behind alike; back: only from behind.",
        ),
    ] = "proportional",
) -> None:
    """Replay a recorded order book to a strategy that has on_book, on_trade or on_quote; write a report."""
    from tradewind import bootstrap
    from tradewind.core.engine.books.rules import BookRules
    from tradewind.interfaces.cli.at_work import at_work
    from tradewind.operations.order_book import BookRequest, run_book_backtest

    console = console_of(ctx)
    asked = BookRequest(request, recording, BookRules(order_ms, report_ms, feed_ms, queue))  # type: ignore[arg-type]
    with at_work(console, *STAGES) as at:
        finished = run_book_backtest(asked, at, recordings=bootstrap.open_book_recordings())
    console.result(finished.as_document())
    _show_backtest(console, finished)


def _show_check(console: Console, found: BookSummary) -> None:
    from tradewind.core.domain.instants import instant_text

    trades = found.trades
    mark = "" if found.synthetic_seed is None else "  [SYNTHETIC DATA]"
    console.say(f"{found.symbol}{mark}  {instant_text(found.start_ns)} to {instant_text(found.end_ns)}")
    console.say(f"  tick {found.tick or '-'}, lot {found.lot or '-'}")
    console.table(("messages", "count"), list(found.counts.items()))
    console.say()
    sides = (
        ("all", trades.count, trades.size, trades.vwap),
        ("aggressor bought", trades.buys, trades.buy_size, trades.buy_vwap),
        ("aggressor sold", trades.sells, trades.sell_size, trades.sell_vwap),
    )
    console.table(
        ("trades", "count", "size", "average price"),
        [
            (name, count, f"{size:,.8g}", "-" if price is None else f"{price:,.10g}")
            for name, count, size, price in sides
        ],
    )
    console.say(f"  {trades.aggregated:,} orders of one millisecond, price and side made them")
    console.say()
    low, middle, high = found.feed_ms
    console.say(f"  feed latency {low:,.1f} ms at least, {middle:,.1f} ms mostly, {high:,.1f} ms in one of a hundred")
    console.say(
        f"  book: {found.snapshots:,} snapshots, {found.gaps:,} gaps, invalid for {found.invalid_ns / 1e9:,.3f} s, "
        f"crossed {found.crossed:,} times"
    )
    console.say(
        f"  top of the book against the venue's quotes: {found.compared:,} compared, {found.equal:,} equal "
        f"({found.same_number:,} of them at the very same number)"
    )
    for finding in found.findings:
        console.note(f"note: {finding}")


def _show_backtest(console: Console, finished: Finished[BookBacktest]) -> None:
    from tradewind.interfaces.cli.backtest import figure

    result = finished.result
    mark = "" if result.recording.synthetic_seed is None else "  [SYNTHETIC DATA]"
    console.say(f"{result.strategy.__name__} in the order book of {result.recording.symbol}{mark}")
    console.say(f"{len(result.recording):,} events, {result.run.engine}")
    for name, label in SHOWN:
        console.say(f"  {label:<20}{figure(name, result.metrics[name]):>14}")
    queue = result.queue
    console.say(f"  {'fills as maker':<20}{int(queue['maker_fills']):>14,}")
    console.say(f"  {'fills as taker':<20}{int(queue['taker_fills']):>14,}")
    for warning in finished.warnings:
        console.note(f"note: {warning}")
    console.say(f"decision hash {result.run.decision_hash}")
    console.say(f"report {finished.report}")
