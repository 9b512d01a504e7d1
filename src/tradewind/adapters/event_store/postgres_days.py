"""Days of history: a partition for each, made when it is needed and dropped when it is old."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tradewind.adapters.event_store.postgres_schema import Kind, there
from tradewind.core.domain.timeframes import UNITS_NS

if TYPE_CHECKING:
    import asyncpg

DAY_NS = UNITS_NS["d"]
BACK_DAYS_MAX = 800
AHEAD_DAYS_MAX = 3
"""Days this far from today have a partition of their own; others share one, so that a wrong clock cannot make
thousands of them."""
PREFIX = "events_"
INDEXED = "_by_token"
LOCK = 0x64617973
"""The advisory lock of who makes indexes of days."""
PARTITIONS = (
    "SELECT c.relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid"
    " WHERE inhparent = 'tradewind.events'::regclass"
)
NOT_INDEXED = (
    f"{PARTITIONS} AND c.relname ~ '^{PREFIX}[0-9]{{8}}$' AND c.relname < $1 AND NOT EXISTS (SELECT FROM pg_index x"
    f" JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid AND i.relname = c.relname || '{INDEXED}'"
    " AND x.indisvalid) ORDER BY 1"
)
WAIT = "SET LOCAL lock_timeout = '10s'"
OLD = 'time_event < $1 AND "timestamp" <= $2'
PURGED = "UPDATE tradewind.places SET purged_before = greatest(purged_before, $1) RETURNING last"
REMOVE_IDS = (
    "DELETE FROM tradewind.event_ids i WHERE time_event < $1 AND position <= $2"
    " AND NOT EXISTS (SELECT FROM tradewind.audit_events a WHERE a.position = i.position)"
)


class Days:
    """The days that are known to have a place to go to."""

    def __init__(self) -> None:
        self._known: set[int] = set()

    def forget(self) -> None:
        """Look again: a transaction was undone, or days were dropped."""
        self._known.clear()

    async def make(self, connection: asyncpg.Connection[Any], wanted: set[int]) -> None:
        """Make the partitions of these days (since 1970), where they are near enough to today."""
        days = wanted - self._known
        if not days:
            return
        today = await connection.fetchval("SELECT extract(epoch FROM now())::bigint / 86400")
        for day in sorted(days):
            if today - BACK_DAYS_MAX <= day <= today + AHEAD_DAYS_MAX:
                await _make(connection, date.fromordinal(date(1970, 1, 1).toordinal() + day))
        self._known |= days


async def _make(connection: asyncpg.Connection[Any], day: date) -> None:
    name = f"{PREFIX}{day:%Y%m%d}"
    if await there(connection, name):
        return
    first, end = f"'{day} 00:00+00'", f"'{day + timedelta(days=1)} 00:00+00'"
    # What came while the day was too far ahead lies in the shared partition, and the rest of the day joins it there.
    if await connection.fetchval(
        f'SELECT EXISTS (SELECT FROM tradewind.events_elsewhen WHERE "timestamp" >= {first} AND "timestamp" < {end})'  # noqa: S608
    ):
        return
    await connection.execute(
        f"CREATE TABLE tradewind.{name} PARTITION OF tradewind.events FOR VALUES FROM ({first}) TO ({end})"
    )


async def forget(
    connection: asyncpg.Connection[Any], kind: Kind, before_ns: int, *, dry_run: bool
) -> Mapping[str, int]:
    """Remove history from before a time: days that are wholly older as a whole, the rest row by row.

    Writers are stopped only while days are dropped. What is written meanwhile has later positions, and is left alone.
    """
    before_us = before_ns // 1_000
    count = f"SELECT event_type, count(*) FROM tradewind.events WHERE {OLD} GROUP BY event_type"  # noqa: S608
    found = dict(await connection.fetch(count, before_ns, before_us, timeout=None))
    if dry_run or not found:
        return found
    async with connection.transaction():
        await connection.execute(WAIT)
        upto = await connection.fetchval(PURGED, before_us)
        if kind is Kind.NATIVE:
            await _drop_days(connection, before_us)
        else:
            await connection.execute("SELECT drop_chunks('tradewind.events', $1::timestamptz)", before_us)
    remove = f"DELETE FROM tradewind.events WHERE {OLD} AND position <= $3"  # noqa: S608
    await connection.execute(remove, before_ns, before_us, upto, timeout=None)
    await connection.execute(REMOVE_IDS, before_ns, upto, timeout=None)
    return found


async def index_days(connection: asyncpg.Connection[Any]) -> int:
    """Give days that are over an index by token, so that one token of many days is found at once; how many got one.

    While a day is being written such an index would cost a quarter of the speed; afterwards it is made in one go, and
    nobody waits for it.
    """
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
        return 0
    try:
        over = await connection.fetch(NOT_INDEXED, f"{PREFIX}{datetime.now(UTC) - timedelta(days=1):%Y%m%d}")
        for (name,) in over:
            await connection.execute(f"DROP INDEX IF EXISTS tradewind.{name}{INDEXED}")  # one that was broken off
            await connection.execute(
                f'CREATE INDEX CONCURRENTLY {name}{INDEXED} ON tradewind.{name} (token, event_type, "timestamp")',
                timeout=None,
            )
        return len(over)
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)


async def _drop_days(connection: asyncpg.Connection[Any], before_us: int) -> None:
    for (name,) in await connection.fetch(PARTITIONS):
        digits = name.removeprefix(PREFIX)
        if digits.isdigit():
            end = datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC) + timedelta(days=1)
            if end.timestamp() * 1_000_000 <= before_us:
                await connection.execute(f"DROP TABLE tradewind.{name}")
