"""Which events were handled already: a bus delivers at least once, and an event must have one effect."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

REMEMBERED_MAX = 200_000


class Handled(Protocol):
    """Event ids that were handled, for longer than a process lives: best in one transaction with the effect."""

    async def has(self, event_id: str) -> bool:
        """Whether the event was handled."""
        ...

    async def note(self, event_id: str) -> None:
        """The event was handled."""
        ...


class Remembered:
    """The latest ids that this process has handled; the oldest makes room."""

    def __init__(self, most: int = REMEMBERED_MAX) -> None:
        self.most = most
        self._ids: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._ids

    def add(self, event_id: str) -> None:
        """The event was handled."""
        self._ids[event_id] = None
        if len(self._ids) > self.most:
            self._ids.popitem(last=False)
