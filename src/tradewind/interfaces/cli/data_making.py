"""`tradewind data generate`, `resample`, `show` and `remove`: sets that are made, looked at, forgotten."""

from __future__ import annotations

from typing import Annotated

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.data_shown import list_sets, note_seals

SYMBOLS_DEFAULT = ["BTC/USDT"]
TheSymbol = Annotated[str, typer.Option("--symbol", "-s", help="Such as BTC/USDT.")]
TheTimeframe = Annotated[str, typer.Option("--timeframe", "-t", help="Such as 1m, 5m, 1h, 1d.")]


def generate(
    ctx: typer.Context,
    *,
    symbol: Annotated[
        list[str], typer.Option("--symbol", "-s", help="Once per symbol; BTC/USDT:USDT is a perpetual with funding.")
    ] = SYMBOLS_DEFAULT,
    timeframe: TheTimeframe = "1h",
    start: Annotated[str, typer.Option(help="The first bar's date.")] = "2024-01-01",
    bars: Annotated[int, typer.Option(help="How many bars.")] = 8_760,
    seed: Annotated[int, typer.Option(help="The same seed makes the same market on every machine.")] = 1,
    correlation: Annotated[float, typer.Option(help="Between symbols, from 0 to 1.")] = 0.6,
) -> None:
    """Make up a market with regimes, jumps, volume and funding. It is marked as synthetic wherever it is shown."""
    from tradewind import bootstrap
    from tradewind.core.domain.instants import instant_ns
    from tradewind.core.domain.synthetic import SyntheticMarket
    from tradewind.interfaces.cli.clock import now_ns
    from tradewind.operations.data_making import generate_data

    console = console_of(ctx)
    market = SyntheticMarket(tuple(dict.fromkeys(symbol)), timeframe, instant_ns(start), bars, seed, correlation)
    with console.progress("making the market up", "storing") as progress:
        stored = generate_data(market, catalogue=bootstrap.open_catalogue(), now_ns=now_ns(), progress=progress)
    console.result({"stored": stored})
    list_sets(console, stored, "Made up (no result on synthetic data says anything about a real market)")


def resample(
    ctx: typer.Context,
    *,
    symbol: TheSymbol,
    source: Annotated[str, typer.Option("--from", help="The stored timeframe.")],
    target: Annotated[str, typer.Option("--to", help="The longer timeframe to make.")],
    replace: Annotated[bool, typer.Option("--replace", help="Where stored rows disagree, the new rows win.")] = False,
) -> None:
    """Make a longer timeframe of stored candles. Bars that are not whole at either end are dropped; gaps stay."""
    from tradewind import bootstrap
    from tradewind.interfaces.cli.clock import now_ns
    from tradewind.operations.data_making import resample_data

    console = console_of(ctx)
    # Rows go from store to store and nobody sees them, so what is sealed may be made of what is sealed.
    whole = bootstrap.open_catalogue(sealed=False)
    made = resample_data(symbol, source, target, catalogue=whole, now_ns=now_ns(), replace=replace)
    console.result(made)
    list_sets(console, [made.stored], "Resampled")
    if made.dropped_first or made.dropped_last:
        console.note(
            f"{made.dropped_first} rows at the start and {made.dropped_last} at the end of {source} fill no whole bar "
            f"of {target} and were left out"
        )
    if made.partial:
        console.note(f"{made.partial} bars are made of fewer rows than they span: the gaps in {source} are in them")


def show(
    ctx: typer.Context,
    *,
    symbol: TheSymbol,
    timeframe: TheTimeframe,
    start: Annotated[str | None, typer.Option(help="The first date, in UTC.")] = None,
    end: Annotated[str | None, typer.Option(help="The date before which to stop.")] = None,
    page: Annotated[int, typer.Option(help="Pages count from 1.")] = 1,
    rows: Annotated[int, typer.Option(help="Rows a page.")] = 20,
) -> None:
    """A page of candles, with the gaps before them."""
    from tradewind import bootstrap
    from tradewind.core.domain.instants import instant_ns, instant_text
    from tradewind.operations.data import candle_page

    console, catalogue = console_of(ctx), bootstrap.open_catalogue()
    shown = candle_page(
        catalogue,
        symbol,
        timeframe,
        start_ns=instant_ns(start) if start else None,
        end_ns=instant_ns(end) if end else None,
        page=page,
        page_rows=rows,
    )
    console.result(shown)
    origin = " SYNTHETIC" if shown.synthetic else ""
    of_pages = f"page {page} of {shown.pages}, {shown.rows:,} bars, {shown.gaps} gaps"
    console.table(
        ("time", "open", "high", "low", "close", "volume", "gap before"),
        [
            (instant_text(c.time_ns), *(f"{x:.10g}" for x in (c.open, c.high, c.low, c.close, c.volume)),
             f"{c.gap_bars:,} bars missing" if c.gap_bars else "")
            for c in shown.candles
        ],
        title=f"{symbol} {shown.timeframe}{origin}: {of_pages}",
    )  # fmt: skip
    note_seals(console, catalogue, [symbol])


def remove(
    ctx: typer.Context,
    symbol: Annotated[str, typer.Argument(help="The symbol to forget.")],
    *,
    timeframe: Annotated[
        str | None, typer.Option("--timeframe", "-t", help="Only the candles of this timeframe.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", "-k", help="Only candles, funding or mark.")] = None,
) -> None:
    """Forget stored data sets of a symbol: all of them, or those of a timeframe or kind."""
    from tradewind import bootstrap
    from tradewind.interfaces.cli.data_shown import kind_named
    from tradewind.operations.data import chosen

    console, catalogue = console_of(ctx), bootstrap.open_catalogue()
    removed = [catalogue.remove(info.key) for info in chosen(catalogue, symbol, timeframe, kind_named(kind))]
    console.result({"removed": removed})
    for info in removed:
        console.say(f"removed {info.key}: {info.rows:,} rows")
