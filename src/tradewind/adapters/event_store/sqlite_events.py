"""Events in one SQLite file, for a laptop: a write-ahead log, and one writer that commits for all who wait.

A commit costs a flush to disk, about three milliseconds, whatever is in it. So whoever appends hands its rows to the
writer's thread, and everything that is waiting goes into the next commit. apsw brings a current SQLite: those before
3.51.3 can damage a write-ahead log.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

import apsw

from tradewind.adapters.event_store.holding import KEPT_FOR_EVER, read, written
from tradewind.core.domain.errors import Corrupt, TradewindError, Unavailable
from tradewind.core.domain.events.codec import decode_all, encode
from tradewind.core.domain.events.envelope import Event
from tradewind.ports.event_store import EventQuery, Hold, Purged, StoredEvent, Tidied

SCHEMA = """
CREATE TABLE events (
    position   INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id   TEXT NOT NULL UNIQUE,
    type       TEXT NOT NULL,
    token      TEXT NOT NULL,
    tenant     TEXT NOT NULL,
    session    TEXT,
    time_event INTEGER NOT NULL,
    body       BLOB NOT NULL
) STRICT;
CREATE INDEX events_by_time ON events (time_event, token, type);
CREATE INDEX events_by_session ON events (session, position) WHERE session IS NOT NULL;
CREATE TABLE bookmarks (name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT;
"""
HOLDS = "CREATE TABLE holds (name TEXT PRIMARY KEY, query TEXT NOT NULL, reason TEXT NOT NULL) STRICT"
STEPS = (SCHEMA, HOLDS)
"""What each version of the schema added: a file says how many of them it has."""
INSERT = (
    "INSERT INTO events (event_id, type, token, tenant, session, time_event, body) VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (event_id) DO NOTHING"
)
LAST = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'events'"
MARK = (
    "INSERT INTO bookmarks (name, position) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET position = excluded.position"
)
HELD_NOW = "SELECT ifnull(group_concat(query, char(10)), '') FROM (SELECT query FROM holds ORDER BY name)"
WAIT_MS = 30_000
ROWS_IN_COMMIT_MAX = 50_000
PAGE_ROWS_FIRST = 1_000
PAGE_ROWS = 10_000
"""Rows that are asked for at once; who wants few does not wait for many."""
CALLS_WAITING_MAX = 256
"""Calls of `append` that may wait for the writer; further ones wait before they are taken in."""
HOLD = (
    "INSERT INTO holds (name, query, reason) VALUES (?, ?, ?)"
    " ON CONFLICT (name) DO UPDATE SET query = excluded.query, reason = excluded.reason"
)


@dataclass(frozen=True)
class _Waiting:
    """Rows of one call, the statement they are for, and who is to be told their positions."""

    sql: str
    rows: Sequence[tuple[Any, ...]]
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[list[int]]


class SqliteEventStore:
    """The event store in the file `path`, which is made when it is missing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with _explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = _open(path)
            try:
                _migrate(self._writer, path)
                self._reader = _open(path)
            except BaseException:
                self._writer.close()
                raise
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._room = asyncio.Semaphore(CALLS_WAITING_MAX)
        self._reading = Lock()
        self._closed = False
        self._thread = Thread(target=self._write, name="event-store-writer", daemon=True)
        self._thread.start()

    async def append(self, events: Sequence[Event[Any]]) -> list[int]:
        """Store events, all or none; see the port."""
        rows = [(e.event_id, e.type, e.token, e.tenant, e.session, e.time_event, encode(e)) for e in events]
        return await self._written(INSERT, rows) if rows else []

    async def bookmark(self, name: str) -> int:
        """The position that was marked under a name; 0 where none was."""
        found = await self._ask("SELECT position FROM bookmarks WHERE name = ?", (name,))
        return int(found[0][0]) if found else 0

    async def mark(self, name: str, position: int) -> None:
        """Mark a position under a name."""
        await self._written(MARK, [(name, position)])

    async def _written(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> list[int]:
        async with self._room:
            if self._closed:
                raise Unavailable("the event store is closed", where=str(self.path))
            loop = asyncio.get_running_loop()
            waiting = _Waiting(sql, rows, loop, loop.create_future())
            self._queue.put(waiting)
            # Who is cancelled while waiting does not know whether it was stored; the rows are stored all the same.
            return await asyncio.shield(waiting.done)

    async def read(self, query: EventQuery, batch: int = 1_000) -> AsyncIterator[list[StoredEvent]]:
        """The events that fit, by rising position; see the port."""
        where, values = _condition(query)
        sql = f"SELECT position, body FROM events WHERE position > ? AND {where} ORDER BY position LIMIT ?"  # noqa: S608
        after, page = query.after_position, max(batch, PAGE_ROWS_FIRST)
        while True:
            rows = await self._ask(sql, (after, *values, page))
            for start in range(0, len(rows), batch):
                positions, bodies = zip(*rows[start : start + batch], strict=True)
                yield list(map(StoredEvent, positions, decode_all(bodies)))
            if len(rows) < page:
                return
            after, page = rows[-1][0], max(page, PAGE_ROWS)

    async def count(self, query: EventQuery) -> int:
        """How many events fit."""
        where, values = _condition(query)
        sql = f"SELECT count(*) FROM events WHERE position > ? AND {where}"  # noqa: S608 - made of our own words
        return int((await self._ask(sql, (query.after_position, *values)))[0][0])

    async def last_position(self) -> int:
        """The position of the newest event that was ever stored, be it forgotten since."""
        return int((await self._ask(LAST, ()))[0][0])

    async def tidy(self) -> Tidied:
        """Let SQLite look after its indexes; see the port. A file has no days, and its events are not packed."""
        await self._written("PRAGMA optimize", [()])
        return Tidied()

    async def purge(self, before_ns: int, types: Collection[str] = (), *, dry_run: bool = False) -> Purged:
        """Forget events that happened before; see the port."""
        while True:
            holds = await self.holds()
            found = await self._purged(before_ns, types, holds, dry_run=dry_run)
            if await self.holds() == holds:  # one that was placed meanwhile had stopped it
                return found

    async def _purged(self, before_ns: int, types: Collection[str], holds: list[Hold], *, dry_run: bool) -> Purged:
        old, values = _condition(EventQuery(end_ns=before_ns, types=tuple(types)))
        where = f"{old} AND type NOT IN ({', '.join('?' * len(KEPT_FOR_EVER))})"
        held, held_values = _any_of([hold.query for hold in holds])
        count = f"SELECT type, {held} AS held, count(*) FROM events WHERE {where} GROUP BY 1, 2"  # noqa: S608
        found: tuple[dict[str, int], dict[str, int]] = ({}, {})
        for type_, is_held, number in await self._ask(count, (*held_values, *values, *KEPT_FOR_EVER)):
            found[is_held][type_] = number
        if found[0] and not dry_run:
            known = "\n".join(written(hold)[1] for hold in holds)
            delete = f"DELETE FROM events WHERE {where} AND NOT {held} AND ({HELD_NOW}) = ?"  # noqa: S608
            await self._written(delete, [(*values, *KEPT_FOR_EVER, *held_values, known)])
        return Purged(*found)

    async def hold(self, hold: Hold) -> None:
        """Keep what a hold describes; see the port."""
        await self._written(HOLD, [written(hold)])

    async def release(self, name: str) -> bool:
        """End a hold; whether there was one."""
        there = any(hold.name == name for hold in await self.holds())
        await self._written("DELETE FROM holds WHERE name = ?", [(name,)])
        return there

    async def holds(self) -> list[Hold]:
        """What is held, by name."""
        return read(await self._ask("SELECT name, query, reason FROM holds ORDER BY name", ()), str(self.path))

    async def close(self) -> None:
        """Write what is waiting, and let the file go."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            await asyncio.to_thread(self._end)

    def _end(self) -> None:
        self._thread.join()
        self._writer.close()
        with self._reading:
            self._reader.close()

    async def _ask(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        if self._closed:
            raise Unavailable("the event store is closed", where=str(self.path))
        return await asyncio.to_thread(self._asked, sql, values)

    def _asked(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        # Who asks may be cancelled and go; its thread reads on, and SQLite does not let two at a connection.
        with self._reading, _explained(self.path):
            return list(self._reader.execute(sql, values))

    def _write(self) -> None:
        """The writer's thread: one commit for everything that waits."""
        while True:
            first = self._queue.get()
            if first is None:
                return
            group, rows, last = [first], len(first.rows), False
            while rows < ROWS_IN_COMMIT_MAX and not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    last = True
                    break
                group.append(more)
                rows += len(more.rows)
            self._commit(group)
            if last:
                return

    def _commit(self, group: list[_Waiting]) -> None:
        positions: list[list[int]] = []
        try:
            with _explained(self.path), _transaction(self._writer):
                positions.extend(self._stored(waiting) for waiting in group)
        except TradewindError as problem:
            for waiting in group:
                _tell(waiting, problem)
        else:
            for waiting, found in zip(group, positions, strict=True):
                _tell(waiting, found)

    def _stored(self, waiting: _Waiting) -> list[int]:
        """Write one call's rows; the positions of events."""
        before = self._writer.total_changes()
        self._writer.executemany(waiting.sql, waiting.rows)
        if waiting.sql is not INSERT:
            return []
        new = self._writer.total_changes() - before
        if new == len(waiting.rows):
            last = self._writer.last_insert_rowid()
            return list(range(last - new + 1, last + 1))
        find = "SELECT position FROM events WHERE event_id = ?"
        return [next(self._writer.execute(find, (row[0],)))[0] for row in waiting.rows]


def _tell(waiting: _Waiting, answer: list[int] | TradewindError) -> None:
    def tell() -> None:
        if waiting.done.cancelled():
            return
        if isinstance(answer, list):
            waiting.done.set_result(answer)
        else:
            waiting.done.set_exception(answer)

    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        waiting.loop.call_soon_threadsafe(tell)


def _condition(query: EventQuery) -> tuple[str, list[Any]]:
    """The query as SQL and its values."""
    parts, values = ["session IS NULL" if query.outside_sessions else "1"], []
    for text, value in (
        ("time_event >= ?", query.start_ns), ("time_event < ?", query.end_ns), ("tenant = ?", query.tenant),
        ("session = ?", query.session),
    ):  # fmt: skip
        if value is not None:
            parts.append(text)
            values.append(value)
    for column, wanted in (("token", query.tokens), ("type", query.types)):
        if wanted:
            parts.append(f"{column} IN ({', '.join('?' * len(wanted))})")
            values.extend(wanted)
    return " AND ".join(parts), values


def _any_of(queries: Sequence[EventQuery]) -> tuple[str, list[Any]]:
    """Whether an event fits one of these queries, as SQL, and its values; a session that is not there fits none."""
    found = [_condition(query) for query in queries]
    text = " OR ".join(f"({where})" for where, _ in found)
    return f"ifnull({text}, 0)" if found else "0", [value for _, values in found for value in values]


def _open(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(WAIT_MS)
    connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
    return connection


@contextmanager
def _transaction(connection: apsw.Connection) -> Iterator[None]:
    """All or nothing. (apsw's own uses savepoints, which are gone when SQLite rolls back by itself: on a full disk.)"""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _migrate(connection: apsw.Connection, path: Path) -> None:
    """Make the tables where they are not there; another process may be doing the same."""
    with _transaction(connection):
        version = connection.pragma("user_version")
        for step in STEPS[version:]:
            connection.execute(step)
        if version < len(STEPS):
            connection.pragma("user_version", len(STEPS))
    if version > len(STEPS):
        raise Corrupt(
            f"it was written by a newer Tradewind (schema {version}, known is {len(STEPS)})",
            where=str(path),
            fix="Update Tradewind",
        )


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """SQLite's errors as Tradewind's."""
    try:
        yield
    except (apsw.CorruptError, apsw.NotADBError) as problem:
        fix = "Put it aside, and restore a copy"
        raise Corrupt(f"it is damaged: {problem}", where=str(path), fix=fix) from None
    except apsw.FullError:
        raise Unavailable("the disk is full", where=str(path), fix="Make room, and try again") from None
    except (apsw.Error, OSError) as problem:
        raise Unavailable(f"it cannot be used: {problem}", where=str(path)) from None
