"""Holds in PostgreSQL. Where TimescaleDB drops old days by itself, it is stopped from it while anything is held."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from tradewind.adapters.event_store.holding import read, written
from tradewind.adapters.event_store.postgres_connection import LONG_S_MAX
from tradewind.adapters.event_store.postgres_schema import Kind
from tradewind.ports.event_store import Hold

if TYPE_CHECKING:
    import asyncpg

LOCK = 0x686F6C64
"""The advisory lock under which history is forgotten. Who places a hold waits for the end of it."""
PLACE = """
INSERT INTO tradewind.holds (name, query, reason) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET query = excluded.query, reason = excluded.reason
"""
STOP_DROPPING = "SELECT remove_retention_policy('tradewind.events', if_exists => true)"
DROP_AGAIN = """
SELECT add_retention_policy('tradewind.events', INTERVAL '365 days', if_not_exists => true)
WHERE NOT EXISTS (SELECT FROM tradewind.holds)
"""


async def place(connection: asyncpg.Connection[Any], kind: Kind, hold: Hold) -> None:
    """Place a hold, or another of its name."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK, timeout=LONG_S_MAX)
        await connection.execute(PLACE, *written(hold))
        if kind is Kind.LICENSED:
            await connection.execute(STOP_DROPPING)


async def release(connection: asyncpg.Connection[Any], kind: Kind, name: str) -> bool:
    """End a hold; whether there was one."""
    async with connection.transaction():
        found = await connection.fetchval("DELETE FROM tradewind.holds WHERE name = $1 RETURNING true", name)
        if kind is Kind.LICENSED:
            await connection.execute(DROP_AGAIN)
        return bool(found)


@asynccontextmanager
async def unchanged(connection: asyncpg.Connection[Any]) -> AsyncIterator[None]:
    """While this lasts no hold is placed, and nobody else forgets."""
    await connection.execute("SELECT pg_advisory_lock($1)", LOCK, timeout=LONG_S_MAX)
    try:
        yield
    finally:
        if not connection.is_closed():  # then the server has let go of it
            await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)


async def held(connection: asyncpg.Connection[Any], where: str) -> list[Hold]:
    """What is held, by name. Raises Corrupt."""
    return read(await connection.fetch("SELECT name, query, reason FROM tradewind.holds ORDER BY name"), where)
