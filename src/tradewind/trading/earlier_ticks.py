"""What the store holds of a stream of ticks from before one of its events, for who must go on from there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Any

from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.tick_checks import FUTURE_NS
from tradewind.core.domain.timeframes import SECOND_NS, UNITS_NS
from tradewind.ports.event_store import EventQuery, EventStore, StoredEvent
from tradewind.trading.derived_events import Stream, stream_of

NOWHERE = 2**63 - 1
"""The position of an event that is not stored yet: all that is stored came before it."""
LOOK_BACK_NS = 400 * UNITS_NS["d"]
"""How long a market may have been silent for its candles from before to be closed yet."""
FIRST_LOOK_NS = UNITS_NS["h"]
READ_AT_ONCE = 2_000
"""Ticks that are rather read than counted again."""


def is_ahead(event: Event[Any]) -> bool:
    """Whether a tick comes from the future: taken as it is, it would close every candle."""
    return event.time_event > event.time_recorded + FUTURE_NS


async def position_of(store: EventStore, event: Event[Any]) -> int:
    """Where an event stands in the store; NOWHERE when it is not there."""
    query = EventQuery(start_ns=event.time_event, end_ns=event.time_event + 1, tokens=(event.token,))
    async for batch in store.read(query):
        for stored in batch:
            if stored.event.event_id == event.event_id:
                return stored.position
    return NOWHERE


async def seen_before(
    store: EventStore, stream: Stream, event: Event[Any], number: int, least_ns: int = SECOND_NS
) -> list[Event[Any]]:
    """Ticks and quotes of a stream that were stored before one of its events: about the latest `number` of them.

    There may be more, where many happened within a short time; those of `least_ns` before the event are all there.
    """
    position, length = await position_of(store, event), least_ns
    while True:
        query = EventQuery(
            start_ns=event.time_event - length, end_ns=event.time_event + FUTURE_NS, tokens=(stream.token,),
            types=("price.tick", "price.quote"), tenant=stream.tenant, outside_sessions=stream.session is None,
        )  # fmt: skip
        if length >= LOOK_BACK_NS or await store.count(query) >= number:
            break
        length *= 4
    found = [one async for batch in store.read(query) for one in batch]
    return [one.event for one in found if one.position < position and stream_of(one.event) == stream]


@dataclass(frozen=True, slots=True)
class EarlierTicks:
    """The ticks of a stream that were stored before a position, and the candles that were made of it."""

    store: EventStore
    stream: Stream
    before: int

    async def read(self, start_ns: int, end_ns: int | None = None, after: int = 0) -> AsyncIterator[StoredEvent]:
        """Ticks that happened in a stretch, in the order in which they were stored; those `after` a position only."""
        async for batch in self.store.read(self._query(start_ns, end_ns, "price.tick", after=after)):
            for stored in batch:
                if stored.position >= self.before:
                    return
                if stream_of(stored.event) == self.stream:
                    yield stored

    async def candles(self, start_ns: int, end_ns: int | None = None) -> AsyncIterator[Event[Any]]:
        """Candles that ended in a stretch. Where the store is filled beside the bus, one may lie before its ticks."""
        async for batch in self.store.read(self._query(start_ns, end_ns, "candle.closed")):
            for stored in batch:
                if stream_of(stored.event) == self.stream:
                    yield stored.event

    async def last_ns(self, now_ns: int) -> int | None:
        """When the latest of the ticks happened, seen from a time when all were there; None where there is none."""
        end_ns, length = now_ns + FUTURE_NS + 1, FIRST_LOOK_NS
        while length < LOOK_BACK_NS:
            found = await self._latest(end_ns - length, end_ns)
            if found is not None:
                return found
            end_ns, length = end_ns - length, 2 * length
        return None

    async def others(self, known: Collection[str], start_ns: int, end_ns: int) -> bool:
        """Whether any happened in a stretch but those that are known by their ids, and those from the future."""
        async for batch in self.store.read(self._query(start_ns, end_ns, "price.tick")):
            if any(self._is_mine(stored) and stored.event.event_id not in known for stored in batch):
                return True
        return False

    async def _latest(self, start_ns: int, end_ns: int) -> int | None:
        """The latest time within a stretch, by halves, the later half first."""
        number = await self.store.count(self._query(start_ns, end_ns, "price.tick"))
        if number == 0:
            return None
        if number > READ_AT_ONCE and end_ns - start_ns > 1:
            middle = (start_ns + end_ns) // 2
            found = await self._latest(middle, end_ns)
            return await self._latest(start_ns, middle) if found is None else found
        times = [
            stored.event.time_event
            async for batch in self.store.read(self._query(start_ns, end_ns, "price.tick"))
            for stored in batch
            if self._is_mine(stored)
        ]
        return max(times, default=None)

    def _is_mine(self, stored: StoredEvent) -> bool:
        event = stored.event
        return stored.position < self.before and stream_of(event) == self.stream and not is_ahead(event)

    def _query(self, start_ns: int, end_ns: int | None, *types: str, after: int = 0) -> EventQuery:
        return EventQuery(
            start_ns=start_ns, end_ns=end_ns, tokens=(self.stream.token,), types=types, tenant=self.stream.tenant,
            session=self.stream.session, outside_sessions=self.stream.session is None,
            after_position=after,
        )  # fmt: skip
