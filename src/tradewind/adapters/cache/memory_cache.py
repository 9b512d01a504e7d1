"""A cache inside one process."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from tradewind.core.domain.cache_keys import check_changes, checked_key, checked_ttl, checked_value, fits
from tradewind.core.domain.errors import Refused, Unavailable
from tradewind.ports.cache import Role

VALUES_MAX = 100_000


class MemoryCache:
    """Values in the order of their use. At `values_max` the role says whether the oldest goes or the new is refused."""

    def __init__(
        self,
        role: Role = Role.STATE,
        *,
        values_max: int = VALUES_MAX,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.role, self.values_max, self._clock = role, values_max, clock
        self._values: OrderedDict[str, tuple[bytes, float | None]] = OrderedDict()
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
        self._make_room({key})
        self._put(key, value, until)

    async def delete(self, *keys: str) -> int:
        """Forget values; how many there were."""
        self._must_be_open()
        there = [key for key in dict.fromkeys(map(checked_key, keys)) if self._found(key) is not None]
        for key in there:
            del self._values[key]
        return len(there)

    async def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values in the order of the keys."""
        self._must_be_open()
        return [self._found(checked_key(key)) for key in keys]

    async def get_all(self, pattern: str, most: int = 100_000) -> Mapping[str, bytes]:
        """All values whose keys fit; see the port."""
        self._must_be_open()
        checked_key(pattern)
        fitting = [key for key in self._values if fits(pattern, key)]
        found = {key: value for key in fitting if (value := self._found(key)) is not None}
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
        self._make_room({key for key, value in changes.items() if value is not None})
        for key, value in changes.items():
            if value is None:
                self._values.pop(key, None)
            else:
                self._put(key, value, None)
        return True

    async def close(self) -> None:
        """Let the cache go, with all that is in it."""
        self._closed = True
        self._values.clear()

    def _must_be_open(self) -> None:
        if self._closed:
            raise Unavailable("the cache is closed")

    def _found(self, key: str) -> bytes | None:
        kept = self._values.get(key)
        if kept is None:
            return None
        value, until = kept
        if until is not None and self._clock() >= until:
            del self._values[key]
            return None
        self._values.move_to_end(key)
        return value

    def _put(self, key: str, value: bytes, until: float | None) -> None:
        self._values[key] = (value, until)
        self._values.move_to_end(key)

    def _make_room(self, keys: AbstractSet[str]) -> None:
        if len(self._values) + len(keys) <= self.values_max:
            return
        for key in list(self._values):
            self._forget_if_over(key)
        over = len(self._values) + len(keys - self._values.keys()) - self.values_max
        if over <= 0:
            return
        old = [key for key in self._values if key not in keys][:over]
        if self.role is Role.STATE or len(old) < over:
            raise Unavailable(f"the cache is full: it holds {len(self._values):,} values", fix="Raise values_max")
        for key in old:
            del self._values[key]

    def _forget_if_over(self, key: str) -> None:
        until = self._values[key][1]
        if until is not None and self._clock() >= until:
            del self._values[key]
