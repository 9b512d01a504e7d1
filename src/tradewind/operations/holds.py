"""Events that are held: placed with a reason, by name, and released by it."""

from __future__ import annotations

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.event_types import event_type
from tradewind.ports.event_store import EventQuery, EventStore, Hold

WHERE = "hold"
LENGTH_MAX = 200


async def place_hold(store: EventStore, hold: Hold) -> None:
    """Keep events from being forgotten.

    Raises BadInput for a hold without name, reason or anything that it describes, an unknown type, or an end before
    the start.
    """
    for what, text in (("name", hold.name), ("reason", hold.reason)):
        if not text.strip() or len(text) > LENGTH_MAX or not text.isprintable():
            raise BadInput(
                f"its {what} is {text!r:.60}: one line of text is expected", where=WHERE, fix=f"Give --{what} or NAME"
            )
    query = hold.query
    if query == EventQuery():
        raise BadInput(
            "it describes no events", where=WHERE, fix="Give --session, --token, --type, --tenant, --start or --end"
        )
    for name in query.types:
        event_type(name)
    if query.start_ns is not None and query.end_ns is not None and query.end_ns <= query.start_ns:
        raise BadInput("the end lies before the start", where=WHERE, fix="Give the earlier time first")
    await store.hold(hold)


async def end_hold(store: EventStore, name: str) -> None:
    """Release a hold. Raises BadInput where there is none of this name."""
    if not await store.release(name):
        raise _unknown(name, await store.holds())


async def hold_named(store: EventStore, name: str) -> Hold:
    """The hold of a name. Raises BadInput where there is none."""
    holds = await store.holds()
    found = next((hold for hold in holds if hold.name == name), None)
    if found is None:
        raise _unknown(name, holds)
    return found


def _unknown(name: str, holds: list[Hold]) -> BadInput:
    there = f"There are: {', '.join(hold.name for hold in holds)}" if holds else "Nothing is held"
    fix = f"{there}. To place one, give --reason and what it is about, as --session"
    return BadInput(f"there is no hold {name!r}", where=WHERE, fix=fix)
