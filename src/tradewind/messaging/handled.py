"""Which events were handled already: a bus delivers at least once, and an event must have one effect."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

REMEMBERED_MAX = 200_000


class Handled(Protocol):
    """Event ids that were handled. An implementation may share a transaction with what the handlers do."""

    async def has(self, event_id: str) -> bool:
        """Whether the event was handled."""
        ...

    async def note(self, event_id: str) -> None:
        """The event was handled."""
        ...


class HandledHere:
    """The latest ids, in memory: enough where handlers may see an event again after a restart."""

    def __init__(self, most: int = REMEMBERED_MAX) -> None:
        self.most = most
        self._ids: OrderedDict[str, None] = OrderedDict()

    async def has(self, event_id: str) -> bool:
        """Whether the event was handled."""
        return event_id in self._ids

    async def note(self, event_id: str) -> None:
        """The event was handled; the oldest id makes room."""
        self._ids[event_id] = None
        if len(self._ids) > self.most:
            self._ids.popitem(last=False)
