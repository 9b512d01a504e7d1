"""`tradewind lineage SYMBOL@TIMEFRAME@TIME`: what a candle was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.ports.event_store import StoredEvent
    from tradewind.trading.candle_lineage import CandleLineage

SHOWN_MAX = 20
"""Ticks that were left out and are shown to people."""


def show_candle(console: Console, what: str) -> None:
    """Find the candle, make it once more, and say what is known. Raises BadInput, and Disputed where it differs."""
    import asyncio

    from tradewind import bootstrap
    from tradewind.core.domain.errors import Disputed
    from tradewind.core.domain.instants import instant_ns
    from tradewind.operations.tenant import TENANT
    from tradewind.trading.candle_lineage import candle_lineages

    symbol, timeframe, time = what.split("@")

    async def work() -> list[CandleLineage]:
        store = bootstrap.open_event_store()
        try:
            return await candle_lineages(store, symbol, timeframe, instant_ns(time), tenant=TENANT)
        finally:
            await store.close()

    found = asyncio.run(work())
    console.result({"candles": [_document(one) for one in found]})
    for one in found:
        _show(console, one)
    if differing := [one for one in found if not one.agrees]:
        raise Disputed(
            f"{len(differing)} of {len(found)} candles are not what their ticks make",
            where=what,
            fix="Ticks may have been forgotten since (tradewind upkeep), or another process made the candle of fewer",
        )


def _document(one: CandleLineage) -> dict[str, Any]:
    import msgspec

    from tradewind.trading.closed_candles import is_by_clock

    return {
        "candle": msgspec.to_builtins(one.candle.event),
        "agrees": one.agrees,
        "again": None if one.again is None else msgspec.to_builtins(one.again),
        "closed_by": None if one.closed_by is None else one.closed_by.event.event_id,
        "by_clock": is_by_clock(one.candle.event),
        "ticks": {"number": one.number, "first": _id(one.first), "last": _id(one.last)},
        "left_out": [{"event_id": s.event.event_id, "why": why} for s, why in one.left_out],
        "left_out_number": one.left_out_number,
    }


def _id(stored: StoredEvent | None) -> str | None:
    return None if stored is None else stored.event.event_id


def _show(console: Console, one: CandleLineage) -> None:
    from tradewind.core.domain.instants import instant_text
    from tradewind.trading.closed_candles import is_by_clock
    from tradewind.trading.feed_days import SYNTHETIC

    event, c = one.candle.event, one.candle.event.data
    mark = "  [SYNTHETIC DATA]" if event.source.startswith(SYNTHETIC) else ""
    console.say(
        f"candle {c.symbol} {c.timeframe} {instant_text(c.time)} of {event.source!r}, event {event.event_id}{mark}"
    )
    console.say(f"  open {c.open:g}, high {c.high:g}, low {c.low:g}, close {c.close:g}, volume {c.volume:g}")
    console.say(f"  made once more of its {one.number:,} ticks: {'equal' if one.agrees else 'DIFFERENT'}")
    for name, tick in (("first", one.first), ("last", one.last), ("closed by", one.closed_by)):
        if tick is not None:
            e = tick.event
            console.say(
                f"  {name}: {e.data.size:g} at {e.data.price:g}, {instant_text(e.time_event)}, event {e.event_id}"
            )
    if one.closed_by is None:
        clock = is_by_clock(one.candle.event)
        console.say(f"  closed by: {'the clock' if clock else 'a tick that is not stored any more'}")
    if one.left_out_number:
        console.table(
            ("left out", "time", "price", "size", "event"),
            [
                (why, instant_text(s.event.time_event), s.event.data.price, s.event.data.size, s.event.event_id)
                for s, why in one.left_out[:SHOWN_MAX]
            ],
        )
        console.say(f"  {one.left_out_number:,} ticks were left out")
