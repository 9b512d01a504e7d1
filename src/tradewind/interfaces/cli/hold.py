"""`tradewind hold`: stored events that must not be forgotten, whatever upkeep is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tradewind.interfaces.cli.app import console_of

if TYPE_CHECKING:
    from tradewind.ports.event_store import EventQuery

app = typer.Typer(add_completion=False)


@app.command()
def hold(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="What the hold is called; without it, all are listed.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why these events must stay.")] = None,
    session: Annotated[str | None, typer.Option(help="Events of this session.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Events of this tenant.")] = None,
    token: Annotated[list[str] | None, typer.Option(help="Events of this token (may be repeated).")] = None,
    type_: Annotated[list[str] | None, typer.Option("--type", help="Events of this type (may be repeated).")] = None,
    start: Annotated[str | None, typer.Option(help="Events from this time on, as 2026-01-31.")] = None,
    end: Annotated[str | None, typer.Option(help="Events from before this time.")] = None,
    *,
    release: Annotated[bool, typer.Option("--release", help="End the hold of this name.")] = False,
) -> None:
    """Hold stored events: they stay until the hold is released. Without a reason, say what is held."""
    import asyncio

    from tradewind import bootstrap
    from tradewind.core.domain.errors import BadInput
    from tradewind.core.domain.instants import instant_ns
    from tradewind.operations.holds import end_hold, hold_named, place_hold
    from tradewind.ports.event_store import EventQuery, Hold

    query = EventQuery(
        start_ns=instant_ns(start) if start else None, end_ns=instant_ns(end) if end else None, tenant=tenant,
        session=session, tokens=tuple(token or ()), types=tuple(type_ or ()),
    )  # fmt: skip
    shown = name is not None and not (release or reason or query != EventQuery())
    if name is None and (release or reason or query != EventQuery()):
        raise BadInput(
            "which hold is meant is not said", where="NAME", fix="tradewind hold NAME --reason ... --session ..."
        )

    async def work() -> list[Hold]:
        store = bootstrap.open_event_store()
        try:
            if name is not None and shown:
                return [await hold_named(store, name)]
            if name is not None and release:
                await end_hold(store, name)
            elif name is not None:
                await place_hold(store, Hold(name, query, reason or ""))
            return await store.holds()
        finally:
            await store.close()

    console = console_of(ctx)
    holds = asyncio.run(work())
    console.result([{"name": h.name, "reason": h.reason, "query": _fields(h.query)} for h in holds])
    if holds:
        rows = [(h.name, h.reason, _in_words(h.query)) for h in holds]
        console.table(("hold", "reason", "events"), rows)
    else:
        console.say("Nothing is held.")


def _fields(query: EventQuery) -> dict[str, object]:
    """What a hold's query says, times as text; empty: everything."""
    from dataclasses import asdict

    from tradewind.core.domain.instants import instant_text

    said = {key: value for key, value in asdict(query).items() if value and key != "after_position"}
    return {
        key.removesuffix("_ns"): instant_text(value) if key.endswith("_ns") else value for key, value in said.items()
    }


def _in_words(query: EventQuery) -> str:
    said = _fields(query).items()
    return ", ".join(f"{key} {' or '.join(v) if isinstance(v, tuple) else v}" for key, v in said)
