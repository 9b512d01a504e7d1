"""Store and find events, in the words that people use for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.envelope import Event
from tradewind.messaging.moments import Moment, nanoseconds
from tradewind.ports.event_store import EventQuery, EventStore

WHERE = "query_by_date_range"


async def insert_event(store: EventStore, event: Event[Any]) -> int:
    """Store one event; its position. It is on disk when this returns."""
    return (await store.append([event]))[0]


async def insert_batch(store: EventStore, events: Sequence[Event[Any]]) -> list[int]:
    """Store events, all or none; their positions."""
    return await store.append(events)


async def query_by_date_range(
    store: EventStore, start: Moment, end: Moment, token: str | None = None, types: Sequence[str] = ()
) -> AsyncIterator[Event[Any]]:
    """The events from start to end (not included), in the order in which they were stored: the same whenever one asks.

    Raises BadInput for a datetime without a zone, or an end before the start.
    """
    start_ns, end_ns = (nanoseconds(when, name, WHERE) for name, when in (("start", start), ("end", end)))
    if end_ns < start_ns:
        raise BadInput("the end lies before the start", where=WHERE)
    query = EventQuery(start_ns, end_ns, tokens=() if token is None else (token,), types=tuple(types))
    async for some in store.read(query):
        for stored in some:
            yield stored.event
