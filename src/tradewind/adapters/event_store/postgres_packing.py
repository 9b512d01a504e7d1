"""Days that are old, packed into blocks: the same events in the same order, in a fifth of the room or less.

A stretch of positions is taken out of a day and put back as blocks in one transaction, so whoever looks sees it once,
and a packer that is killed has done nothing or all of it. Nobody who writes waits for it. Late events of a packed day
come into a table as any other, and are packed in their turn. Only what candles have been made of is packed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from tradewind.adapters.event_store import postgres_candles
from tradewind.adapters.event_store.packed_blocks import BLOCK_ROWS, pack
from tradewind.adapters.event_store.postgres_connection import LONG_S_MAX, THINKING
from tradewind.adapters.event_store.postgres_days import DEFAULT, days_before, drop_empty
from tradewind.adapters.event_store.postgres_schema import Kind

if TYPE_CHECKING:
    import asyncpg

AFTER = timedelta(days=postgres_candles.PACKED_AFTER_DAYS)
ROWS_AT_ONCE_MAX = 100_000
"""Rows that are taken out in one transaction; those of one token and type among them make its blocks."""
LOCK = 0x7061636B
"""The advisory lock of who packs."""
COLUMNS = (
    "first_position", "last_position", "tenant", "token", "event_type", "session", "first_time", "last_time", "events",
    "body",
)  # fmt: skip
UPTO = """
SELECT max(position) FROM (
    SELECT position FROM {place} WHERE "timestamp" < $1 AND position > $2 AND position <= $3
    ORDER BY position LIMIT {most}) next
"""
TAKE = """
DELETE FROM {place} WHERE "timestamp" < $1 AND position > $2 AND position <= $3
RETURNING tenant, token, event_type, session, position, time_event, body
"""


async def pack_days(connection: asyncpg.Connection[Any], kind: Kind) -> int:
    """Pack what is older than a week; how many events were packed. Another packer is left to do it alone."""
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
        return 0
    try:
        before = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - AFTER
        before_us = int(before.timestamp()) * 1_000_000
        packed = 0
        for place in await days_before(connection, kind, before_us):
            packed += await _pack(connection, place, before_us)
            if place != DEFAULT:
                await drop_empty(connection, place)
        return packed
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)


async def _pack(connection: asyncpg.Connection[Any], place: str, before_us: int) -> int:
    packed, after = 0, 0
    while True:
        async with connection.transaction():
            await connection.execute(THINKING)
            # Who makes candles looks into tables and into blocks, and must not miss what is on its way between them.
            await connection.execute("SELECT pg_advisory_xact_lock($1)", postgres_candles.LOCK, timeout=LONG_S_MAX)
            known = await connection.fetchval(postgres_candles.UPTO)
            sql = UPTO.format(place=place, most=ROWS_AT_ONCE_MAX)
            upto = await connection.fetchval(sql, before_us, after, known, timeout=LONG_S_MAX)
            if upto is None:
                return packed
            rows = await connection.fetch(TAKE.format(place=place), before_us, after, upto, timeout=LONG_S_MAX)
            made = await asyncio.to_thread(blocks, rows)
            await connection.copy_records_to_table(
                "packed_events", schema_name="tradewind", columns=COLUMNS, records=made
            )
        packed, after = packed + len(rows), upto


def blocks(rows: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Rows as blocks, in the order of COLUMNS: one token, type, tenant and session each."""
    made = []
    for (tenant, token, event_type, session), group in groupby(sorted(rows, key=_place), _kind):
        alike = list(group)
        for start in range(0, len(alike), BLOCK_ROWS):
            some = alike[start : start + BLOCK_ROWS]
            times = [row[5] for row in some]
            body = pack([(row[4], row[6]) for row in some])
            ends = some[0][4], some[-1][4]
            made.append((*ends, tenant, token, event_type, session or None, min(times), max(times), len(some), body))
    return made


def _kind(row: Any) -> tuple[str, str, str, str]:
    return row[0], row[1], row[2], row[3] or ""


def _place(row: Any) -> tuple[Any, ...]:
    return *_kind(row), row[4]
