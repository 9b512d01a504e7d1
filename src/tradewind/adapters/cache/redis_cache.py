"""A cache in Redis: one server, or a cluster of them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from tradewind.adapters.cache.redis_connection import RedisPlace, answering, check_role, connect, let_go
from tradewind.core.domain.cache_keys import check_changes, checked_key, checked_ttl, checked_value
from tradewind.core.domain.errors import BadInput, Refused, Unavailable
from tradewind.ports.cache import Role

Layout = list[tuple[str, bool]]
"""Of each primary its name, role and slots, and whether slots are moving."""
SCAN = 500
"""Keys that are looked at in one step: between the steps the server serves others."""

APPLY = """
local at = 2
for i = 1, tonumber(ARGV[1]) do
  local found = redis.pcall('GET', KEYS[i])
  if type(found) == 'table' then found = false end
  if ARGV[at] == '1' then
    if found ~= ARGV[at + 1] then return 0 end
  elseif found then
    return 0
  end
  at = at + 2
end
for i = tonumber(ARGV[1]) + 1, #KEYS do
  if ARGV[at] == '1' then
    redis.call('SET', KEYS[i], ARGV[at + 1])
  else
    redis.call('DEL', KEYS[i])
  end
  at = at + 2
end
return 1
"""
"""Look, then change, as one step of the server. It writes a script's changes to its log as one transaction, refuses a
script for want of memory at its first write only, and nothing before that write can fail: so all is done or nothing.
What somebody else has put there and is no value, a list or a hash, is as good as nothing, and is written over."""


class RedisCache:
    """Values in Redis. Whenever it begins to answer, its settings are compared with the role.

    State that was started again, or is led by another server, may be older than it was: one call is told so.
    """

    def __init__(self, place: RedisPlace | str, role: Role = Role.STATE) -> None:
        self.place = RedisPlace.of(place) if isinstance(place, str) else place
        self.role = role
        # Any: the client's methods are typed for its blocking and its asynchronous form at once.
        self._client: Any = connect(self.place)
        self._on_cluster = self.place.on_cluster
        self._fits_role = False
        self._servers: frozenset[str] = frozenset()
        self._layout: Layout = []

    async def get(self, key: str) -> bytes | None:
        """The value; None where there is none."""
        checked_key(key)
        # MGET, also of one: of what is no value it says nil, where GET would fail.
        (value,) = await self._read(lambda: self._client.execute_command("MGET", key))
        return value if value is None else bytes(value)

    async def set(self, key: str, value: bytes, ttl_s: float | None = None) -> None:
        """Keep a value; see the port. Redis counts a time to live in ms."""
        checked_value(checked_key(key), value)
        ttl_ms = None if checked_ttl(key, ttl_s) is None else max(1, round((ttl_s or 0.0) * 1_000))
        async with self._answering():
            await self._client.set(key, value, px=ttl_ms)

    async def delete(self, *keys: str) -> int:
        """Forget values; how many there were."""
        for key in keys:
            checked_key(key)
        if not keys:
            return 0
        async with self._answering():
            return int(await self._client.delete(*dict.fromkeys(keys)))

    async def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values in the order of the keys; a cluster is asked once for each place that keys lie at."""
        for key in keys:
            checked_key(key)
        if not keys:
            return []
        ask = self._client.mget_nonatomic if self._on_cluster else self._client.mget
        return list(await self._read(lambda: ask(list(keys))))

    async def get_all(self, pattern: str, most: int = 100_000) -> Mapping[str, bytes]:
        """All values whose keys fit, by SCAN, which holds nobody up."""
        names = await self.keys(pattern, most)
        found: dict[str, bytes] = {}
        for start in range(0, len(names), SCAN):
            some = names[start : start + SCAN]
            values = zip(some, await self.mget(some), strict=True)
            found.update((key, value) for key, value in values if value is not None)
        return found

    async def keys(self, pattern: str, most: int = 100_000) -> Sequence[str]:
        """The keys that fit, by SCAN of every primary; also those that move from one to another meanwhile."""
        checked_key(pattern)
        found: dict[str, None] = {}
        await self._read(lambda: self._scan(pattern, most, found))
        return list(found)

    async def apply(
        self, changes: Mapping[str, bytes | None], expecting: Mapping[str, bytes | None] | None = None
    ) -> bool:
        """All changes or none; see the port."""
        expecting = expecting or {}
        check_changes(changes, expecting)
        keys = [*expecting, *changes]
        if not keys:
            return True
        words: list[bytes] = [str(len(expecting)).encode()]
        for value in [*expecting.values(), *changes.values()]:
            words += [b"0", b""] if value is None else [b"1", value]
        async with self._answering():
            return bool(await self._client.eval(APPLY, len(keys), *keys, *words))

    async def ping(self) -> str:
        """The names of the servers that lead; see the port. In a cluster it asks anew which they are."""
        await self._read(_nothing, anew=True)
        return " ".join(sorted(self._servers))

    async def close(self) -> None:
        """Let the connections go."""
        with answering(self.place):
            await let_go(self._client)

    async def _scan(self, pattern: str, most: int, found: dict[str, None]) -> None:
        """Look through all keys; twice where slots move in a cluster, since a key that moved from a node that was not
        looked through yet to one that was is missed by the first look, and lies still during the second.
        """
        before = await self._layout_now()
        for _ in range(2):
            async for key in self._client.scan_iter(match=_escaped(pattern), count=SCAN):
                found[key.decode()] = None
                if len(found) > most:
                    raise Refused(f"more than {most:,} keys fit {pattern!r}", fix="Ask for fewer")
            if before == await self._layout_now() and not any(moving for _, moving in before):
                return

    async def _layout_now(self) -> Layout:
        """Who has which slots of a cluster now, as the client knows it from here on; nothing for one server.

        The client is told to look anew only where something has changed: it begins all its connections anew then.
        """
        if not self._on_cluster:
            return []
        await self._client.initialize()
        layout = await self._slots()
        if layout != self._layout:
            if self._layout:
                await self._client.nodes_manager.initialize()
                layout = await self._slots()
            self._layout = layout
        return layout

    async def _slots(self) -> Layout:
        """What each primary that the client knows says of itself: its slots, and whether any of them is on its way."""
        told = await asyncio.gather(
            *(self._client.execute_command("CLUSTER NODES", target_nodes=node) for node in self._client.get_primaries())
        )
        mine = [row for rows in told for row in rows.values() if "myself" in row["flags"]]
        return sorted((f"{row['node_id']} {row['flags']} {row['slots']}", bool(row["migrations"])) for row in mine)

    async def _read(self, call: Callable[[], Awaitable[Any]], *, anew: bool = False) -> Any:
        """What a call returns. Where its connection was lost it is made once more: reading twice does no harm."""
        try:
            async with self._answering(again=True, anew=anew):
                return await call()
        except Unavailable as problem:
            if not _lost(problem):
                raise
        async with self._answering(anew=anew):
            return await call()

    @asynccontextmanager
    async def _answering(self, *, again: bool = False, anew: bool = False) -> AsyncIterator[None]:
        """`again`: a call whose connection was lost will be made once more, and who asked is not told.

        `anew`: the settings are looked at whether or not they were before.
        """
        try:
            with answering(self.place):
                if anew or not self._fits_role:
                    await self._check()
                yield
        except BadInput:
            self._fits_role = False
            raise
        except Unavailable as problem:
            self._fits_role = False  # what answers next may have been started with other settings
            if not (again and _lost(problem)):
                self._servers = frozenset()  # who asked knows by this that something was wrong
            await self._drop_idle()
            raise

    async def _drop_idle(self) -> None:
        """A server that ended has ended all connections; the others would fail one call each."""
        with suppress(Unavailable), answering(self.place):
            if self._on_cluster:
                for node in self._client.get_nodes():
                    await node.disconnect_free_connections()
            else:
                await self._client.connection_pool.disconnect(inuse_connections=False)

    async def _check(self) -> None:
        await self._layout_now()
        before, self._servers = self._servers, await check_role(self._client, self.place, self.role)
        self._fits_role = True
        if before and before != self._servers and self.role is Role.STATE:
            raise Unavailable(
                "Redis was started again, or another server has taken over: its last changes may be gone",
                where=self.place.shown,
            )


async def _nothing() -> None:
    """No call: only what is looked at before one."""


def _lost(problem: Unavailable) -> bool:
    """Whether the connection ended, rather than that no answer came."""
    from redis.exceptions import ConnectionError as Lost  # noqa: PLC0415 - optional

    return isinstance(problem.__cause__, Lost)


def _escaped(pattern: str) -> str:
    """In Redis `?`, `[` and `\\` mean something in a pattern too; here they are themselves."""
    return re.sub(r"([?\[\]\\])", r"\\\1", pattern)
