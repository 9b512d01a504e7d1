"""Old history forgotten: whole days where everything in them may go, else event by event; held events stay."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tradewind.adapters.event_store.holding import covers
from tradewind.adapters.event_store.packed_blocks import unpack
from tradewind.adapters.event_store.postgres_connection import LONG_S_MAX, THINKING
from tradewind.adapters.event_store.postgres_days import DEFAULT, days_before, drop_days, drop_empty
from tradewind.adapters.event_store.postgres_packing import COLUMNS, blocks
from tradewind.adapters.event_store.postgres_query import fits
from tradewind.adapters.event_store.postgres_reading import BLOCKS_AT_ONCE_MAX, WHERE, marks_of
from tradewind.adapters.event_store.postgres_schema import Kind
from tradewind.ports.event_store import EventQuery, Hold, Purged

if TYPE_CHECKING:
    import asyncpg

TICKS = "price.tick"
WAIT = "SET LOCAL lock_timeout = '10s'"
LAST = "SELECT last FROM tradewind.places"
PURGED_TICKS = "UPDATE tradewind.places SET purged_before = greatest(purged_before, $1) RETURNING last"
REMOVE_IDS = (
    "DELETE FROM tradewind.event_ids i WHERE time_event < $1 AND position <= $2"
    " AND NOT EXISTS (SELECT FROM tradewind.audit_events a WHERE a.position = i.position)"
)
WHOLE = "FROM tradewind.packed_events WHERE last_time < $1"
OPENED = "SELECT first_position FROM tradewind.packed_events WHERE {where} ORDER BY first_position"
BLOCKS = """
SELECT first_position, tenant, token, event_type, session, body FROM tradewind.packed_events
WHERE first_position = ANY($1::bigint[]) ORDER BY first_position {lock}
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be forgotten: events from before a time, all or of some types, that no hold covers."""

    before_ns: int
    types: tuple[str, ...]
    holds: tuple[EventQuery, ...]

    @property
    def everything(self) -> bool:
        """Whether all that is old goes, so that nobody has to look at single events."""
        return not self.types and not self.holds

    def old(self, values: list[Any]) -> str:
        """The condition on rows that are old enough."""
        return fits(EventQuery(end_ns=self.before_ns, types=self.types), 0, values)

    def held(self, values: list[Any]) -> str:
        """The condition on rows that are held; a session that is not there holds nothing."""
        conditions = [f"({fits(query, 0, values)})" for query in self.holds]
        return f"coalesce({' OR '.join(conditions)}, false)" if conditions else "false"


@dataclass(slots=True)
class _Opened:
    """What opening blocks came to: counts by type, ids that go, blocks that change, and the rows that stay of them."""

    forgotten: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    ids: list[str] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    kept: list[tuple[Any, ...]] = field(default_factory=list)


async def forget(
    connection: asyncpg.Connection[Any],
    kind: Kind,
    before_ns: int,
    types: Collection[str],
    holds: Sequence[Hold],
    *,
    dry_run: bool,
) -> Purged:
    """Remove history from before a time. What is written meanwhile has later positions, and is left alone."""
    wanted = Wanted(before_ns, tuple(types), tuple(hold.query for hold in holds))
    forgotten, held = await _counted(connection, wanted)
    if not dry_run:
        await _forget_rows(connection, kind, wanted)
    if kind is not Kind.LICENSED:
        opened = await _forget_packed(connection, wanted, dry_run=dry_run)
        forgotten, held = forgotten + opened.forgotten, held + opened.held
    return Purged(dict(forgotten), dict(held))


async def _counted(connection: asyncpg.Connection[Any], wanted: Wanted) -> tuple[Counter[str], Counter[str]]:
    values: list[Any] = []
    old, held = wanted.old(values), wanted.held(values)
    sql = f"SELECT event_type, {held}, count(*) FROM tradewind.events WHERE {old} GROUP BY 1, 2"  # noqa: S608
    found: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for type_, is_held, number in await connection.fetch(sql, *values, timeout=LONG_S_MAX):
        found[is_held][type_] += number
    return found


async def _forget_rows(connection: asyncpg.Connection[Any], kind: Kind, wanted: Wanted) -> None:
    """Writers are stopped only while days are dropped."""
    before_us = wanted.before_ns // 1_000
    async with connection.transaction():
        await connection.execute(WAIT)
        if not wanted.types or TICKS in wanted.types:
            upto = await connection.fetchval(PURGED_TICKS, before_us)
        else:
            upto = await connection.fetchval(LAST)
        if wanted.everything and kind is Kind.NATIVE:
            await drop_days(connection, before_us)
        elif wanted.everything:
            await connection.execute("SELECT drop_chunks('tradewind.events', $1::timestamptz)", before_us)
    values: list[Any] = []
    condition = f"{wanted.old(values)} AND NOT {wanted.held(values)} AND position <= ${len(values) + 1}"
    if wanted.everything:
        sql = f"DELETE FROM tradewind.events WHERE {condition}"  # noqa: S608
        await connection.execute(sql, *values, upto, timeout=LONG_S_MAX)
        await connection.execute(REMOVE_IDS, wanted.before_ns, upto, timeout=LONG_S_MAX)
        return
    sql = (
        f"WITH gone AS (DELETE FROM tradewind.events WHERE {condition} RETURNING event_id)"  # noqa: S608
        " DELETE FROM tradewind.event_ids i USING gone WHERE i.event_id = gone.event_id"
    )
    await connection.execute(sql, *values, upto, timeout=LONG_S_MAX)
    if kind is not Kind.LICENSED:
        for place in await days_before(connection, kind, before_us):
            if place != DEFAULT:
                await drop_empty(connection, place)


async def _forget_packed(connection: asyncpg.Connection[Any], wanted: Wanted, *, dry_run: bool) -> _Opened:
    """Blocks that go as a whole are not opened; of the others what stays is packed again."""
    done = _Opened()
    if wanted.everything:
        sql = f"SELECT event_type, events {WHOLE}" if dry_run else f"DELETE {WHOLE} RETURNING event_type, events"
        for type_, number in await connection.fetch(sql, wanted.before_ns, timeout=LONG_S_MAX):
            done.forgotten[type_] += number
    where = "first_time < $1"
    values: list[Any] = [wanted.before_ns]
    if wanted.everything and dry_run:
        where += " AND last_time >= $1"
    if wanted.types:
        where += " AND event_type = ANY($2::text[])"
        values.append(list(wanted.types))
    places = [first for (first,) in await connection.fetch(OPENED.format(where=where), *values, timeout=LONG_S_MAX)]
    for start in range(0, len(places), BLOCKS_AT_ONCE_MAX):
        async with connection.transaction():
            await connection.execute(THINKING)
            lock = "" if dry_run else "FOR UPDATE"
            found = await connection.fetch(BLOCKS.format(lock=lock), places[start : start + BLOCKS_AT_ONCE_MAX])
            some = await asyncio.to_thread(_open, wanted, found)
            done.forgotten += some.forgotten
            done.held += some.held
            if some.changed and not dry_run:
                await _replace(connection, some)
    return done


def _open(wanted: Wanted, found: list[Any]) -> _Opened:
    done = _Opened()
    for first, tenant, token, type_, session, body in found:
        kept, goes = [], len(done.ids)
        for position, event in unpack(body, WHERE):
            marks = marks_of(event)
            old = marks.time_event < wanted.before_ns
            held = any(covers(hold, tenant, token, type_, session, marks.time_event) for hold in wanted.holds)
            if old and not held:
                done.ids.append(marks.event_id)
                done.forgotten[type_] += 1
            else:
                done.held[type_] += old
                kept.append((tenant, token, type_, session, position, marks.time_event, event))
        if len(done.ids) > goes:
            done.changed.append(first)
            done.kept += kept
    return done


async def _replace(connection: asyncpg.Connection[Any], some: _Opened) -> None:
    await connection.execute(
        "DELETE FROM tradewind.packed_events WHERE first_position = ANY($1::bigint[])", some.changed
    )
    await connection.copy_records_to_table(
        "packed_events", schema_name="tradewind", columns=COLUMNS, records=blocks(some.kept)
    )
    await connection.execute(
        "DELETE FROM tradewind.event_ids WHERE event_id = ANY($1::uuid[])", some.ids, timeout=LONG_S_MAX
    )
