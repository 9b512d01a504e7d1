"""Roles that one process at a time may serve over one database, wherever it runs, where the bus is not shared.

A role is a lock of a session of the server's: it ends with its process, with its machine after a minute of silence, and
with the server. So the session is watched: who loses it takes the roles again, and stops where another was faster.
Until then both may serve, which costs work and no events: what comes twice has one effect.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from tradewind.adapters.event_store.postgres_connection import CLOSE_S_MAX, explained, open_connection, place_of
from tradewind.adapters.event_store.served_alone import taken
from tradewind.core.domain.errors import Unavailable

if TYPE_CHECKING:
    import asyncpg

log = logging.getLogger(__name__)
LOCKS = 0x726F6C65
"""What the locks of roles have in common; the other half of each is made of its role's name."""
WAIT_MS_MAX = 5_000
"""So long a role may still be held for a process that was killed a moment ago."""
BEAT_S = 15.0
AGAIN_S = 1.0
NAME_MAX = 63
SESSION = "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"
TAKE = "SELECT pg_advisory_lock($1, $2)"
HOLDER = """
SELECT pid, coalesce(host(client_addr), 'this machine') AS host, application_name AS name
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND classid = $1::int::oid AND objid = $2::int::oid
    AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@asynccontextmanager
async def served_alone_at(url: str, roles: Sequence[str], member: str, lost: Callable[[], None]) -> AsyncIterator[None]:
    """Roles that are this process's while the block runs; `member` is what it is called, and nobody else.

    Raises BadInput for a role that another process has. Where another takes one while the server is away, `lost` is
    called, so that the block ends, and BadInput is raised then. A server that cannot be reached is waited for.
    """
    held = _Held(url, roles, f"tradewind {member}"[-NAME_MAX:])
    try:
        await held.take()
    except Unavailable as problem:
        log.warning("whether another process serves the same is not known yet: %s", problem)
    keeper = asyncio.create_task(held.keep(lost), name="roles-keeper")
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.wait([keeper])
        await held.let_go()
    if not keeper.cancelled():
        keeper.result()


class _Held:
    """Roles, and the connection that holds them."""

    def __init__(self, url: str, roles: Sequence[str], name: str) -> None:
        self.where, self.roles, self.name = place_of(url), roles, name
        self._url = url
        self._connection: asyncpg.Connection[Any] | None = None

    async def take(self) -> None:
        """Hold all of them. Raises BadInput for one that another has."""
        with explained(self.where):
            connection = await open_connection(self._url, self.where, self.name)
            try:
                await connection.execute(f"{SESSION}; SET lock_timeout = {WAIT_MS_MAX}")
                for role in self.roles:
                    await self._take(connection, role)
            except BaseException:
                await _goodbye(connection)
                raise
            self._connection = connection

    async def let_go(self) -> None:
        """End the session, and the roles are free."""
        if self._connection is not None:
            await _goodbye(self._connection)

    async def _take(self, connection: asyncpg.Connection[Any], role: str) -> None:
        import asyncpg  # noqa: PLC0415 - an extra

        while True:
            try:
                await connection.execute(TAKE, LOCKS, key_of(role))
            except asyncpg.LockNotAvailableError:
                holder = await connection.fetchrow(HOLDER, LOCKS, key_of(role))
                if holder is None:
                    continue  # it has just ended
                if holder["name"] != self.name:
                    raise taken(role, f"{self.where}, by {holder['name']} at {holder['host']}") from None
                # A session of our own, whose connection broke and which the server has not given up yet.
                await connection.execute("SELECT pg_terminate_backend($1)", holder["pid"])
            else:
                return

    async def keep(self, lost: Callable[[], None]) -> None:
        """Take the roles again whenever the session that holds them has ended."""
        while True:
            if self._connection is not None:
                await _ended(self._connection)
                self._connection = None
                log.warning("%s: the connection is lost, and the roles are taken again", self.where)
            try:
                await self.take()
            except Unavailable:
                await asyncio.sleep(AGAIN_S)
            except Exception:  # another has a role, or it is not known: nobody may go on as if it were held
                lost()
                raise


async def _goodbye(connection: asyncpg.Connection[Any]) -> None:
    """End a session: who is answered knows that its locks are free."""
    with suppress(TimeoutError, OSError):
        await connection.close(timeout=CLOSE_S_MAX)


async def _ended(connection: asyncpg.Connection[Any]) -> None:
    """Wait until a session has ended, or does not answer."""
    ended = asyncio.Event()
    connection.add_termination_listener(lambda _: ended.set())
    while not connection.is_closed():
        with suppress(TimeoutError):
            async with asyncio.timeout(BEAT_S):
                await ended.wait()
        try:
            await connection.execute("SELECT 1", timeout=BEAT_S)
        except Exception:  # noqa: BLE001 - whatever it is, this connection is of no use
            connection.terminate()


def key_of(role: str) -> int:
    """A role's name as the half of a lock, a signed number of 32 bits."""
    return zlib.crc32(role.encode()) - 2**31
