"""The bus inside one process, durable through the event store.

What is published is stored first and then handed to every group. A group's progress is a bookmark in the store, so that
after a restart it begins with what it had not dealt with. Without a store nothing is kept: for backtests and tests.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from tradewind.adapters.bus.memory_group import Group
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.core.domain.events.codec import check
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.event_types import partitions_of, topic_of
from tradewind.core.domain.events.partitioning import partition_of
from tradewind.ports.bus import Delivery, Place
from tradewind.ports.event_store import EventQuery, EventStore

WAITING_MAX = 100_000
"""Events that may wait for one group; then publishing waits."""
SILENCE_S_MAX = 30.0
"""Seconds after which a member that receives nothing any more is taken for dead."""
LOAD = 5_000
PLACES_REMEMBERED_MAX = 65_536


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
        self._closed = False

    async def publish(self, events: Sequence[Event[Any]]) -> None:
        """Store, then hand to every group; see the port."""
        self._must_be_open()
        for event in events:
            check(event)
        async with self._changed:
            await self._changed.wait_for(self._has_room)
        positions = [0] * len(events) if self.store is None else await self.store.append(events)
        # From here on nothing is awaited: events come to the groups in the order in which they were stored.
        for event, position in zip(events, positions, strict=True):
            place = _place(event)
            for group in self._groups.values():
                if place in group.places:
                    group.put(place, event, position)
        async with self._changed:
            self._changed.notify_all()

    async def subscribe(self, group: str, topics: Sequence[str], member: str) -> MemorySubscription:
        """Become a member of a group; see the port."""
        self._must_be_open()
        places = frozenset((topic, p) for topic in topics for p in range(partitions_of(topic)))
        async with self._opening:
            found = self._groups.get(group)
            if found is None:
                found = Group(places)
                self._groups[group] = found
                await self._load(group, found)
            elif found.places != places:
                raise BadInput(f"the group {group!r} subscribes to other topics", fix="Choose another group's name")
        found.join(member, self.clock())
        return MemorySubscription(self, group, found, member)

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

    async def _load(self, name: str, group: Group) -> None:
        """What the store holds for a group that this process has not seen yet."""
        if self.store is not None:
            query = EventQuery(after_position=await self.store.bookmark(_bookmark(name)))
            async for stored in self.store.read(query, LOAD):
                for one in stored:
                    group.load(_place(one.event), one.event, one.position)
        group.begin()

    async def _mark(self, name: str, group: Group) -> None:
        if self.store is not None and (position := group.settled()) is not None:
            await self.store.mark(_bookmark(name), position)


class MemorySubscription:
    """A member of a group of a MemoryBus."""

    def __init__(self, bus: MemoryBus, name: str, group: Group, member: str) -> None:
        self.bus, self.name, self.group, self.member = bus, name, group, member

    async def receive(self, at_most: int, wait_s: float) -> list[Delivery]:
        """What has come in; see the port."""
        changed = self.bus._changed

        def ready() -> bool:
            self.bus._must_be_open()
            self.group.heard(self.member, self.bus.clock(), self.bus.silence_s_max)
            return self.group.has_any(self.member)

        async with changed:
            try:
                await asyncio.wait_for(changed.wait_for(ready), wait_s)
            except TimeoutError:
                return []
        return self.group.take(self.member, at_most)

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
        """How many events of each assigned place are not committed yet."""
        return {place: self.group.lag(place) for place in self.assigned()}

    async def close(self) -> None:
        """Leave the group."""
        self.group.leave(self.member)
        async with self.bus._changed:
            self.bus._changed.notify_all()


def _place(event: Event[Any]) -> Place:
    return _place_of(topic_of(event), event.token)


@lru_cache(PLACES_REMEMBERED_MAX)
def _place_of(topic: str, token: str) -> Place:
    return topic, partition_of(token, partitions_of(topic))


def _bookmark(group: str) -> str:
    return f"group {group}"
