"""Which events were handled already: a bus delivers at least once, and an event must have one effect."""

from __future__ import annotations

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
    """The latest ids that this process has handled: at least half of `most`, never more than that."""

    def __init__(self, most: int = REMEMBERED_MAX) -> None:
        self.half = max(1, most // 2)
        self._older: set[str] = set()
        self._newer: set[str] = set()

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._newer or event_id in self._older

    def add(self, event_id: str) -> None:
        """The event was handled. The older half makes room, all of it at once."""
        self._newer.add(event_id)
        if len(self._newer) >= self.half:
            self._older, self._newer = self._newer, set()
