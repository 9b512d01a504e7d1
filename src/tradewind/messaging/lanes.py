"""Events in hand, in one lane for each token: a lane's events one after the other, many lanes at once."""

from __future__ import annotations

import asyncio
from collections import deque

from tradewind.ports.bus import Delivery

Lane = tuple[str, int, str]
"""A topic, a partition, and a token."""


class Lanes:
    """What is in hand. A worker takes a lane, works it off, and gives it back empty."""

    def __init__(self) -> None:
        self.in_hand = 0
        self.idle = 0
        self._lines: dict[Lane, deque[Delivery]] = {}
        self._ready: asyncio.Queue[Lane] = asyncio.Queue()

    def put(self, delivery: Delivery) -> None:
        """One more event, at its lane's end."""
        event = delivery.event
        lane = (delivery.topic, delivery.partition, "" if event is None else event.token)
        line = self._lines.get(lane)
        self.in_hand += 1
        if line is None:
            self._lines[lane] = deque((delivery,))
            self._ready.put_nowait(lane)
        else:
            line.append(delivery)

    @property
    def ready(self) -> int:
        """Lanes that wait for a worker."""
        return self._ready.qsize()

    async def take(self) -> tuple[Lane, deque[Delivery]]:
        """A lane that nobody works on."""
        self.idle += 1
        try:
            lane = await self._ready.get()
        finally:
            self.idle -= 1
        return lane, self._lines[lane]

    def done(self, lane: Lane) -> None:
        """The lane is empty."""
        del self._lines[lane]
