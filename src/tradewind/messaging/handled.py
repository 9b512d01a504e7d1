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
    """The latest ids that this process has handled: at least half of `most`, and hardly more than that."""

    def __init__(self, most: int = REMEMBERED_MAX) -> None:
        self.half = max(1, most // 2)
        self.older: set[str] = set()
        self.newer: set[str] = set()

    def __contains__(self, event_id: str) -> bool:
        return event_id in self.newer or event_id in self.older

    def add(self, event_id: str) -> None:
        """The event was handled."""
        self.newer.add(event_id)
        self.make_room()

    def make_room(self) -> None:
        """The older half goes, all of it at once. Whoever has added to `newer` asks for it now and then."""
        if len(self.newer) >= self.half:
            self.older, self.newer = self.newer, set()
