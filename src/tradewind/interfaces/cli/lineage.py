"""`tradewind lineage`: where an order or a fill came from, and what came of a tick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.lineage_candle import show_candle

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.ports.event_store import StoredEvent
    from tradewind.trading.sessions.consequences import Consequences
    from tradewind.trading.sessions.lineage import Lineage, Ticks
    from tradewind.trading.sessions.terms import SessionTerms

app = typer.Typer(add_completion=False)


@app.command()
def lineage(
    ctx: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            help="An order (SESSION-12), a fill (SESSION-t7), or forward from an event by its position (SESSION@345); "
            "a candle of live ticks: BTC/USDT@1h@2024-05-04T15:00."
        ),
    ],
) -> None:
    """Walk from a fill or an order back to its decision, its ticks and its code; or forward from a tick.

    Of a candle it says which ticks it was made of and which were left out, and makes it once more.
    """
    import asyncio

    from tradewind import bootstrap
    from tradewind.operations.sessions import consequences_of, lineage_of
    from tradewind.trading.sessions.lineage import Lineage

    console = console_of(ctx)
    if what.count("@") == 2:
        show_candle(console, what)
        return
    session, at, position = what.rpartition("@")

    async def work() -> Lineage | Consequences:
        store = bootstrap.open_event_store()
        try:
            if at and position.isascii() and position.isdigit():
                return await consequences_of(store, session, int(position))
            return await lineage_of(store, what)
        finally:
            await store.close()

    found = asyncio.run(work())
    if isinstance(found, Lineage):
        _back(console, found)
    else:
        _forward(console, found)


def _back(console: Console, found: Lineage) -> None:
    from tradewind.core.domain.instants import instant_text
    from tradewind.operations.sessions import code_today

    terms, today = found.terms, code_today(found.terms)
    missing = list(found.missing)
    if today != terms.code_hash:
        missing.append("the code that decided it is not the code of today" if today else "its code is not there")
    console.result(
        {
            "order": found.order,
            "fill": found.fill,
            "session": found.session,
            "strategy": terms.strategy,
            "parameters": dict(terms.parameters),
            "code_hash": terms.code_hash,
            "code_hash_today": today,
            "account": _account(terms),
            "synthetic": terms.synthetic,
            "ticks": _ticks(found.ticks),
            "causes": _plain(found.causes),
            "life": _plain(found.life),
            "missing": missing,
        }
    )
    mark = "  [SYNTHETIC DATA]" if terms.synthetic else ""
    chosen = ", ".join(f"{name}={value:g}" for name, value in terms.parameters.items())
    of = f"fill {found.fill} of order {found.order}" if found.fill else f"order {found.order}"
    console.say(f"{of}: {terms.strategy}{f' ({chosen})' if chosen else ''}, {terms.market}{mark}")
    console.say(f"code {terms.code_hash}")
    if changed := _account(terms):
        console.say(f"account {', '.join(f'{name} {value}' for name, value in changed.items())}")
    ticks = found.ticks
    if ticks is not None and ticks.candle is not None:
        c = ticks.candle
        console.say(
            f"the candle before, {instant_text(ticks.start_ns)}: {ticks.number:,} ticks of {ticks.symbol}, "
            f"open {c.open:g}, high {c.high:g}, low {c.low:g}, close {c.close:g}, volume {c.volume:g}"
        )
    _table(console, (*found.causes, *found.life), terms)
    for words in missing:
        console.note(f"missing: {words}")
    if ticks is not None and ticks.last is not None:
        console.note(f"Forward from its last tick: tradewind lineage {found.session}@{ticks.last.position}")


def _forward(console: Console, found: Consequences) -> None:
    from tradewind.core.domain.instants import instant_text
    from tradewind.trading.sessions.telling import told

    terms = found.terms
    console.result(
        {
            "session": found.session,
            "event": _plain((found.event,))[0],
            "direct": _plain(found.direct),
            "candle": found.candle,
            "on_candle": _plain(found.on_candle),
            "left_out": found.left_out,
            "synthetic": terms.synthetic,
        }
    )
    mark = "  [SYNTHETIC DATA]" if terms.synthetic else ""
    when = instant_text(found.event.event.time_event)
    console.say(f"event {found.event.position}, {when}: {told(found.event, terms.symbols)}{mark}")
    if found.direct:
        console.say("what it brought about:")
        _table(console, found.direct, terms)
    else:
        console.say("it brought about nothing by itself")
    if found.candle is not None:
        console.say(f"it is in the {terms.timeframe} candle of {instant_text(found.candle)}; decided on that:")
        if found.on_candle:
            _table(console, found.on_candle, terms)
        else:
            console.say("nothing")
        console.note("Indicators remember longer than one candle: later decisions may know of it too")
    if found.left_out:
        console.note(f"note: {found.left_out:,} more are not shown")


def _table(console: Console, events: Sequence[StoredEvent], terms: SessionTerms) -> None:
    from tradewind.core.domain.instants import instant_text
    from tradewind.trading.sessions.telling import told

    console.table(
        ("time", "position", "event", "what"),
        [(instant_text(s.event.time_event), str(s.position), s.event.type, told(s, terms.symbols)) for s in events],
    )


def _ticks(ticks: Ticks | None) -> dict[str, Any] | None:
    import msgspec

    if ticks is None or ticks.first is None or ticks.last is None:
        return None
    return {
        "symbol": ticks.symbol, "start": ticks.start_ns, "end": ticks.end_ns, "number": ticks.number,
        "first": ticks.first.event.event_id, "last": ticks.last.event.event_id,
        "first_position": ticks.first.position, "last_position": ticks.last.position,
        "candle": None if ticks.candle is None else msgspec.to_builtins(ticks.candle),
    }  # fmt: skip


def _plain(events: Sequence[StoredEvent]) -> list[Any]:
    import msgspec

    return [{**msgspec.to_builtins(stored.event), "position": stored.position} for stored in events]


def _account(terms: SessionTerms) -> dict[str, Any]:
    """The rules of the account that are not the usual ones."""
    from dataclasses import asdict

    from tradewind.core.engine.rules import MarketRules

    usual = asdict(MarketRules())
    return {name: value for name, value in asdict(terms.rules).items() if value != usual[name]}
