"""Candles of stored ticks, kept by upkeep where continuous aggregates may not be used.

A candle is made again from all of its ticks whenever one came in: so late ticks, and ticks out of order, end up where
they belong. Ticks are in the order of their own time, those of one nanosecond in the order in which they were stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradewind.adapters.event_store.packed_blocks import unpack
from tradewind.adapters.event_store.postgres_connection import LONG_S_MAX, THINKING
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.codec import decode
from tradewind.core.domain.events.payloads import Candle
from tradewind.core.domain.timeframes import UNITS_NS

if TYPE_CHECKING:
    import asyncpg

SECONDS = {"1m": 60, "5m": 300, "1h": 3_600, "1d": 86_400}
MADE_OF = {"5m": "1m", "1h": "5m", "1d": "1h"}
BOOKMARK = "candles"
PACKED_AFTER_DAYS = 7
POSITIONS_AT_ONCE_MAX = 200_000
"""What comes in no order touches all minutes of its time with each step, and all ticks of these are read again."""
POSITIONS_AT_ONCE_MIN = 5_000
OLD_MINUTES_MAX = 20_000
"""Minutes of packed days, whose ticks are unpacked here, in one step; where there are more the step becomes smaller."""
BLOCKS_AT_ONCE = 100
MINUTE_NS = UNITS_NS["m"]
LOCK = 0x63616E646C65
"""The advisory lock of who makes candles: two at once would only do the same work twice."""

UPTO = f"SELECT coalesce((SELECT position FROM tradewind.bookmarks WHERE name = '{BOOKMARK}'), 0)"  # noqa: S608
"""Up to where candles have been made."""

PUT = """
INSERT INTO tradewind.candles_{frame} (tenant, source, symbol, "time", open, high, low, close, volume, ticks)
{rows}
ON CONFLICT (symbol, "time", tenant, source) DO UPDATE SET open = excluded.open, high = excluded.high,
    low = excluded.low, close = excluded.close, volume = excluded.volume, ticks = excluded.ticks
"""
PLANS = "; ".join(
    f"SET LOCAL {what} = off" for what in ("jit", "enable_seqscan", "enable_indexscan", "enable_nestloop")
)
"""The planner does not know how much just came in: it would meet all ticks with all minutes, one by one, or fetch the
ticks of a day in the order of their times, and not in the order in which they lie.
"""
TABLE = """
CREATE TEMPORARY TABLE touched_minutes (
    tenant text COLLATE "C", source text COLLATE "C", symbol text COLLATE "C", "time" timestamptz
) ON COMMIT DROP
"""
TICKS = """
event_type = 'price.tick' AND (strpos(body::text, '"mode":"backtest"') = 0
    OR tradewind.readable(body) ->> 'mode' <> 'backtest')
"""
"""As the view `ticks` has it. To look for words takes a tenth of the time of reading JSON, which most need not be then.
"""
TOUCH = f"""
INSERT INTO pg_temp.touched_minutes
SELECT DISTINCT tenant, source, token, to_timestamp(time_event / 1000000000 / 60 * 60)
FROM tradewind.events WHERE position > $1 AND position <= $2 AND {TICKS}
"""  # noqa: S608 - made of our own words
"""The minutes that new ticks touch, worked out once: all that follows is made of them."""
NOT_PURGED = '"time" >= (SELECT purged_before FROM tradewind.places)'
"""What candles may be made again of: a candle of which ticks are forgotten stays as it is."""
FROM_TICKS = f"""
WITH runs AS (
    SELECT min("time") AS start, max("time") + INTERVAL '1 minute' AS until FROM (
        SELECT "time", "time" - INTERVAL '1 minute' * row_number() OVER (ORDER BY "time") AS run
        FROM (SELECT DISTINCT "time" FROM pg_temp.touched_minutes WHERE {NOT_PURGED}) minutes
    ) placed GROUP BY run
)
SELECT t.tenant, t.source, t.symbol, t."time", (array_agg(price ORDER BY time_event, position))[1], max(price),
       min(price), (array_agg(price ORDER BY time_event DESC, position DESC))[1],
       sum(size ORDER BY time_event, position), count(*)
FROM pg_temp.touched_minutes t JOIN (
    SELECT k.* FROM runs CROSS JOIN LATERAL (
        SELECT position, tenant, source, symbol, "timestamp", time_event,
               (data ->> 'price')::float8 AS price, (data ->> 'size')::float8 AS size
        FROM (
            SELECT *, token AS symbol, tradewind.readable(body) -> 'data' AS data FROM tradewind.events
            WHERE "timestamp" >= start AND "timestamp" < until AND {TICKS} OFFSET 0
        ) looked_into OFFSET 0
    ) k UNION ALL SELECT * FROM tradewind.unpacked_ticks
) k ON k.symbol = t.symbol AND k.tenant = t.tenant AND k.source = t.source
    AND to_timestamp(k.time_event / 1000000000 / 60 * 60) = t."time"
WHERE t.{NOT_PURGED}
GROUP BY t.tenant, t.source, t.symbol, t."time"
"""  # noqa: S608 - made of our own words
"""Minutes from their ticks. Minutes that follow each other are one run, which is read once, by the index of times, and
its ticks are then joined by equality. (Joined by ranges, all ticks of a symbol would meet all its minutes.) OFFSET 0
keeps PostgreSQL from reading the JSON of a tick once for each number that is wanted of it.
"""
FROM_CANDLES = f"""
SELECT t.tenant, t.source, t.symbol, t."time", made.* FROM (
    SELECT * FROM (
        SELECT DISTINCT tenant, source, symbol,
               to_timestamp(extract(epoch FROM "time")::bigint / {{s}} * {{s}}) AS "time" FROM pg_temp.touched_minutes
    ) every WHERE {NOT_PURGED}
) t CROSS JOIN LATERAL (
    SELECT (array_agg(open ORDER BY k."time"))[1], max(high), min(low), (array_agg(close ORDER BY k."time" DESC))[1],
           sum(volume ORDER BY k."time"), sum(ticks) AS ticks
    FROM tradewind.candles_{{finer}} k WHERE k.symbol = t.symbol COLLATE "default"
        AND k.tenant = t.tenant COLLATE "default" AND k.source = t.source COLLATE "default"
        AND k."time" >= t."time" AND k."time" < t."time" + INTERVAL '{{s}} seconds'
) made WHERE made.ticks > 0
"""  # noqa: S608 - made of our own words
"""Longer candles from the next finer ones, which the key of their table finds. The key is in the database's own
collation: names that are compared byte by byte are given that one, or it would be searched by time, from end to end.
"""
PACKED_ALREADY = f"""t."time" < now() - INTERVAL '{PACKED_AFTER_DAYS} days' AND t.{NOT_PURGED}"""
OLD_ENOUGH = f"""
SELECT tenant, source, symbol, extract(epoch FROM "time")::bigint / 60
FROM pg_temp.touched_minutes t WHERE {PACKED_ALREADY}
"""  # noqa: S608 - made of our own words
PACKED_BESIDE = f"""
SELECT DISTINCT ON (p.first_position) p.body
FROM pg_temp.touched_minutes t JOIN tradewind.packed_events p ON p.tenant = t.tenant AND p.token = t.symbol
    AND p.event_type = 'price.tick' AND p.first_time < (extract(epoch FROM t."time") + 60)::bigint * 1000000000
    AND p.last_time >= extract(epoch FROM t."time")::bigint * 1000000000
WHERE {PACKED_ALREADY}
"""  # noqa: S608 - made of our own words
MARK = (
    "INSERT INTO tradewind.bookmarks (name, position) VALUES ($1, $2)"
    " ON CONFLICT (name) DO UPDATE SET position = excluded.position"
)
READ = """
SELECT (extract(epoch FROM "time") * 1000000000)::bigint, open, high, low, close, volume, ticks
FROM tradewind.candles_{frame} WHERE symbol = $1 AND "time" >= $2 AND "time" < $3 AND tenant = $4 AND source = $5
ORDER BY "time"
"""


async def roll_up(connection: asyncpg.Connection[Any]) -> int:
    """Bring the candles up to the newest event; how many events were looked at."""
    looked, step = 0, POSITIONS_AT_ONCE_MAX
    while True:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            last = await connection.fetchval("SELECT last FROM tradewind.places")
            after = await connection.fetchval(UPTO)
            upto = min(last, after + step)
            if upto == after:
                return looked
            await connection.execute(TABLE)
            await connection.execute(TOUCH, after, upto, timeout=LONG_S_MAX)
            await connection.execute("ANALYZE pg_temp.touched_minutes")
            old = await connection.fetchval(f"SELECT count(*) FROM ({OLD_ENOUGH}) old")  # noqa: S608 - our own words
            if old > OLD_MINUTES_MAX and step > POSITIONS_AT_ONCE_MIN:
                step //= 4
                continue
            if old:
                await _unpack(connection)
            await connection.execute(PLANS)
            for frame, seconds in SECONDS.items():
                finer = MADE_OF.get(frame)
                rows = FROM_CANDLES.format(s=seconds, finer=finer) if finer else FROM_TICKS
                await connection.execute(PUT.format(frame=frame, rows=rows), timeout=LONG_S_MAX)
            await connection.execute("DELETE FROM tradewind.unpacked_ticks")
            await connection.execute(MARK, BOOKMARK, upto)
            looked += upto - after


async def _unpack(connection: asyncpg.Connection[Any]) -> None:
    """Lay the packed ticks of the minutes that late ticks touch beside the others: no more than these are kept."""
    touched = {tuple(row) for row in await connection.fetch(OLD_ENOUGH, timeout=LONG_S_MAX)}
    await connection.execute(THINKING)
    rows = [
        (position, tick.tenant, tick.source, tick.token, tick.time_event // 1_000, tick.time_event, price, size)
        async for (block,) in connection.cursor(PACKED_BESIDE, prefetch=BLOCKS_AT_ONCE, timeout=LONG_S_MAX)
        for position, body in unpack(block, "tradewind.packed_events")
        if (tick := decode(body)).mode != "backtest"
        if (tick.tenant, tick.source, tick.token, tick.time_event // MINUTE_NS) in touched
        for price, size in ((tick.data.price, tick.data.size),)
    ]
    await connection.copy_records_to_table("unpacked_ticks", schema_name="tradewind", records=rows)


async def candles(
    connection: asyncpg.Connection[Any],
    symbol: str,
    timeframe: str,
    start_ns: int,
    end_ns: int,
    tenant: str,
    source: str,
) -> list[Candle]:
    """The candles of a market that open in a stretch of time, by time. Raises BadInput for an unknown timeframe."""
    if timeframe not in SECONDS:
        raise BadInput(f"there are no candles of {timeframe!r} here", fix=f"There are: {', '.join(SECONDS)}")
    sql = READ.format(frame=timeframe)
    rows = await connection.fetch(sql, symbol, start_ns // 1_000, -(-end_ns // 1_000), tenant, source)
    return [
        Candle(symbol=symbol, timeframe=timeframe, time=time, open=o, high=h, low=low, close=c, volume=v, ticks=n)
        for time, o, h, low, c, v, n in rows
    ]
