"""A group of subscribers: what waits for it, who has which partition, what has been dealt with."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tradewind.core.domain.errors import Unavailable
from tradewind.core.domain.events.envelope import Event
from tradewind.ports.bus import Delivery, Place


@dataclass
class _Line:
    """One partition's events that are not committed, oldest first. `committed` is the first one's offset."""

    committed: int = 0
    given: int = 0
    """The offset of the first that has not been given to its owner."""
    waiting: deque[tuple[Event[Any], int]] = field(default_factory=deque)


class Group:
    """Lines of events, one a partition, shared out among members. A new owner is given all that is not committed."""

    def __init__(self, places: frozenset[Place], read_to: int = 0) -> None:
        self.places = places
        self.topics = frozenset(topic for topic, _ in places)
        self.waiting = 0
        self.read_to = self._last = self._marked = read_to
        """The position up to which the group has all that the store holds for it."""
        self.newest = read_to
        """The newest position that is known; where it is beyond `read_to` the store has more for the group."""
        self.reading = asyncio.Lock()
        self._lines = {place: _Line() for place in sorted(places)}
        self._members: dict[str, float] = {}
        self._lost: dict[str, set[Place]] = {}
        self._owner: dict[Place, str] = {}

    def put(self, place: Place, event: Event[Any], position: int) -> None:
        """One more event (that is stored at a position, where there is a store)."""
        self._last = max(self._last, position)
        self._lines[place].waiting.append((event, position))
        self.waiting += 1

    def has_read(self, position: int) -> None:
        """All that is stored up to there has been put, or is of other topics."""
        self.read_to = self._last = max(self.read_to, position)
        self.newest = max(self.newest, position)

    @property
    def empty(self) -> bool:
        """Whether nobody is a member."""
        return not self._members

    def lost(self, member: str) -> frozenset[Place]:
        """What was taken from a member since it last asked."""
        return frozenset(self._lost.pop(member, ()))

    def join(self, member: str, now: float) -> None:
        """A member, or one that comes back: then what it had not committed is given again."""
        self.leave(member)
        self._members[member] = now
        self._share_out()

    def leave(self, member: str) -> None:
        """A member goes; what it had not committed goes to the others."""
        if self._members.pop(member, None) is not None:
            self._share_out()

    def heard(self, member: str, now: float, silence_s_max: float) -> None:
        """A member lives. Those that have been silent for too long are taken for dead."""
        if member not in self._members:
            self.join(member, now)
        self._members[member] = now
        for other in [m for m, last in self._members.items() if now - last > silence_s_max]:
            self.leave(other)

    def assigned(self, member: str) -> frozenset[Place]:
        """The places that are this member's."""
        return frozenset(place for place, owner in self._owner.items() if owner == member)

    def has_any(self, member: str) -> bool:
        """Whether something waits for a member."""
        return any(
            line.given - line.committed < len(line.waiting)
            for place, line in self._lines.items()
            if self._owner.get(place) == member
        )

    def take(self, member: str, at_most: int) -> list[Delivery]:
        """Give a member what waits for it, a fair share of each of its places."""
        mine = [(place, self._lines[place]) for place in sorted(self.assigned(member))]
        open_ = [(place, line) for place, line in mine if line.given - line.committed < len(line.waiting)]
        given: list[Delivery] = []
        for number, (place, line) in enumerate(open_):
            share = -(-(at_most - len(given)) // (len(open_) - number))
            start = line.given - line.committed
            for i in range(start, min(start + share, len(line.waiting))):
                given.append(Delivery(*place, line.given, line.waiting[i][0]))
                line.given += 1
        return given

    def commit(self, member: str, offsets: Mapping[Place, int]) -> None:
        """Forget what was dealt with. Raises Unavailable, having forgotten nothing, for a place that is another's."""
        for place in offsets:
            if self._owner.get(place) != member:
                raise Unavailable(f"{place[0]} {place[1]} is not {member}'s any more")
        for place, offset in offsets.items():
            line = self._lines[place]
            for _ in range(min(offset, line.given) - line.committed):
                line.waiting.popleft()
                line.committed += 1
                self.waiting -= 1

    def lag(self, place: Place) -> int:
        """Events of a place that are not committed."""
        return len(self._lines[place].waiting)

    def settled(self) -> int | None:
        """The position up to which all is dealt with, where it has moved since this was last asked."""
        oldest = [line.waiting[0][1] for line in self._lines.values() if line.waiting]
        position = min(oldest) - 1 if oldest else self._last
        if position <= self._marked:
            return None
        self._marked = position
        return position

    def _share_out(self) -> None:
        members = sorted(self._members)
        for number, (place, line) in enumerate(self._lines.items()):
            owner = members[number % len(members)] if members else None
            before = self._owner.get(place)
            if before != owner:
                line.given = line.committed
                if before is not None:
                    self._lost.setdefault(before, set()).add(place)
                if owner is None:
                    del self._owner[place]
                else:
                    self._owner[place] = owner
