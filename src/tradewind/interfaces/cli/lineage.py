"""`tradewind lineage`: where an order came from."""

from __future__ import annotations

from typing import Annotated

import typer

from tradewind.interfaces.cli.app import console_of

app = typer.Typer(add_completion=False)


@app.command()
def lineage(
    ctx: typer.Context, order: Annotated[str, typer.Argument(help="SESSION-NUMBER, as rehearse and replay name it.")]
) -> None:
    """Walk from an order's fills back to its decision, the ticks behind it, and the code that took it."""
    import asyncio

    import msgspec

    from tradewind import bootstrap
    from tradewind.core.domain.instants import instant_text
    from tradewind.operations.sessions import lineage_of
    from tradewind.trading.sessions.lineage import Lineage, told

    console = console_of(ctx)

    async def work() -> Lineage:
        store = bootstrap.open_event_store()
        try:
            return await lineage_of(store, order)
        finally:
            await store.close()

    found = asyncio.run(work())
    terms, ticks = found.terms, found.ticks
    of_ticks = None
    if ticks is not None and ticks.first is not None and ticks.last is not None:
        of_ticks = {
            "start": ticks.start_ns, "end": ticks.end_ns, "number": ticks.number,
            "first": ticks.first.event.event_id, "last": ticks.last.event.event_id,
        }  # fmt: skip
    console.result(
        {
            "order": found.order,
            "session": found.session,
            "strategy": terms.strategy,
            "parameters": dict(terms.parameters),
            "code_hash": terms.code_hash,
            "synthetic": terms.synthetic,
            "ticks": of_ticks,
            "causes": [msgspec.to_builtins(stored.event) for stored in found.causes],
            "life": [msgspec.to_builtins(stored.event) for stored in found.life],
        }
    )
    chosen = ", ".join(f"{name}={value:g}" for name, value in terms.parameters.items())
    mark = "  [SYNTHETIC DATA]" if terms.synthetic else ""
    console.say(
        f"order {found.order}: {terms.strategy}{f' ({chosen})' if chosen else ''}, {', '.join(terms.symbols)}{mark}"
    )
    console.say(f"code {terms.code_hash}")
    if ticks is not None:
        console.say(f"the candle before: {ticks.number:,} ticks from {instant_text(ticks.start_ns)}")
    console.table(
        ("time", "position", "event", "what"),
        [
            (instant_text(s.event.time_event), str(s.position), s.event.type, told(s))
            for s in (*found.causes, *found.life)
        ],
    )
