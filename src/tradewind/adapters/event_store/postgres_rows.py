"""Rows of one table in PostgreSQL, written and changed many at a time: what batch writers hand their batches to.

tasks = PostgresRows(url, "public.tasks", key="id", columns={"id": "text", "state": "text", "tries": "int"})
async with BatchWriter(tasks.insert, size=500) as new, BatchUpdateWriter(tasks.update, size=500) as changed:
    await new.add({"id": "t1", "state": "queued", "tries": 0})
    await changed.add("t1", state="started", tries=1)
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from tradewind.adapters.event_store.postgres_connection import close_pool, explained, open_pool, place_of
from tradewind.core.domain.errors import BadInput

if TYPE_CHECKING:
    import asyncpg

NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
TYPE = re.compile(r"[a-z][a-z0-9 ]*(\(\d+(, ?\d+)?\))?")


class PostgresRows:
    """The rows of `table` (schema.name), told apart by the column `key`; `columns` are names and PostgreSQL's types.

    Each call writes all of its rows or none. Raises BadInput for a row that the table does not take (BatchWriter then
    looks for it), Unavailable where the database cannot be reached.
    """

    def __init__(self, url: str, table: str, *, key: str, columns: Mapping[str, str]) -> None:
        schema, _, name = table.rpartition(".")
        for word in (name, *columns, *([schema] if schema else ())):
            if not NAME.fullmatch(word):
                raise BadInput(f"{word!r:.60} is no name of a table or column", where="rows of a table")
        for kind in columns.values():
            if not TYPE.fullmatch(kind):
                raise BadInput(f"{kind!r:.60} is no type of a column", where=table)
        if key not in columns:
            raise BadInput(f"the key {key!r:.60} is no column", where=table)
        self.where = f"{place_of(url)}, {table}"
        self.key, self.columns = key, dict(columns)
        self._url, self._table = url, f'"{schema}"."{name}"' if schema else f'"{name}"'
        self._pool: asyncpg.Pool[Any] | None = None
        self._opening = asyncio.Lock()

    async def insert(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows; a column that a row does not name is null."""
        for row in rows:
            self._known(row)
        if rows:
            names = ", ".join(f'"{name}"' for name in self.columns)
            sql = f"INSERT INTO {self._table} ({names}) SELECT * FROM {self._arrays(tuple(self.columns))}"  # noqa: S608
            values = [[row.get(name) for row in rows] for name in self.columns]
            async with self._connection() as connection:
                with self._refused():
                    await connection.execute(sql, *values)

    async def update(self, changes: Mapping[Any, Mapping[str, Any]]) -> None:
        """Change rows by their key; fields that are not named stay. A key that is not there is BadInput, too."""
        groups: dict[tuple[str, ...], list[tuple[Any, Mapping[str, Any]]]] = {}
        for key, fields in changes.items():
            self._known(fields)
            if fields:
                groups.setdefault(tuple(sorted(fields)), []).append((key, fields))
        async with self._connection() as connection, connection.transaction():
            for names, some in groups.items():
                await self._update_alike(connection, names, some)

    async def close(self) -> None:
        """Let the connections go."""
        if self._pool is not None:
            await close_pool(self._pool)

    async def _update_alike(
        self, connection: asyncpg.Connection[Any], names: tuple[str, ...], some: Sequence[tuple[Any, Mapping[str, Any]]]
    ) -> None:
        sets = ", ".join(f'"{name}" = v.c{i}' for i, name in enumerate(names, 1))
        sql = (
            f"UPDATE {self._table} t SET {sets} FROM {self._arrays((self.key, *names))}"  # noqa: S608
            f' WHERE t."{self.key}" = v.c0 RETURNING v.c0'
        )
        values = [[key for key, _ in some], *([fields[name] for _, fields in some] for name in names)]
        with self._refused():
            found = {key for (key,) in await connection.fetch(sql, *values)}
        if len(found) < len(some):
            missing = next(key for key, _ in some if key not in found)
            raise BadInput(f"there is no row {missing!r:.60}", where=self.where)

    def _arrays(self, names: tuple[str, ...]) -> str:
        arrays = ", ".join(f"${i}::{self.columns[name]}[]" for i, name in enumerate(names, 1))
        return f"unnest({arrays}) AS v({', '.join(f'c{i}' for i in range(len(names)))})"

    def _known(self, fields: Mapping[str, Any]) -> None:
        for name in fields:
            if name not in self.columns:
                raise BadInput(
                    f"there is no column {name!r:.60}", where=self.where, fix=f"There are: {', '.join(self.columns)}"
                )

    @contextmanager
    def _refused(self) -> Iterator[None]:
        """What is wrong with a row is the row's fault, not the database's."""
        import asyncpg  # noqa: PLC0415 - an extra

        try:
            yield
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as problem:
            raise BadInput(f"the table does not take it: {problem}", where=self.where) from None

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection[Any]]:
        async with self._opening:
            if self._pool is None:
                self._pool = await open_pool(self._url, self.where)
        with explained(self.where):
            async with self._pool.acquire() as connection:
                yield connection
