"""Stored events by rising position, whether they lie in tables or are packed, while others write and pack.

Tables are asked before blocks: what is packed in between is seen twice, and given once; the other way round it could be
missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import msgspec

from tradewind.adapters.event_store.packed_blocks import Row, unpack
from tradewind.adapters.event_store.postgres_query import block_fits, condition
from tradewind.ports.event_store import EventQuery

Ask = Callable[..., Awaitable[list[Any]]]
LAST = 2**63 - 1
BLOCKS_AT_ONCE_MAX = 200
PAGE_ROWS_FIRST = 1_000
PAGE_ROWS = 10_000
"""Rows that are asked for at once: each question costs a look into every day, but who wants few waits for few."""
WHERE = "tradewind.packed_events"


class Marks(msgspec.Struct):
    """What of an event is looked at without reading the rest of it."""

    event_id: str
    time_event: int


marks_of = msgspec.json.Decoder(Marks).decode


async def read_rows(ask: Ask, query: EventQuery, batch: int, *, packed: bool) -> AsyncGenerator[list[Row], None]:
    """Rows that fit, by rising position, in lists of any length; `packed` says whether blocks are looked for."""
    tables = _Tables(ask, query, batch)
    after = query.after_position
    live: list[Row] = []
    live_upto = after
    opened: dict[int, int] = {}
    hand: dict[int, bytes] = {}
    try:
        while after < LAST:
            if live_upto <= after:
                live, live_upto = await tables.next_page(after)
            upto = live_upto
            if packed:
                opened = {first: last for first, last in opened.items() if last > after}
                blocks = await _blocks(ask, query, after, upto, list(opened))
                for first, last, first_time, last_time, body in blocks:
                    opened[first] = last
                    hand.update(row for row in rows_within(query, body, first_time, last_time) if row[0] > after)
                if len(blocks) == BLOCKS_AT_ONCE_MAX:
                    upto = min(upto, blocks[-1][0])
                    if upto <= after:
                        continue  # there are more blocks to open before the next row is known
            if upto < live_upto:
                ready, live = [row for row in live if row[0] <= upto], [row for row in live if row[0] > upto]
            else:
                ready, live = live, []
            if hand:
                now = {position: body for position, body in hand.items() if position <= upto}
                hand = {position: body for position, body in hand.items() if position > upto}
                ready = sorted((now | dict(ready)).items())
            if ready:
                yield ready
            after = upto
    finally:
        tables.stop()


class _Tables:
    """What lies in tables, page by page; the next page is on its way while one is looked at."""

    def __init__(self, ask: Ask, query: EventQuery, batch: int) -> None:
        self._ask, self._query = ask, query
        self._page = max(batch, PAGE_ROWS_FIRST)
        self._coming: asyncio.Task[tuple[list[Row], int]] | None = None

    async def next_page(self, after: int) -> tuple[list[Row], int]:
        """The rows that fit behind a position, and up to where nothing more lies in tables."""
        coming, self._coming = self._coming, None
        live, upto = await (coming or self._asked(after))
        self._page = max(self._page, PAGE_ROWS)
        if upto < LAST:
            self._coming = asyncio.create_task(self._asked(upto), name="next-page")
        return live, upto

    def stop(self) -> None:
        """Want nothing more."""
        if self._coming is not None and not self._coming.cancel() and not self._coming.cancelled():
            self._coming.exception()  # nobody asks for it any more

    async def _asked(self, after: int) -> tuple[list[Row], int]:
        table, where, values = condition(self._query, after)
        page = self._page
        sql = f"SELECT position, body FROM {table} WHERE {where} ORDER BY position LIMIT {page:d}"  # noqa: S608
        live = await self._ask(sql, *values)
        return live, live[-1][0] if len(live) == page else LAST


async def _blocks(ask: Ask, query: EventQuery, after: int, upto: int, opened: list[int]) -> list[Any]:
    values: list[Any] = [upto, opened]
    where = block_fits(query, after, values)
    return await ask(
        "SELECT first_position, last_position, first_time, last_time, body FROM tradewind.packed_events"  # noqa: S608
        f" WHERE first_position <= $1 AND first_position <> ALL($2::bigint[]) AND {where}"
        f" ORDER BY first_position LIMIT {BLOCKS_AT_ONCE_MAX}",
        *values,
    )


def rows_within(query: EventQuery, block: bytes, first_time: int, last_time: int) -> list[Row]:
    """The rows of a block whose time fits. Raises Corrupt."""
    rows = unpack(block, WHERE)
    start = first_time if query.start_ns is None else query.start_ns
    end = last_time + 1 if query.end_ns is None else query.end_ns
    if start <= first_time and last_time < end:
        return rows
    return [row for row in rows if start <= marks_of(row[1]).time_event < end]


async def count_packed(ask: Ask, query: EventQuery) -> int:
    """How many packed events fit; only blocks that fit in part are opened."""
    values: list[Any] = []
    where = block_fits(query, query.after_position, values)
    blocks = await ask(
        "SELECT first_position, first_time, last_time, events FROM tradewind.packed_events"  # noqa: S608
        f" WHERE {where}",
        *values,
    )
    start, end = query.start_ns or 0, LAST if query.end_ns is None else query.end_ns
    found, partly = 0, []
    for first, first_time, last_time, events in blocks:
        if first > query.after_position and start <= first_time and last_time < end:
            found += events
        else:
            partly.append((first, first_time, last_time))
    for first, first_time, last_time in partly:
        ((body,),) = await ask("SELECT body FROM tradewind.packed_events WHERE first_position = $1", first)
        found += sum(p > query.after_position for p, _ in rows_within(query, body, first_time, last_time))
    return found
