"""Events in PostgreSQL, with TimescaleDB where it is there: COPY, and one commit for all who wait.

Places are given out under a lock that is held until they are committed, so they rise in the order in which readers see
them. What was written twice is noticed by a table of ids: a key of partitioned history would have to hold the time.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from tradewind.adapters.event_store.holding import KEPT_FOR_EVER
from tradewind.adapters.event_store.postgres_candles import candles, roll_up
from tradewind.adapters.event_store.postgres_connection import close_pool, explained, open_pool, place_of
from tradewind.adapters.event_store.postgres_days import DAY_NS, Days, index_days
from tradewind.adapters.event_store.postgres_forgetting import TICKS, forget
from tradewind.adapters.event_store.postgres_holds import held, place, release, unchanged
from tradewind.adapters.event_store.postgres_packing import pack_days
from tradewind.adapters.event_store.postgres_query import condition
from tradewind.adapters.event_store.postgres_reading import count_packed, read_rows
from tradewind.adapters.event_store.postgres_schema import IN_WORDS, Kind, migrate
from tradewind.adapters.event_store.timescale_candles import refresh, refuse_young, refuse_zeros
from tradewind.core.domain.errors import BadInput, Refused, Unavailable
from tradewind.core.domain.events.codec import decode, encode
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.payloads import Candle
from tradewind.ports.event_store import EventQuery, Hold, Purged, StoredEvent, Tidied

if TYPE_CHECKING:
    import asyncpg

COLUMNS = (
    "position", "event_id", "event_type", "timestamp", "time_event", "token", "tenant", "session", "source", "body",
)  # fmt: skip
ROWS_IN_COMMIT_MAX = 20_000
CALLS_WAITING_MAX = 256
"""Calls of `append` that may wait for the writer; further ones wait before they are taken in."""
AHEAD_ROWS = 2_000
"""Events of a commit that are written as JSON before the server waits for them."""
ENCODED_AT_ONCE = 100
IS_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}").fullmatch
US = 1_000
NOW_NS = "SELECT (extract(epoch FROM now()) * 1000000000)::bigint"
TAKE_PLACES = "UPDATE tradewind.places SET last = last + $1 RETURNING last"
KNOWN = "SELECT event_id::text, position FROM tradewind.event_ids WHERE event_id = ANY($1::uuid[])"
MARK = (
    "INSERT INTO tradewind.bookmarks (name, position) VALUES ($1, $2)"
    " ON CONFLICT (name) DO UPDATE SET position = excluded.position"
)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Events of one call, and who is to be told their positions."""

    events: Sequence[Event[Any]]
    done: asyncio.Future[list[int]]


class PostgresEventStore:
    """The event store in the database `url` names (postgresql://user@host:port/name?sslmode=verify-full)."""

    def __init__(self, url: str) -> None:
        self.where = place_of(url)
        self.kind: Kind | None = None
        self._url = url
        self._pool: asyncpg.Pool[Any] | None = None
        self._days = Days()
        self._opening = asyncio.Lock()
        self._queue: asyncio.Queue[_Waiting | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(CALLS_WAITING_MAX)
        self._writer: asyncio.Task[None] | None = None
        self._closed = self._gone = False

    async def append(self, events: Sequence[Event[Any]]) -> list[int]:
        """Store events, all or none; see the port. Raises BadInput for an event_id that is no UUID, too."""
        for event in events:
            if not IS_UUID(event.event_id):
                found = f"its event_id is {event.event_id!r}, which is no UUID in small letters"
                raise BadInput(found, where=event.type)
        if not events:
            return []
        async with self._room:
            if self._closed:
                raise Unavailable("the event store is closed", where=self.where)
            waiting = _Waiting(tuple(events), asyncio.get_running_loop().create_future())
            self._queue.put_nowait(waiting)
            if self._writer is None:
                self._writer = asyncio.create_task(self._write(), name="event-store-writer")
            # Who is cancelled while waiting does not know whether it was stored; the rows are stored all the same.
            return await asyncio.shield(waiting.done)

    async def read(self, query: EventQuery, batch: int = 1_000) -> AsyncIterator[list[StoredEvent]]:
        """The events that fit, by rising position; see the port."""
        if self.kind is None:
            await self.last_position()
        async with aclosing(read_rows(self._ask, query, batch, packed=self._packs(query))) as pages:
            async for rows in pages:
                for start in range(0, len(rows), batch):
                    yield [StoredEvent(place, decode(body)) for place, body in rows[start : start + batch]]

    async def count(self, query: EventQuery) -> int:
        """How many events fit."""
        self._open_or_raise()
        table, where, values = condition(query, query.after_position)
        async with self.connected() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            found = int(await connection.fetchval(f"SELECT count(*) FROM {table} WHERE {where}", *values))  # noqa: S608
            return found + (await count_packed(connection.fetch, query) if self._packs(query) else 0)

    async def last_position(self) -> int:
        """The position of the newest event that was ever stored."""
        return int((await self._ask("SELECT last FROM tradewind.places"))[0][0])

    async def bookmark(self, name: str) -> int:
        """The position that was marked under a name; 0 where none was."""
        found = await self._ask("SELECT position FROM tradewind.bookmarks WHERE name = $1", name)
        return int(found[0][0]) if found else 0

    async def mark(self, name: str, position: int) -> None:
        """Mark a position under a name."""
        await self._ask(MARK, name, position)

    async def tidy(self) -> Tidied:
        """Make candles, pack old days, index those that are over; see the port. TimescaleDB's jobs may do it."""
        rolled_up = await self.roll_up()
        async with self.connected() as connection:
            kind = self._kind_known()
            packed = 0 if kind is Kind.LICENSED else await pack_days(connection, kind)
            indexed = await index_days(connection) if kind is Kind.NATIVE else 0
        self._days.forget()
        return Tidied(rolled_up, indexed, packed)

    async def purge(self, before_ns: int, types: Collection[str] = (), *, dry_run: bool = False) -> Purged:
        """Forget events that happened before; see the port. Candles are made first: they stay."""
        if not dry_run:
            await self.roll_up()
        async with self.connected() as connection, unchanged(connection):
            if self.kind is Kind.LICENSED and (not types or TICKS in types):
                refuse_young(before_ns, await connection.fetchval(NOW_NS))
            holds = await held(connection, self.where)
            found = await forget(connection, self._kind_known(), before_ns, types, holds, dry_run=dry_run)
        self._days.forget()
        return found

    async def hold(self, hold: Hold) -> None:
        """Keep what a hold describes; see the port."""
        async with self.connected() as connection:
            await place(connection, self._kind_known(), hold)

    async def release(self, name: str) -> bool:
        """End a hold; whether there was one."""
        async with self.connected() as connection:
            return await release(connection, self._kind_known(), name)

    async def holds(self) -> list[Hold]:
        """What is held, by name."""
        async with self.connected() as connection:
            return await held(connection, self.where)

    async def roll_up(self) -> int:
        """Make the candles of what came in since; how many events were looked at."""
        async with self.connected() as connection:
            return await (refresh if self.kind is Kind.LICENSED else roll_up)(connection)

    async def candles(
        self, symbol: str, timeframe: str, start_ns: int, end_ns: int, *, tenant: str, source: str
    ) -> list[Candle]:
        """The candles (1m, 5m, 1h, 1d) of one source's ticks that open from start to end (ns UTC), as of the last
        `roll_up`.
        """
        async with self.connected() as connection:
            return await candles(connection, symbol, timeframe, start_ns, end_ns, tenant, source)

    async def described(self) -> str:
        """What the server is and does, in words."""
        async with self.connected() as connection:
            version = await connection.fetchval("SHOW server_version")
        return f"{self.where}, version {version}: {IN_WORDS[self.kind or Kind.NATIVE]}"

    async def close(self) -> None:
        """Write what is waiting, and let the connections go. Who is cancelled meanwhile lets them go at once."""
        if self._closed:
            return
        self._closed = True
        writer = self._writer
        try:
            if writer is not None:
                self._queue.put_nowait(None)
                await asyncio.shield(writer)
            self._gone = True
            if self._pool is not None:
                await close_pool(self._pool)
        finally:
            self._gone = True
            if self._pool is not None:
                self._pool.terminate()  # or a writer that is ended would wait for the answer to its last word
            if writer is not None:
                writer.cancel()
                await asyncio.wait([writer])

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[asyncpg.Connection[Any]]:
        """A connection, with the tables there; its errors are Tradewind's."""
        async with self._opening:
            if self._gone:
                raise Unavailable("the event store is closed", where=self.where)
            if self._pool is None:
                self._pool = await open_pool(self._url, self.where)
            if self.kind is None:
                with explained(self.where):
                    async with self._pool.acquire() as connection:
                        self.kind = await migrate(connection, self.where)
        with explained(self.where):
            async with self._pool.acquire() as connection:
                yield connection

    def _packs(self, query: EventQuery) -> bool:
        """Whether what a query is about may be packed: not audit records, nor where TimescaleDB compresses."""
        return self.kind is not Kind.LICENSED and not (query.types and KEPT_FOR_EVER.issuperset(query.types))

    def _kind_known(self) -> Kind:
        assert self.kind is not None, "a connection that was handed out is to known tables"
        return self.kind

    def _open_or_raise(self) -> None:
        if self._closed:
            raise Unavailable("the event store is closed", where=self.where)

    async def _ask(self, sql: str, *values: Any) -> list[Any]:
        self._open_or_raise()
        async with self.connected() as connection:
            return list(await connection.fetch(sql, *values))

    async def _write(self) -> None:
        """The writer: one commit for everything that waits."""
        last = False
        try:
            while not last:
                first = await self._queue.get()
                if first is None:
                    return
                group, rows = [first], len(first.events)
                while rows < ROWS_IN_COMMIT_MAX and not self._queue.empty():
                    more = self._queue.get_nowait()
                    if more is None:
                        last = True
                        break
                    group.append(more)
                    rows += len(more.events)
                await self._commit(group)
        finally:  # of who waits nobody is left waiting, though the writer was ended
            while not self._queue.empty():
                _tell(self._queue.get_nowait(), Unavailable("the event store is closed", where=self.where))

    async def _commit(self, group: list[_Waiting]) -> None:
        wanted = {event.event_id: event for waiting in group for event in waiting.events}
        try:
            places = await self._stored(wanted)
        except asyncio.CancelledError:
            for waiting in group:
                _tell(waiting, Unavailable("the event store was closed, and may have stored it", where=self.where))
            raise
        except Exception as problem:  # noqa: BLE001 - whoever waits is told, and the writer goes on for the others
            if isinstance(problem, Refused) and len(group) > 1:
                for waiting in group:
                    await self._commit([waiting])
                return
            for waiting in group:
                _tell(waiting, problem)
            return
        for waiting in group:
            if not waiting.done.cancelled():
                waiting.done.set_result([places[event.event_id] for event in waiting.events])

    async def _stored(self, wanted: dict[str, Event[Any]]) -> dict[str, int]:
        """Write events, and the place of each. That all are new is likely, so it is tried first."""
        import asyncpg  # noqa: PLC0415 - an extra

        async with self.connected() as connection:
            with suppress(asyncpg.UniqueViolationError):
                async with self._days.undone_with(connection.transaction()):
                    return await self._copied(connection, list(wanted.values()))
            async with self._days.undone_with(connection.transaction()):
                await connection.execute("SELECT FROM tradewind.places FOR UPDATE")
                known = dict(await connection.fetch(KNOWN, list(wanted)))
                new = [event for key, event in wanted.items() if key not in known]
                return known | (await self._copied(connection, new) if new else {})

    async def _copied(self, connection: asyncpg.Connection[Any], events: list[Event[Any]]) -> dict[str, int]:
        """Copy new events; the place of each. The lock on places is held until the commit."""
        # They are checked and written as JSON while the server is busy: the first with places and ids, the others
        # with those before them.
        places, ready = await asyncio.gather(
            _taken(connection, events), _encoded(events[:AHEAD_ROWS]), return_exceptions=True
        )
        if isinstance(places, BaseException):
            raise places
        if isinstance(ready, BaseException):
            raise ready
        bodies: Iterable[bytes] = chain(ready, map(encode, islice(events, AHEAD_ROWS, None)))
        if self.kind is Kind.LICENSED:
            bodies = map(refuse_zeros, bodies)
        kept = KEPT_FOR_EVER.intersection({event.type for event in events})
        if not kept:
            await self._copy_history(connection, events, places, bodies)
        else:
            placed = list(zip(events, places, bodies, strict=True))
            history = [one for one in placed if one[0].type not in kept]
            if history:
                await self._copy_history(connection, *zip(*history, strict=True))
            audit = (_row(*one) for one in placed if one[0].type in kept)
            await _copy(connection, "audit_events", COLUMNS, audit)
        return dict(zip((event.event_id for event in events), places, strict=True))

    async def _copy_history(
        self,
        connection: asyncpg.Connection[Any],
        events: Sequence[Event[Any]],
        places: Sequence[int],
        bodies: Iterable[bytes],
    ) -> None:
        if self.kind is Kind.NATIVE:
            await self._days.make(connection, {event.time_event // DAY_NS for event in events})
        await _copy(connection, "events", COLUMNS, map(_row, events, places, bodies))


def _tell(waiting: _Waiting | None, problem: Exception) -> None:
    if waiting is not None and not waiting.done.done():
        waiting.done.set_exception(problem)


async def _taken(connection: asyncpg.Connection[Any], events: Sequence[Event[Any]]) -> range:
    """Places for events, and their ids noted. Where one is known, UniqueViolationError."""
    last = await connection.fetchval(TAKE_PLACES, len(events))
    places = range(last - len(events) + 1, last + 1)
    ids = zip((e.event_id for e in events), places, (e.time_event for e in events), strict=True)
    await _copy(connection, "event_ids", ("event_id", "position", "time_event"), ids)
    return places


async def _encoded(events: Sequence[Event[Any]]) -> list[bytes]:
    """Events as they are written, letting others have their turn."""
    made: list[bytes] = []
    for start in range(0, len(events), ENCODED_AT_ONCE):
        made += map(encode, events[start : start + ENCODED_AT_ONCE])
        await asyncio.sleep(0)
    return made


async def _copy(
    connection: asyncpg.Connection[Any], table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    await connection.copy_records_to_table(table, schema_name="tradewind", columns=columns, records=rows)


def _row(event: Event[Any], place: int, body: bytes) -> tuple[Any, ...]:
    """An event as it is stored, in the order of COLUMNS."""
    return (
        place, event.event_id, event.type, event.time_event // US, event.time_event, event.token, event.tenant,
        event.session, event.source, body,
    )  # fmt: skip


def describe(url: str) -> str:
    """What the server at this place is and does, in words; the tables are made where they are missing."""

    async def ask() -> str:
        store = PostgresEventStore(url)
        try:
            return await store.described()
        finally:
            await store.close()

    return asyncio.run(ask())
