"""The tables of the PostgreSQL event store: made and brought up to date by the SQL files in `migrations`.

What the server can do decides which files are for it. It is asked once, when the tables are made, and what it answered
stands with them: a server that gets the extension later keeps the tables that it has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradewind.core.domain.errors import BadInput, Corrupt

if TYPE_CHECKING:
    import asyncpg

FOLDER = Path(__file__).parent / "migrations"
FILE = re.compile(r"(?P<number>\d{4})_\w+(?:\.(?P<for>native|timescale|licensed|unlicensed))?\.sql")
LOCK = 0x7472616465
"""The advisory lock under which tables are made; a number that nobody else is likely to have chosen."""
POSTGRES_MIN = 13


class Kind(StrEnum):
    """What looks after history: PostgreSQL alone, TimescaleDB's free edition, or the one with policies."""

    NATIVE = "native"
    APACHE = "apache"
    LICENSED = "licensed"


FILES_FOR = {
    Kind.NATIVE: {None, "native", "unlicensed"},
    Kind.APACHE: {None, "timescale", "unlicensed"},
    Kind.LICENSED: {None, "timescale", "licensed"},
}
IN_WORDS = {
    Kind.NATIVE: "partitions by day; compression, retention and candles by upkeep",
    Kind.APACHE: "TimescaleDB hypertable, Apache edition; compression, retention and candles by upkeep",
    Kind.LICENSED: "TimescaleDB hypertable with compression, retention and continuous aggregates",
}


FRAMES = (
    {"frame": "1m", "width": "1 minute", "every": "1 minute"},
    {"frame": "5m", "width": "5 minutes", "every": "5 minutes"},
    {"frame": "1h", "width": "1 hour", "every": "30 minutes"},
    {"frame": "1d", "width": "1 day", "every": "1 hour"},
)
"""What a step that is taken for each timeframe is filled with."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: its number, its file's name and its statements."""

    number: int
    name: str
    sql: str


def migrations(kind: Kind) -> list[Migration]:
    """The steps for a kind of server, in their order."""
    found = []
    for path in sorted(FOLDER.glob("*.sql")):
        match = FILE.fullmatch(path.name)
        assert match, f"{path.name} is no name of a migration"
        if match["for"] in FILES_FOR[kind]:
            text = path.read_text(encoding="utf-8")
            if "{frame}" in text:
                text = "\n".join(text.format(**frame) for frame in FRAMES)
            found.append(Migration(int(match["number"]), path.name, text))
    return found


async def migrate(connection: asyncpg.Connection[Any], where: str) -> Kind:
    """Make the tables, or what is new of them; the kind that they are of. Another process may be doing the same.

    Nothing is written where nothing is new, so a replica can be read. Raises Corrupt for tables of a newer Tradewind,
    BadInput for a server that is too old.
    """
    version = connection.get_server_version().major
    if version < POSTGRES_MIN:
        raise BadInput(f"PostgreSQL {version} is too old", where=where, fix=f"Use {POSTGRES_MIN} or newer")
    kind, done = await _present(connection)
    if kind is None or done < migrations(kind)[-1].number:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            kind, done = await _present(connection)
            kind = kind or await _begin(connection)
            for step in migrations(kind):
                if step.number > done:
                    await connection.execute(step.sql)
                    await connection.execute(
                        "INSERT INTO tradewind.migrations (number, name) VALUES ($1, $2)", step.number, step.name
                    )
    known = migrations(kind)[-1].number
    if done > known:
        raise Corrupt(
            f"its tables were made by a newer Tradewind (migration {done}, known are {known})",
            where=where,
            fix="Update Tradewind",
        )
    return kind


async def _present(connection: asyncpg.Connection[Any]) -> tuple[Kind | None, int]:
    """The kind of the tables that are there, and the last step that was taken."""
    if not await there(connection, "migrations"):
        return None, 0
    row = await connection.fetchrow(
        "SELECT kind, (SELECT coalesce(max(number), 0) FROM tradewind.migrations) AS done FROM tradewind.installation"
    )
    return (Kind(row["kind"]), row["done"]) if row else (None, 0)


async def there(connection: asyncpg.Connection[Any], table: str) -> bool:
    """Whether a table of ours is there. (to_regclass may answer from before we waited for a lock.)"""
    sql = "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'tradewind' AND tablename = $1)"
    return bool(await connection.fetchval(sql, table))


async def _begin(connection: asyncpg.Connection[Any]) -> Kind:
    # Who may make no schemas may have been given this one; IF NOT EXISTS would ask for that right all the same.
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'tradewind')"):
        await connection.execute("CREATE SCHEMA tradewind")
    await connection.execute(
        "CREATE TABLE tradewind.migrations (number int PRIMARY KEY, name text NOT NULL,"
        " made_at timestamptz NOT NULL DEFAULT now());"
        "CREATE TABLE tradewind.installation (kind text NOT NULL)"
    )
    kind = await _kind_of(connection)
    await connection.execute("INSERT INTO tradewind.installation VALUES ($1)", kind.value)
    return kind


async def _kind_of(connection: asyncpg.Connection[Any]) -> Kind:
    """Ask the server. TimescaleDB counts when it is installed in this database, or can be by us."""
    import asyncpg  # noqa: PLC0415 - an extra

    there = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')"
    if not await connection.fetchval(there):
        # Its settings are there where it is preloaded; without that, making it would end the connection.
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_settings WHERE name LIKE 'timescaledb.%')"):
            return Kind.NATIVE
        try:
            async with connection.transaction():
                await connection.execute("CREATE EXTENSION timescaledb")
        except asyncpg.PostgresError:  # we may not: then it is as if it were not there
            return Kind.NATIVE
    licence = await connection.fetchval("SELECT current_setting('timescaledb.license', true)")
    return Kind.LICENSED if licence == "timescale" else Kind.APACHE
