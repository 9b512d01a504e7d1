"""The port to stored events: what was acknowledged is there, once, in one order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from tradewind.core.domain.events.envelope import Event


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events: those that fit all that is given. Times are of `time_event`, ns UTC, the end not included."""

    start_ns: int | None = None
    end_ns: int | None = None
    tokens: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    tenant: str | None = None
    session: str | None = None
    outside_sessions: bool = False
    """Only what no session recorded for itself."""
    after_position: int = 0


class StoredEvent(msgspec.Struct, frozen=True, gc=False):
    """An event and its place in the store: places rise, and are never given twice."""

    position: int
    event: Event[Any]


@dataclass(frozen=True, slots=True)
class Hold:
    """Events that must not be forgotten, whoever asks: what `query` finds, for a reason that a person gave."""

    name: str
    query: EventQuery
    reason: str


@dataclass(frozen=True, slots=True)
class Purged:
    """What was forgotten, or would be, by type; and what was old enough too but is held."""

    forgotten: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tidied:
    """What a store did for itself: events looked at for candles, days that got an index, events packed."""

    rolled_up: int = 0
    indexed: int = 0
    packed: int = 0


class EventStore(Protocol):
    """Events in the order in which they were stored. Raises Unavailable where the store cannot be reached."""

    async def append(self, events: Sequence[Event[Any]]) -> list[int]:
        """Store events, all or none; the position of each. They are on disk when this returns.

        One whose event_id is there already is not stored again: its position is the one it has.
        """
        ...

    def read(self, query: EventQuery, batch: int = 1_000) -> AsyncIterator[list[StoredEvent]]:
        """The events that fit, by rising position, up to `batch` at a time. What is stored meanwhile may be there."""
        ...

    async def count(self, query: EventQuery) -> int:
        """How many events fit."""
        ...

    async def last_position(self) -> int:
        """The position of the newest event that was ever stored, be it forgotten since; 0 where there was none."""
        ...

    async def bookmark(self, name: str) -> int:
        """The position that was marked under a name; 0 where none was."""
        ...

    async def mark(self, name: str, position: int) -> None:
        """Mark a position under a name: up to there somebody has dealt with everything."""
        ...

    async def tidy(self) -> Tidied:
        """What the store needs from time to time, while others read and write: candles, indexes, old days packed."""
        ...

    async def purge(self, before_ns: int, types: Collection[str] = (), *, dry_run: bool = False) -> Purged:
        """Forget events that happened before, all or those of some types.

        Audit records are never forgotten, nor is what a hold describes.
        """
        ...

    async def hold(self, hold: Hold) -> None:
        """Keep what a hold describes until it is released. One of the same name is replaced."""
        ...

    async def release(self, name: str) -> bool:
        """End a hold; whether there was one of this name."""
        ...

    async def holds(self) -> list[Hold]:
        """What is held, by name."""
        ...

    async def close(self) -> None:
        """Write what is waiting, and let the store go."""
        ...
