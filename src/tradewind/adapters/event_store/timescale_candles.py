"""Candles where TimescaleDB keeps them as continuous aggregates: brought up to date where its jobs do not look.

Its jobs look three days back. A refresh of what has been dropped would drop the candles too, so none reaches there.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tradewind.adapters.event_store.postgres_candles import BOOKMARK, MARK, SECONDS, UPTO
from tradewind.adapters.event_store.postgres_connection import LONG_S_MAX
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.timeframes import UNITS_NS

if TYPE_CHECKING:
    import asyncpg

LOOK_BACK = timedelta(days=3)
"""As far as the jobs look (`migrations/0005`): two buckets of the longest timeframe fit into it, as a refresh needs."""
KEEP_NS_MIN = 4 * UNITS_NS["d"]
SINCE = """
SELECT floor(extract(epoch FROM greatest(
    least(date_trunc('day', (SELECT min("timestamp") FROM tradewind.events
                             WHERE position > $1 AND position <= last AND event_type = 'price.tick'), 'UTC'),
          now() - $2::interval),
    purged_before, now() - INTERVAL '364 days')))::bigint, floor(extract(epoch FROM now()))::bigint, last
FROM tradewind.places
"""
ZERO = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000").search
"""A zero character as JSON writes it, and not a backslash before such a word."""
REFRESH = "CALL refresh_continuous_aggregate('tradewind.candles_{frame}', to_timestamp({start}), to_timestamp({end}))"


async def refresh(connection: asyncpg.Connection[Any]) -> int:
    """Bring candles up to the newest event, late ones too; how many events were looked at.

    Where one of TimescaleDB's jobs is at it, it is left to it, and what is left over to the next time.
    """
    import asyncpg  # noqa: PLC0415 - an extra

    after = await connection.fetchval(UPTO)
    start, end, last = await connection.fetchrow(SINCE, after, LOOK_BACK, timeout=LONG_S_MAX)
    if last == after:
        return 0
    with suppress(asyncpg.LockNotAvailableError, asyncpg.ObjectInUseError):
        for frame in SECONDS:
            await connection.execute(REFRESH.format(frame=frame, start=start, end=end), timeout=LONG_S_MAX)
        await connection.execute(MARK, BOOKMARK, last)
        return int(last - after)
    return 0


def refuse_zeros(body: bytes) -> bytes:
    """An event as it is written, where it can be aggregated.

    Raises BadInput for a zero character: PostgreSQL looks into no JSON that has one, so that one event would keep all
    candles from being made. (Where candles are made by upkeep it is read as an unknown character; an aggregate that is
    there cannot be changed.)
    """
    if b"u0000" in body and ZERO(body):
        raise BadInput("it has a zero character in a text, of which TimescaleDB makes no candles", where="an event")
    return body


def refuse_young(before_ns: int, now_ns: int) -> None:
    """Raise BadInput where ticks are to be forgotten that the jobs still look at: their candles would go, too."""
    if before_ns > now_ns - KEEP_NS_MIN:
        raise BadInput(
            "TimescaleDB looks at the ticks of the last days to make candles",
            where="forgetting",
            fix="Keep at least five days of ticks: --keep price.ticks=5d",
        )
