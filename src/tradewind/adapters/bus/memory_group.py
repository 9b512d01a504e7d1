"""A group of subscribers: what waits for it, who has which partition, what has been dealt with.

An event's offset is its position in the store, or where there is none its number on the bus: in each place they rise.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tradewind.core.domain.errors import Unavailable
from tradewind.ports.bus import Delivery, Place


@dataclass
class _Line:
    """One partition's events that are not committed, oldest first: those that its owner was given, and the others."""

    given: deque[Delivery] = field(default_factory=deque)
    waiting: deque[Delivery] = field(default_factory=deque)

    def __len__(self) -> int:
        return len(self.given) + len(self.waiting)

    def oldest(self) -> int | None:
        """The offset of the first that is not committed."""
        first = self.given or self.waiting
        return first[0].offset if first else None

    def take_back(self) -> None:
        """What was given and not committed waits again."""
        self.waiting.extendleft(reversed(self.given))
        self.given.clear()


class Group:
    """Lines of events, one a partition, shared out among members. A new owner is given all that is not committed."""

    def __init__(self, places: frozenset[Place], read_to: int = 0) -> None:
        self.places = places
        self.topics = frozenset(topic for topic, _ in places)
        self.waiting = 0
        self.read_to = self._marked = read_to
        """The position up to which the group has all that the store holds for it."""
        self.newest = read_to
        """The newest position that is known; where it is beyond `read_to` the store has more for the group."""
        self.reading = asyncio.Lock()
        self._lines = {place: _Line() for place in sorted(places)}
        self._members: dict[str, float] = {}
        self._lost: dict[str, set[Place]] = {}
        self._owner: dict[Place, str] = {}

    def put(self, place: Place, deliveries: Sequence[Delivery]) -> None:
        """More events of a place; what is of another topic is not the group's."""
        line = self._lines.get(place)
        if line is not None:
            line.waiting.extend(deliveries)
            self.waiting += len(deliveries)

    def has_read(self, position: int) -> None:
        """All that is stored up to there has been put, or is of other topics."""
        self.read_to = max(self.read_to, position)
        self.newest = max(self.newest, position)

    @property
    def empty(self) -> bool:
        """Whether nobody is a member."""
        return not self._members

    def lost(self, member: str) -> frozenset[Place]:
        """What was taken from a member since it last asked."""
        return frozenset(self._lost.pop(member, ()))

    def follows(self, positions: Sequence[int], most: int) -> bool:
        """Whether these positions follow what the group has, without a gap, and there is room; then it has them."""
        first, number = positions[0], len(positions)
        whole = first == self.read_to + 1 == self.newest + 1 and positions[-1] == first + number - 1
        if not whole or self.waiting + number > most:
            return False
        self.read_to = self.newest = first + number - 1
        return True

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
        return any(bool(line.waiting) for place, line in self._lines.items() if self._owner.get(place) == member)

    def take(self, member: str, at_most: int) -> list[Delivery]:
        """Give a member what waits for it, a fair share of each of its places."""
        open_ = [line for place in sorted(self.assigned(member)) if (line := self._lines[place]).waiting]
        given: list[Delivery] = []
        for number, line in enumerate(open_):
            share = -(-(at_most - len(given)) // (len(open_) - number))
            if share >= len(line.waiting):
                some = list(line.waiting)
                line.waiting.clear()
            else:
                some = [line.waiting.popleft() for _ in range(share)]
            line.given.extend(some)
            given += some
        return given

    def commit(self, member: str, offsets: Mapping[Place, int]) -> None:
        """Forget what was dealt with. Raises Unavailable, having forgotten nothing, for a place that is another's."""
        for place in offsets:
            if self._owner.get(place) != member:
                raise Unavailable(f"{place[0]} {place[1]} is not {member}'s any more")
        for place, offset in offsets.items():
            given = self._lines[place].given
            before = len(given)
            if given and given[-1].offset < offset:
                given.clear()
            while given and given[0].offset < offset:
                given.popleft()
            self.waiting -= before - len(given)

    def lag(self, place: Place) -> int:
        """Events of a place that are not committed."""
        return len(self._lines[place])

    def settled(self) -> int | None:
        """The position up to which all is dealt with, where it has moved since this was last asked."""
        oldest = [offset for line in self._lines.values() if (offset := line.oldest()) is not None]
        position = min(oldest) - 1 if oldest else self.read_to
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
                line.take_back()
                if before is not None:
                    self._lost.setdefault(before, set()).add(place)
                if owner is None:
                    del self._owner[place]
                else:
                    self._owner[place] = owner
