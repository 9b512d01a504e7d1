"""`tradewind data publish`: recorded market data onto the bus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.interfaces.cli.app import console_of

if TYPE_CHECKING:
    from pathlib import Path


def publish(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(help="A stored symbol, such as BTC/USDT, or the file of a recorded book.")],
    *,
    timeframe: Annotated[str | None, typer.Option("--timeframe", "-t", help="Of the stored candles.")] = None,
    start: Annotated[str | None, typer.Option(help="From when on, as 2024-05-04.")] = None,
    end: Annotated[str | None, typer.Option(help="Until when, not included.")] = None,
    speed: Annotated[str, typer.Option(help="So many times as fast as it came, or max.")] = "max",
) -> None:
    """Publish recorded ticks as price.tick and price.quote events, for services to work on. Twice adds nothing.

    Of stored candles each is walked as four ticks; of a recorded order book come its trades and quotes.
    """
    import asyncio
    from contextlib import AsyncExitStack
    from pathlib import Path

    from tradewind import bootstrap
    from tradewind.core.domain.errors import BadInput
    from tradewind.core.domain.instants import instant_ns, instant_text
    from tradewind.operations.data_publish import PublishedFeed, candle_feed, publish_feed, recorded_feed
    from tradewind.ports.event_store import EventQuery
    from tradewind.settings import load_settings

    console, factor = console_of(ctx), _speed(speed)
    file, catalogue = Path(what), bootstrap.open_catalogue()

    def stored() -> bool:
        return any(info.key.symbol == what for info in catalogue.data_sets())

    if file.is_file() or (_is_meant_as_file(file, what) and not stored()):
        if timeframe or start or end:
            raise BadInput("a recording is published whole", where="--timeframe, --start, --end", fix="Leave them out")
        feed = recorded_feed(bootstrap.read_order_book(file), file.name)
    else:
        first, last = (None if text is None else instant_ns(text) for text in (start, end))
        feed = candle_feed(catalogue, what, timeframe, first, last)

    async def work() -> tuple[PublishedFeed, int]:
        async with AsyncExitStack() as opened:
            store = bootstrap.open_event_store()
            opened.push_async_callback(store.close)
            bus = bootstrap.open_bus(store)
            opened.push_async_callback(bus.close)
            before = await store.last_position()
            with console.progress("publishing") as progress:
                done = await publish_feed(feed, bus, speed=factor, progress=progress)
            query = EventQuery(tokens=(feed.symbol,), types=("price.tick", "price.quote"), after_position=before)
            return done, await store.count(query)

    try:
        done, new = asyncio.run(work())
    except KeyboardInterrupt:
        again = "Publish the same again to go on: what is there already is not there twice"
        raise KeyboardInterrupt("interrupted; what was published until now is there", again) from None
    through_kafka = bool(load_settings().kafka)
    console.result(
        {
            "symbol": feed.symbol, "source": feed.source, "synthetic": feed.synthetic, "events": done.events,
            "new": None if through_kafka else new, "first": done.first_ns, "last": done.last_ns,
        }
    )  # fmt: skip
    mark = "  [SYNTHETIC DATA]" if feed.synthetic else ""
    console.say(f"{feed.symbol}: {done.events:,} events of {feed.source!r}{mark}")
    console.say(f"  {instant_text(done.first_ns)} to {instant_text(done.last_ns)}")
    if not through_kafka:
        console.say(f"  {new:,} of them are new" if new else "  all of them were there already")
    console.note("Make candles of them, and look at their quality: tradewind serve candles quality --until-idle")


def _is_meant_as_file(file: Path, what: str) -> bool:
    """Whether who wrote this had a file in mind, be it there or not: symbols are capitals, as ccxt has them."""
    return file.exists() or what.startswith((".", "/", "~")) or file.suffix[1:].islower()


def _speed(text: str) -> float | None:
    from math import isfinite

    from tradewind.core.domain.errors import BadInput

    try:
        factor = None if text == "max" else float(text)
    except ValueError:
        factor = 0.0
    if factor is not None and not (isfinite(factor) and factor > 0.0):
        raise BadInput(f"{text!r} is no speed", where="--speed", fix="Give a number above 0, such as 60, or max")
    return factor
