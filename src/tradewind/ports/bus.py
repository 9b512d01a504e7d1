"""The port to the bus: events from those who publish to those who subscribe, in order for each token."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from tradewind.core.domain.events.envelope import Event

Place = tuple[str, int]
"""A topic and one of its partitions."""


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """What a subscriber receives: an event, or bytes that are none (`event` None) and what is wrong with them."""

    topic: str
    partition: int
    offset: int
    event: Event[Any] | None
    raw: bytes = b""
    problem: str = ""

    @property
    def place(self) -> Place:
        """Its topic and partition."""
        return self.topic, self.partition


class Subscription(Protocol):
    """One member of a group. The group's partitions are shared out among its members, each to one at a time."""

    async def receive(self, at_most: int, wait_s: float) -> list[Delivery]:
        """What has come in, up to `at_most`; nothing after `wait_s` seconds without any. Offsets rise in each place.

        A member that does not call this for long is taken for dead, and its partitions go to the others. With 0 it gets
        nothing and shows that it lives. Raises Unavailable.
        """
        ...

    def lost(self) -> frozenset[Place]:
        """The places that were taken from this member since this was last asked. Some may be its own again: then what
        it had not committed of them is given again.
        """
        ...

    async def commit(self, offsets: Mapping[Place, int]) -> None:
        """In each place everything below the offset has been dealt with. Until then it is delivered again after a stop.

        Raises Unavailable where a place is not this member's any more, or the bus cannot be reached.
        """
        ...

    def assigned(self) -> frozenset[Place]:
        """The places that are this member's now."""
        ...

    async def lag(self) -> Mapping[Place, int]:
        """How many events of each assigned place are not committed yet."""
        ...

    async def close(self) -> None:
        """Leave the group; what was received and not committed goes to the others."""
        ...


class Bus(Protocol):
    """Events on topics. At least once: who handles events must not mind one that comes twice."""

    async def publish(self, events: Sequence[Event[Any]]) -> None:
        """Publish, each on its own topic (`event_types.topic_of`). Events of one token keep their order.

        They are durable when this returns. Raises BadInput for what is no event; Unavailable where it is not known
        that all are durable: publish the same events again.
        """
        ...

    async def subscribe(self, group: str, topics: Sequence[str], member: str) -> Subscription:
        """Become a member of a group. A group that is new begins with the oldest events that are kept."""
        ...

    def kept(self, topics: Sequence[str]) -> AsyncIterator[list[Delivery]]:
        """Everything on these topics that is kept until now, oldest first in each place: to look at. No group is made,
        nothing is committed. A bus that keeps nothing has nothing. Raises BadInput, Unavailable.
        """
        ...

    async def close(self) -> None:
        """Let the bus go."""
        ...
