"""Event stores that a test opens and leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from tradewind.adapters.event_store.postgres_events import PostgresEventStore


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[PostgresEventStore]:
    """The store in a database, closed at the end whatever happens."""
    store = PostgresEventStore(url)
    try:
        yield store
    finally:
        await store.close()


async def asked(url: str, sql: str) -> list[tuple[object, ...]]:
    """What a statement returns."""
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()
