"""Events in hand, in one lane for each token: a lane's events one after the other, many lanes at once.

What may be committed follows from it: in each place everything below the first event that is still in hand.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tradewind.ports.bus import Delivery, Place


class Lane:
    """The events of one token in one place: the one at work, since when, and those that wait for it."""

    __slots__ = ("at_work", "place", "since", "token", "waiting")

    def __init__(self, place: Place, token: str) -> None:
        self.place, self.token = place, token
        self.waiting: deque[Delivery] = deque()
        self.at_work: Delivery | None = None
        self.since = 0.0

    def first(self) -> int | None:
        """The offset of the first that is not dealt with."""
        if self.at_work is not None:
            return self.at_work.offset
        return self.waiting[0].offset if self.waiting else None


class Lanes:
    """What is in hand. A worker takes a lane, works it off, and gives it back empty."""

    def __init__(self) -> None:
        self.idle = 0
        self._lanes: dict[Place, dict[str, Lane]] = {}
        self._ready: asyncio.Queue[Lane] = asyncio.Queue()
        self._reached: dict[Place, int] = {}
        self._committed: dict[Place, int] = {}

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """More events, each at its lane's end. In each place offsets rise."""
        topic, partition, offset = "", -1, 0
        place: Place = topic, partition
        lanes: dict[str, Lane] = {}
        for delivery in deliveries:
            if delivery.partition != partition or delivery.topic != topic:
                self._reached[place] = offset + 1
                place = topic, partition = delivery.topic, delivery.partition
                lanes = self._lanes.setdefault(place, {})
            event, offset = delivery.event, delivery.offset
            token = "" if event is None else event.token
            lane = lanes.get(token)
            if lane is None:
                lane = lanes[token] = Lane(place, token)
                self._ready.put_nowait(lane)
            lane.waiting.append(delivery)
        self._reached[place] = offset + 1
        self._reached.pop(("", -1), None)

    @property
    def in_hand(self) -> int:
        """Events that were taken in and are not dealt with."""
        lanes = (lane for lanes in self._lanes.values() for lane in lanes.values())
        return sum(len(lane.waiting) + (lane.at_work is not None) for lane in lanes)

    @property
    def ready(self) -> int:
        """Lanes that wait for a worker."""
        return self._ready.qsize()

    async def take(self) -> Lane:
        """A lane that nobody works on."""
        self.idle += 1
        try:
            return await self._ready.get()
        finally:
            self.idle -= 1

    def done(self, lane: Lane) -> None:
        """The lane is empty."""
        lanes = self._lanes[lane.place]
        del lanes[lane.token]
        if not lanes:
            del self._lanes[lane.place]

    def drop(self, places: Iterable[Place]) -> None:
        """These places were taken away: what waits in them is another member's, or comes again.

        What is at work there goes on, and counts for nothing; what comes of its token waits behind it.
        """
        for place in places:
            self._reached.pop(place, None)
            self._committed.pop(place, None)
            for lane in self._lanes.get(place, {}).values():
                lane.waiting.clear()
                lane.at_work = None

    def settled(self) -> Mapping[Place, int]:
        """The offset of each place below which all is dealt with, where that is not committed yet."""
        reached = dict(self._reached)
        for place, lanes in self._lanes.items():
            firsts = [first for lane in lanes.values() if (first := lane.first()) is not None]
            if firsts:
                reached[place] = min(firsts)
        return {place: offset for place, offset in reached.items() if offset > self._committed.get(place, 0)}

    def committed(self, offsets: Mapping[Place, int]) -> None:
        """These are committed."""
        self._committed |= {place: offset for place, offset in offsets.items() if place in self._reached}

    def at_work(self) -> Iterator[Lane]:
        """Lanes with an event at work."""
        return (lane for lanes in self._lanes.values() for lane in lanes.values() if lane.at_work is not None)
