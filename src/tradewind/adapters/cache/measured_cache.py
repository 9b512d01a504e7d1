"""Any cache, with what is asked of it counted and timed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from tradewind.core.domain.errors import Unavailable
from tradewind.ports.cache import Cache, Role
from tradewind.ports.metrics import Metrics

OPERATIONS = ("get", "set", "delete", "mget", "get_all", "keys", "apply", "ping")


class MeasuredCache:
    """Hands on to another cache: hits and misses of get and mget, and how long each call took."""

    def __init__(self, cache: Cache, metrics: Metrics, role: Role) -> None:
        self.cache = cache
        self._hits = metrics.counter("cache_hits", role=role.value)
        self._misses = metrics.counter("cache_misses", role=role.value)
        self._took = {o: metrics.histogram("cache_latency", role=role.value, operation=o) for o in OPERATIONS}
        self._errors = {o: metrics.counter("cache_errors", role=role.value, operation=o) for o in OPERATIONS}

    async def get(self, key: str) -> bytes | None:
        """The value; None where there is none."""
        with self._timed("get"):
            value = await self.cache.get(key)
        (self._misses if value is None else self._hits)(1)
        return value

    async def set(self, key: str, value: bytes, ttl_s: float | None = None) -> None:
        """Keep a value."""
        with self._timed("set"):
            await self.cache.set(key, value, ttl_s)

    async def delete(self, *keys: str) -> int:
        """Forget values; how many there were."""
        with self._timed("delete"):
            return await self.cache.delete(*keys)

    async def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values in the order of the keys."""
        with self._timed("mget"):
            values = await self.cache.mget(keys)
        missing = values.count(None)
        self._misses(missing)
        self._hits(len(values) - missing)
        return values

    async def get_all(self, pattern: str, most: int = 100_000) -> Mapping[str, bytes]:
        """All values whose keys fit."""
        with self._timed("get_all"):
            return await self.cache.get_all(pattern, most)

    async def keys(self, pattern: str, most: int = 100_000) -> Sequence[str]:
        """The keys that fit."""
        with self._timed("keys"):
            return await self.cache.keys(pattern, most)

    async def apply(
        self, changes: Mapping[str, bytes | None], expecting: Mapping[str, bytes | None] | None = None
    ) -> bool:
        """All changes or none."""
        with self._timed("apply"):
            return await self.cache.apply(changes, expecting)

    async def ping(self) -> str:
        """What holds the values now."""
        with self._timed("ping"):
            return await self.cache.ping()

    async def close(self) -> None:
        """Let the cache go."""
        await self.cache.close()

    @contextmanager
    def _timed(self, operation: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        except Unavailable:
            self._errors[operation](1)
            raise
        finally:
            self._took[operation](time.perf_counter() - started)
