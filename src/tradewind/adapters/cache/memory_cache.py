"""A cache inside one process."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush

from tradewind.core.domain.cache_keys import check_changes, checked_key, checked_ttl, checked_value, fits
from tradewind.core.domain.errors import Refused, Unavailable
from tradewind.ports.cache import Role

VALUES_MAX = 100_000
BYTES_MAX = 1 << 30


class MemoryCache:
    """Values in the order of their use. At a limit the role says whether the oldest go or the new is refused."""

    def __init__(
        self,
        role: Role = Role.STATE,
        *,
        values_max: int = VALUES_MAX,
        bytes_max: int = BYTES_MAX,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.role, self.values_max, self.bytes_max, self._clock = role, values_max, bytes_max, clock
        self._values: OrderedDict[str, tuple[bytes, float | None]] = OrderedDict()
        self._bytes = 0
        self._ends: list[tuple[float, str]] = []  # a heap; entries of values that were set again since are passed over
        self._closed = False

    async def get(self, key: str) -> bytes | None:
        """The value; None where there is none."""
        self._must_be_open()
        return self._found(checked_key(key))

    async def set(self, key: str, value: bytes, ttl_s: float | None = None) -> None:
        """Keep a value; see the port."""
        self._must_be_open()
        checked_value(checked_key(key), value)
        until = None if checked_ttl(key, ttl_s) is None else self._clock() + (ttl_s or 0.0)
        self._make_room({key: value})
        self._put(key, value, until)

    async def delete(self, *keys: str) -> int:
        """Forget values; how many there were."""
        self._must_be_open()
        there = [key for key in dict.fromkeys(map(checked_key, keys)) if self._found(key) is not None]
        for key in there:
            self._forget(key)
        return len(there)

    async def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values in the order of the keys."""
        self._must_be_open()
        return [self._found(checked_key(key)) for key in keys]

    async def get_all(self, pattern: str, most: int = 100_000) -> Mapping[str, bytes]:
        """All values whose keys fit; see the port."""
        return {key: self._values[key][0] for key in await self.keys(pattern, most)}

    async def keys(self, pattern: str, most: int = 100_000) -> Sequence[str]:
        """The keys that fit; see the port."""
        self._must_be_open()
        checked_key(pattern)
        fitting = [key for key in self._values if fits(pattern, key)]
        found = [key for key in fitting if self._found(key) is not None]
        if len(found) > most:
            raise Refused(f"more than {most:,} keys fit {pattern!r}", fix="Ask for fewer")
        return found

    async def apply(
        self, changes: Mapping[str, bytes | None], expecting: Mapping[str, bytes | None] | None = None
    ) -> bool:
        """All changes or none; see the port. Nothing is awaited in here, so nobody reads in between."""
        self._must_be_open()
        expecting = expecting or {}
        check_changes(changes, expecting)
        if any(self._found(key) != value for key, value in expecting.items()):
            return False
        self._make_room({key: value for key, value in changes.items() if value is not None})
        for key, value in changes.items():
            if value is not None:
                self._put(key, value, None)
            elif key in self._values:
                self._forget(key)
        return True

    async def ping(self) -> str:
        """What holds the values: this very cache."""
        self._must_be_open()
        return f"memory {id(self)}"

    async def close(self) -> None:
        """Let the cache go, with all that is in it."""
        self._closed = True
        self._values.clear()
        self._bytes = 0

    def _must_be_open(self) -> None:
        if self._closed:
            raise Unavailable("the cache is closed")

    def _found(self, key: str) -> bytes | None:
        kept = self._values.get(key)
        if kept is None:
            return None
        value, until = kept
        if until is not None and self._clock() >= until:
            self._forget(key)
            return None
        self._values.move_to_end(key)
        return value

    def _put(self, key: str, value: bytes, until: float | None) -> None:
        if key in self._values:
            self._forget(key)
        self._values[key] = (value, until)
        self._bytes += len(value)
        if until is not None:
            heappush(self._ends, (until, key))
            if len(self._ends) > 2 * len(self._values) + 1:
                self._ends = [(end, name) for name, (_, end) in self._values.items() if end is not None]
                heapify(self._ends)

    def _forget(self, key: str) -> None:
        self._bytes -= len(self._values.pop(key)[0])

    def _make_room(self, new: Mapping[str, bytes]) -> None:
        """Let go what must make room for new values; what they replace counts no more."""
        go: dict[str, None] = {}
        if self._over(new, go):
            while self._ends and self._ends[0][0] <= self._clock():
                self._found(heappop(self._ends)[1])
        for key in self._dispensable(new):
            if not self._over(new, go):
                break
            go[key] = None
        if self._over(new, go):
            raise Unavailable(
                f"the cache is full: it holds {len(self._values):,} values, {self._bytes:,} bytes",
                fix="Raise values_max or bytes_max",
            )
        for key in go:
            self._forget(key)

    def _dispensable(self, new: Mapping[str, bytes]) -> Iterator[str]:
        return iter(()) if self.role is Role.STATE else (key for key in self._values if key not in new)

    def _over(self, new: Mapping[str, bytes], go: Mapping[str, None]) -> bool:
        there = [key for key in new if key in self._values]
        values = len(self._values) + len(new) - len(there) - len(go)
        freed = sum(len(self._values[key][0]) for key in (*there, *go))
        size = self._bytes + sum(map(len, new.values())) - freed
        return values > self.values_max or size > self.bytes_max
