"""Any event store, with what is stored counted and timed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

from tradewind.core.domain.errors import Unavailable
from tradewind.core.domain.events.envelope import Event
from tradewind.ports.event_store import EventQuery, EventStore, Hold, Purged, StoredEvent, Tidied
from tradewind.ports.metrics import Metrics


class MeasuredEventStore:
    """Hands on to another store: how many events were stored, how long it took, how often it did not answer."""

    def __init__(self, store: EventStore, metrics: Metrics) -> None:
        self.store = store
        self._persisted = metrics.counter("events_persisted")
        self._took = metrics.histogram("insert_latency")
        self._errors = metrics.counter("insert_errors")

    async def append(self, events: Sequence[Event[Any]]) -> list[int]:
        """Store events; those that were there already are counted too, since they are on disk now."""
        started = time.perf_counter()
        try:
            positions = await self.store.append(events)
        except Unavailable:
            self._errors(1)
            raise
        self._took(time.perf_counter() - started)
        self._persisted(len(positions))
        return positions

    def read(self, query: EventQuery, batch: int = 1_000) -> AsyncIterator[list[StoredEvent]]:
        """The events that fit, by rising position."""
        return self.store.read(query, batch)

    async def count(self, query: EventQuery) -> int:
        """How many events fit."""
        return await self.store.count(query)

    async def last_position(self) -> int:
        """The position of the newest event."""
        return await self.store.last_position()

    async def bookmark(self, name: str) -> int:
        """The position that was marked under a name."""
        return await self.store.bookmark(name)

    async def mark(self, name: str, position: int) -> None:
        """Mark a position under a name."""
        await self.store.mark(name, position)

    async def tidy(self) -> Tidied:
        """What the store needs from time to time."""
        return await self.store.tidy()

    async def purge(self, before_ns: int, types: Collection[str] = (), *, dry_run: bool = False) -> Purged:
        """Forget events that happened before."""
        return await self.store.purge(before_ns, types, dry_run=dry_run)

    async def hold(self, hold: Hold) -> None:
        """Keep what a hold describes."""
        await self.store.hold(hold)

    async def release(self, name: str) -> bool:
        """End a hold."""
        return await self.store.release(name)

    async def holds(self) -> list[Hold]:
        """What is held."""
        return await self.store.holds()

    async def close(self) -> None:
        """Write what is waiting, and let the store go."""
        await self.store.close()
