"""A mapping with a limit: who was not asked for the longest makes room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
STREAMS_MAX = 10_000
"""Streams or accounts that a process remembers; one that it has forgotten is made again from the store."""


class MostRecent(Generic[K, V]):
    """At most `most` values by key."""

    def __init__(self, most: int = STREAMS_MAX) -> None:
        self.most = most
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value of a key, which is the most recent one now."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def keeps(self, key: K, value: V) -> bool:
        """Whether this very value is still kept of a key."""
        return self._values.get(key) is value

    def put(self, key: K, value: V) -> V | None:
        """Keep a value; the one that made room for it, where one had to."""
        self._values[key] = value
        self._values.move_to_end(key)
        return self._values.popitem(last=False)[1] if len(self._values) > self.most else None

    def drop(self, which: Callable[[K], bool]) -> None:
        """Keep those no longer whose keys these are."""
        for key in [key for key in self._values if which(key)]:
            del self._values[key]

    def items(self) -> tuple[tuple[K, V], ...]:
        """All that is kept now."""
        return tuple(self._values.items())

    def values(self) -> tuple[V, ...]:
        """All that is kept now, without its keys."""
        return tuple(self._values.values())
