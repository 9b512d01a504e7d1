"""`tradewind data download`: an exchange's history into the catalogue."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.data_shown import kind_named, list_sets


def download(
    ctx: typer.Context,
    *,
    symbol: Annotated[list[str], typer.Option("--symbol", "-s", help="As ccxt writes it; once per symbol.")],
    timeframe: Annotated[list[str] | None, typer.Option("--timeframe", "-t", help="1m, 1h, ...; once each.")] = None,
    start: Annotated[str, typer.Option(help="The first date, in UTC.")],
    end: Annotated[str | None, typer.Option(help="The date before which to stop; now, if left out.")] = None,
    kind: Annotated[str, typer.Option("--kind", "-k", help="candles, funding or mark.")] = "candles",
    exchange: Annotated[str | None, typer.Option(help="As ccxt calls it: binance, okx, bybit.")] = None,
    url: Annotated[
        str | None, typer.Option(envvar="TRADEWIND_EXCHANGE_URL", help="Ask another host, such as a proxy.")
    ] = None,
) -> None:
    """Download history. A second run goes on where the first one stopped, and brings what is new since then."""
    from tradewind import bootstrap
    from tradewind.core.domain.data_sets import DataKey
    from tradewind.core.domain.errors import BadInput
    from tradewind.core.domain.instants import instant_ns
    from tradewind.core.domain.market_data import Kind
    from tradewind.core.domain.timeframes import timeframe_ns
    from tradewind.interfaces.cli.clock import now_ns
    from tradewind.operations.data_download import download as bring
    from tradewind.settings import load_settings

    console, of_kind = console_of(ctx), kind_named(kind) or Kind.CANDLES
    if of_kind is Kind.CANDLES and not timeframe:
        raise BadInput("which candles?", fix="Say the timeframe: --timeframe 1h")
    frames = timeframe if of_kind is Kind.CANDLES and timeframe else [""]
    for name in filter(None, frames):
        timeframe_ns(name)
    start_ns, end_ns = instant_ns(start), instant_ns(end) if end else None
    settings = load_settings()
    history, catalogue = bootstrap.open_history(exchange or settings.exchange, url), bootstrap.open_catalogue(settings)
    with console.progress() as progress:
        done = [
            bring(
                DataKey(name, of_kind, frame),
                start_ns,
                end_ns,
                catalogue=catalogue,
                history=history,
                now_ns=now_ns,
                sleep=time.sleep,
                progress=progress,
            )
            for name in symbol
            for frame in frames
        ]
    console.result({"downloaded": done})
    for each in done:
        console.note(f"{each.key}: {each.rows_new:,} new rows in {each.pages} pages, asked again {each.retries} times")
    list_sets(console, [each.stored for each in done if each.stored is not None], "Stored")
