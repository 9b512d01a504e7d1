"""Days of history: a partition for each, made when it is needed and dropped when it is old."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tradewind.adapters.event_store.postgres_connection import LONG_S_MAX
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
DEFAULT = "tradewind.events_elsewhen"
"""Where the days that have no partition of their own lie together."""
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


class Days:
    """The days that are known to have a place to go to."""

    def __init__(self) -> None:
        self._known: set[int] = set()

    def forget(self) -> None:
        """Look again: days were dropped."""
        self._known.clear()

    @asynccontextmanager
    async def undone_with(self, transaction: AbstractAsyncContextManager[Any]) -> AsyncIterator[None]:
        """Runs a transaction; the days that were made in one that is undone, or may be, are not there."""
        try:
            async with transaction:
                yield
        except BaseException:
            self.forget()
            raise

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


async def days_before(connection: asyncpg.Connection[Any], kind: Kind, before_us: int) -> list[str]:
    """The tables, oldest first, of the days that end before a time; the one that days share is always among them."""
    if kind is not Kind.NATIVE:
        chunks = "SELECT c::text FROM show_chunks('tradewind.events', older_than => $1::timestamptz) c"
        return [name for (name,) in await connection.fetch(chunks, before_us)]
    names = sorted(
        name for (name,) in await connection.fetch(PARTITIONS) if (end := _end_us(name)) and end <= before_us
    )
    return [DEFAULT, *(f"tradewind.{name}" for name in names)]


def _end_us(name: str) -> int | None:
    """When the day of a partition ends, µs since 1970; None for what is no day's."""
    digits = name.removeprefix(PREFIX)
    if not digits.isdigit():
        return None
    end = datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC) + timedelta(days=1)
    return int(end.timestamp()) * 1_000_000


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
                timeout=LONG_S_MAX,
            )
        return len(over)
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)


async def drop_days(connection: asyncpg.Connection[Any], before_us: int) -> None:
    """Drop the days that end before a time, with all that is in them."""
    for name in await days_before(connection, Kind.NATIVE, before_us):
        if name != DEFAULT:
            await connection.execute(f"DROP TABLE {name}")


async def drop_empty(connection: asyncpg.Connection[Any], place: str) -> None:
    """Drop a day that has nothing left, unless somebody is busy with it: then the next time."""
    import asyncpg  # noqa: PLC0415 - an extra

    with suppress(asyncpg.LockNotAvailableError):
        async with connection.transaction():
            # Who writes takes places first, too, so nobody waits for somebody who waits for it.
            await connection.execute("SET LOCAL lock_timeout = '2s'; SELECT FROM tradewind.places FOR UPDATE")
            await connection.execute(f"LOCK TABLE {place} IN ACCESS EXCLUSIVE MODE")
            if not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {place})"):  # noqa: S608 - of the catalogue
                await connection.execute(f"DROP TABLE {place}")
