"""The bus inside one process, durable through the event store.

What is published is stored first and then handed to every group. A group's progress is a bookmark in the store, so that
after a restart it begins with what it had not dealt with. What others have stored meanwhile is noticed by its places in
the store, and comes to every group too, in its order: a feed and the services may be two processes over one store.
Without a store nothing is kept: for backtests and tests.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from tradewind.adapters.bus.memory_group import Group
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.core.domain.events.codec import check
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.event_types import partitions_of, place_of, types_on
from tradewind.ports.bus import Delivery, Place
from tradewind.ports.event_store import EventQuery, EventStore, StoredEvent

log = logging.getLogger(__name__)

WAITING_MAX = 100_000
"""Events that may wait for one group in memory; further ones wait in the store. Without a store publishing waits."""
SILENCE_S_MAX = 30.0
"""Seconds after which a member that receives nothing any more is taken for dead."""
LOAD = 5_000
"""Events that are read from the store at a time."""


class MemoryBus:
    """The bus of one process and one event loop."""

    def __init__(
        self,
        store: EventStore | None = None,
        *,
        waiting_max: int = WAITING_MAX,
        silence_s_max: float = SILENCE_S_MAX,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store = store
        self.waiting_max = waiting_max
        self.silence_s_max = silence_s_max
        self.clock = clock
        self._groups: dict[str, Group] = {}
        self._changed = asyncio.Condition()
        self._opening = asyncio.Lock()
        self._number = 0
        self._closed = False

    async def publish(self, events: Sequence[Event[Any]]) -> None:
        """Store, then hand to every group; see the port."""
        self._must_be_open()
        if not events:
            return
        places = [place_of(event) for event in events]
        if self.store is None:
            for event in events:
                check(event)
            self._check_somebody_reads()
            async with self._changed:
                await self._changed.wait_for(self._has_room)
            self._must_be_open()
            positions: Sequence[int] = range(self._number + 1, self._number + 1 + len(events))
            self._number += len(events)
        else:
            positions = await self.store.append(events)
        # From here on nothing is awaited: events come to the groups in the order in which they were stored.
        if self._groups:
            self._hand(events, positions, places)
        async with self._changed:
            self._changed.notify_all()

    async def subscribe(self, group: str, topics: Sequence[str], member: str) -> MemorySubscription:
        """Become a member of a group; see the port."""
        self._must_be_open()
        places = frozenset((topic, p) for topic in topics for p in range(partitions_of(topic)))
        async with self._opening:
            found = self._groups.get(group)
            if found is None:
                found = Group(places, 0 if self.store is None else await self.store.bookmark(_bookmark(group)))
                self._groups[group] = found
            elif found.places != places:
                raise BadInput(f"the group {group!r} subscribes to other topics", fix="Choose another group's name")
        found.join(member, self.clock())
        return MemorySubscription(self, group, found, member)

    async def kept(self, topics: Sequence[str]) -> AsyncIterator[list[Delivery]]:
        """What the store has on these topics; without one there is nothing. See the port."""
        self._must_be_open()
        for topic in topics:
            partitions_of(topic)
        if self.store is None:
            return
        async for some in self.store.read(EventQuery(types=_types(frozenset(topics))), LOAD):
            placed = _placed(_with_places(some))
            yield [delivery for place, deliveries in placed.items() if place[0] in topics for delivery in deliveries]

    async def close(self) -> None:
        """Let the bus go; the store is its owner's to close."""
        self._closed = True
        async with self._changed:
            self._changed.notify_all()

    def _must_be_open(self) -> None:
        if self._closed:
            raise Unavailable("the bus is closed")

    def _has_room(self) -> bool:
        return self._closed or all(group.waiting < self.waiting_max for group in self._groups.values())

    def _check_somebody_reads(self) -> None:
        """Without a store who publishes waits for who reads; for nobody it would wait for ever."""
        for name, group in self._groups.items():
            if group.empty and group.waiting >= self.waiting_max:
                raise Unavailable(
                    f"{group.waiting:,} events wait for the group {name!r}, which has no members",
                    fix="Start one, or give the bus an event store",
                )

    def _hand(self, events: Sequence[Event[Any]], positions: Sequence[int], places: Sequence[Place]) -> None:
        """Put events that follow what a group has; where others' lie before them it reads all of it from the store."""
        placed = _placed(zip(events, positions, places, strict=True))
        for group in self._groups.values():
            if self.store is None or group.follows(positions, self.waiting_max):
                for place, deliveries in placed.items():
                    group.put(place, deliveries)
            else:
                group.newest = max(group.newest, *positions)

    async def _look(self, group: Group) -> None:
        """Whether others have stored something; read it."""
        if self.store is not None:
            group.newest = max(group.newest, await self.store.last_position())
            await self._read(group)

    async def _read(self, group: Group) -> None:
        """Put what the store has more for a group, as much as there is room for."""
        if self.store is None:
            return
        async with group.reading:
            while (until := group.newest) > group.read_to and group.waiting < self.waiting_max:
                query = EventQuery(after_position=group.read_to, types=_types(group.topics))
                stored = await anext(self.store.read(query, LOAD), None)
                if stored is None:
                    group.has_read(until)
                    return
                for place, deliveries in _placed(_with_places(stored)).items():
                    group.put(place, deliveries)
                group.has_read(stored[-1].position)

    async def _mark(self, name: str, group: Group) -> None:
        if self.store is not None and (position := group.settled()) is not None:
            await self.store.mark(_bookmark(name), position)


class MemorySubscription:
    """A member of a group of a MemoryBus."""

    def __init__(self, bus: MemoryBus, name: str, group: Group, member: str) -> None:
        self.bus, self.name, self.group, self.member = bus, name, group, member
        self._gone: frozenset[Place] = frozenset()

    async def receive(self, at_most: int, wait_s: float) -> list[Delivery]:
        """What has come in; see the port."""
        changed = self.bus._changed
        self._come_back()

        def ready() -> bool:
            self.bus._must_be_open()
            self.group.heard(self.member, self.bus.clock(), self.bus.silence_s_max)
            return self.group.has_any(self.member)

        if at_most <= 0:
            ready()
            return []
        if not ready():
            await self.bus._read(self.group)
        async with changed:
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait_for(ready), wait_s)
        if not self.group.has_any(self.member):
            await self.bus._look(self.group)
        return self.group.take(self.member, at_most)

    def lost(self) -> frozenset[Place]:
        """What was taken from this member since it last asked; see the port."""
        gone, self._gone = self._gone | self.group.lost(self.member), frozenset()
        return gone

    async def commit(self, offsets: Mapping[Place, int]) -> None:
        """Everything below these offsets has been dealt with; see the port."""
        self.group.commit(self.member, offsets)
        async with self.bus._changed:
            self.bus._changed.notify_all()
        await self.bus._mark(self.name, self.group)

    def assigned(self) -> frozenset[Place]:
        """The places that are this member's now."""
        return self.group.assigned(self.member)

    async def lag(self) -> Mapping[Place, int]:
        """How many events of each assigned place are not committed yet.

        What is still to be read counts for each topic as a whole, with what it holds of other topics.
        """
        lag = {place: self.group.lag(place) for place in sorted(self.assigned())}
        unread = self.group.newest - self.group.read_to
        for place in {topic: (topic, number) for topic, number in reversed(lag)}.values():
            lag[place] += unread
        return lag

    def _come_back(self) -> None:
        """A member that was taken for dead may find that its group was ended, and begun again, without it."""
        now = self.bus._groups.setdefault(self.name, self.group)
        if now is not self.group:
            self._gone |= self.group.lost(self.member)
            self.group = now

    async def close(self) -> None:
        """Leave the group."""
        self.group.leave(self.member)
        if self.group.empty and self.bus.store is not None and self.bus._groups.get(self.name) is self.group:
            # Its bookmark is in the store, and so is what comes until somebody subscribes again.
            del self.bus._groups[self.name]
        async with self.bus._changed:
            self.bus._changed.notify_all()


def _with_places(stored: Iterable[StoredEvent]) -> Iterator[tuple[Event[Any], int, Place]]:
    """What the store has, and where it belongs. What names a topic that is not there any more comes to nobody."""
    for one in stored:
        try:
            yield one.event, one.position, place_of(one.event)
        except BadInput as problem:
            log.warning("%s %s is passed over: %s", one.event.type, one.event.event_id, problem)


def _placed(events: Iterable[tuple[Event[Any], int, Place]]) -> dict[Place, list[Delivery]]:
    """Events at their positions, as what is delivered of them, by place."""
    found: dict[Place, list[Delivery]] = {}
    for event, position, place in events:
        delivery = Delivery(place[0], place[1], position, event)
        deliveries = found.get(place)
        if deliveries is None:
            found[place] = [delivery]
        else:
            deliveries.append(delivery)
    return found


@lru_cache
def _types(topics: frozenset[str]) -> tuple[str, ...]:
    """The types of the events that travel on topics."""
    return tuple(sorted({name for topic in topics for name in types_on(topic)}))


def _bookmark(group: str) -> str:
    return f"group {group}"
