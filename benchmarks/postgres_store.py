"""Measure the PostgreSQL event store beside asyncpg's own COPY: python3 benchmarks/postgres_store.py

Needs Tradewind's own environment with asyncpg, and PostgreSQL's programs: it starts a server of its own in a folder of
its own, and ends it. `--keep` writes results/postgres_store.json and docs/event-store.md; `--range-rows` fills a store
with that many rows over sixty days by SQL and measures a query of thirty of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.servers.postgres import PostgresServer

import machine
from figures import keep
from tradewind.adapters.event_store.postgres_connection import open_pool
from tradewind.adapters.event_store.postgres_days import index_days
from tradewind.adapters.event_store.postgres_events import COLUMNS, PostgresEventStore, _row
from tradewind.adapters.event_store.postgres_rows import PostgresRows
from tradewind.core.domain.events.codec import encode
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.payloads import Tick
from tradewind.messaging.batch_writer import BatchUpdateWriter, BatchWriter
from tradewind.ports.event_store import EventQuery

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "event-store.md"
TOKENS = 50
DAY_NS = 86_400_000_000_000
BARE = """
CREATE TABLE bare (LIKE tradewind.audit_events INCLUDING DEFAULTS, PRIMARY KEY (position, "timestamp"));
CREATE INDEX ON bare ("timestamp", token, event_type)
"""
FILL = """
INSERT INTO tradewind.events (position, event_id, event_type, "timestamp", time_event, token, tenant, source, body)
SELECT i, gen_random_uuid(), 'price.tick', to_timestamp(ns / 1e9), ns, token, 'home', 'bench',
       format('{"event_id":"00000000-0000-7000-8000-%s","type":"price.tick","version":1,"time_event":%s,"time_recorded":%s,'
              '"tenant":"home","token":"%s","source":"bench","correlation_id":"c","mode":"paper",'
              '"data":{"symbol":"%s","price":100.0,"size":1.0}}', lpad(i::text, 12, '0'), ns, ns, token, token)::json
FROM (SELECT i, $1 + i * $2 AS ns, 'COIN' || i % 1000 || '/USDT' AS token FROM generate_series($3::bigint, $4) i) made
"""


def made(first: int, number: int, start_ns: int) -> list[Event[Tick]]:
    return [
        Event(
            event_id=f"0196aaaa-0000-7000-8000-{i:012d}", type="price.tick", version=1, time_event=start_ns + i * 1_000,
            time_recorded=start_ns + i * 1_000, tenant="home", token=(symbol := f"COIN{i % TOKENS}/USDT"),
            source="bench", correlation_id=f"0196aaaa-0000-7000-8000-{i:012d}", mode="paper",
            data=Tick(symbol=symbol, price=100.0 + i % 1_000 / 8, size=1.0),
        )
        for i in range(first, first + number)
    ]  # fmt: skip


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started


async def beside_copy(url: str, batch: int, rounds: int, batches: int) -> dict[str, Any]:
    """Rows a second of COPY with rows made ready, and of the store from events; turn by turn, over the same columns."""
    store, start = PostgresEventStore(url), time.time_ns() // DAY_NS * DAY_NS
    await store.last_position()
    pool = await open_pool(url, "the benchmark")
    raw: list[float] = []
    ours: list[float] = []
    async with pool.acquire() as connection:
        await connection.execute("DROP TABLE IF EXISTS bare; " + BARE)
        for i in range(rounds + 1):
            parts = [made((i * batches + b) * batch, batch, start) for b in range(batches)]
            ready = [
                [_row(e, n, encode(e)) for n, e in enumerate(p, (i * batches + b) * batch)] for b, p in enumerate(parts)
            ]

            async def copy(ready: list[list[Any]] = ready) -> None:
                for rows in ready:
                    await connection.copy_records_to_table("bare", columns=COLUMNS, records=rows)

            async def append(parts: list[list[Event[Tick]]] = parts) -> None:
                for events in parts:
                    await store.append(events)

            for work, found in ((copy, raw), (append, ours)) if i % 2 else ((append, ours), (copy, raw)):
                took = await timed(work)
                if i:  # the first round makes tables warm
                    found.append(batch * batches / took)
    await pool.close()
    await store.close()
    ratio = statistics.median(o / r for o, r in zip(ours, raw, strict=True))
    return {"batch": batch, "copy": statistics.median(raw), "store": statistics.median(ours), "ratio": ratio}


async def one_by_one_and_batched(url: str, number: int) -> dict[str, Any]:
    """Events a second of a caller that waits for each append, and of one that hands them to a batch writer."""
    store, start = PostgresEventStore(url), time.time_ns() // DAY_NS * DAY_NS
    await store.last_position()
    single, batched = made(0, 200, start), made(10_000_000, max(number * 10, 2_000), start)

    async def one_by_one() -> None:
        for event in single:
            await store.append([event])

    async def together() -> None:
        async with BatchWriter(store.append, size=number) as writer:
            for event in batched:
                await writer.add(event)

    alone, many = len(single) / await timed(one_by_one), len(batched) / await timed(together)
    await store.close()
    return {"batch": number, "alone": alone, "batched": many, "gain": many / alone}


async def updates(url: str, number: int) -> dict[str, Any]:
    """Changes a second of a caller that waits for each UPDATE, and of one that hands them to a batch writer."""
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE tasks (id text PRIMARY KEY, state text, tries int)")
    keys = [f"task-{i}" for i in range(10_000)]
    rows = PostgresRows(url, "public.tasks", key="id", columns={"id": "text", "state": "text", "tries": "int"})
    await rows.insert([{"id": key, "state": "queued", "tries": 0} for key in keys])

    async def one_by_one() -> None:
        for key in keys[:200]:
            await connection.execute("UPDATE tasks SET state = $2, tries = $3 WHERE id = $1", key, "started", 1)

    async def together() -> None:
        async with BatchUpdateWriter(rows.update, size=number) as writer:
            for key in keys:
                await writer.add(key, state="done", tries=2)

    alone, many = 200 / await timed(one_by_one), len(keys) / await timed(together)
    if await connection.fetchval("SELECT count(*) FROM tasks WHERE state = 'done' AND tries = 2") != len(keys):
        raise SystemExit("not every change was made")
    await connection.close()
    await rows.close()
    return {"batch": number, "alone": alone, "batched": many, "gain": many / alone}


async def range_query(url: str, rows: int) -> dict[str, Any]:
    """Seconds of a query of thirty days of one token, decoded, in a store of sixty days and many rows."""
    store = PostgresEventStore(url)
    today = time.time_ns() // DAY_NS * DAY_NS
    start, step = today - 60 * DAY_NS, 60 * DAY_NS // rows
    connection = await asyncpg.connect(url)
    async with store.connected() as own:
        await store._days.make(own, {start // DAY_NS + d for d in range(61)})
    slices = [(i, min(i + 1_000_000, rows) - 1) for i in range(0, rows, 1_000_000)]
    filled = await timed(lambda: _fill(connection, start, step, slices))
    await connection.execute("ANALYZE tradewind.events")
    await connection.close()
    async with store.connected() as own:
        await index_days(own)
    query = EventQuery(today - 30 * DAY_NS, today, tokens=("COIN7/USDT",), types=("price.tick",))
    seconds, found = [], 0
    for _ in range(5):
        started = time.perf_counter()
        found = sum([len(some) async for some in store.read(query)])
        seconds.append(time.perf_counter() - started)
    await store.close()
    median = statistics.median(seconds)
    return {"rows": rows, "found": found, "first_s": seconds[0], "median_s": median, "fill_s": filled}


async def _fill(connection: Any, start: int, step: int, slices: list[tuple[int, int]]) -> None:
    for first, last in slices:
        await connection.execute(FILL, start, step, first, last)


def page(result: dict[str, Any]) -> str:
    where, load = result["machine"]["processor"], result["load"]
    lines = [
        f"Measured {result['when']} on {where} (load {load:.1f}). COPY gets rows that are ready, the store events."
    ]
    lines += ["", "| batch | COPY, rows/s | store, events/s | of COPY |", "|---|---|---|---|"]
    lines += [f"| {r['batch']:,} | {r['copy']:,.0f} | {r['store']:,.0f} | {r['ratio']:.2f} |" for r in result["copy"]]
    for what, unit in (("batches", "events stored"), ("updates", "rows changed")):
        if result.get(what):
            lines += ["", f"| {unit}, in batches of | one by one, /s | batched, /s | times |", "|---|---|---|---|"]
            rows = result[what]
            lines += [f"| {r['batch']:,} | {r['alone']:,.0f} | {r['batched']:,.0f} | {r['gain']:.0f} |" for r in rows]
    if result.get("range"):
        r = result["range"]
        what = f"Thirty days of one token of 1,000, after upkeep, in {r['rows']:,} rows over sixty days"
        took = f"{r['median_s'] * 1_000:,.0f} ms, decoded ({r['first_s'] * 1_000:,.0f} ms the first time)"
        lines += ["", f"{what}: {r['found']:,} events in {took}."]
    return "\n".join(["", *lines, ""])


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--batches", type=int, default=5, help="batches in a round")
    words.add_argument("--range-rows", type=int, default=0, help="10000000 takes some minutes")
    words.add_argument("--keep", action="store_true", help="write the results and the page")
    options = words.parse_args()
    load = machine.load()
    server = PostgresServer()
    try:
        server.make()
        result: dict[str, Any] = {
            "when": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine.described(), "load": load,
            "copy": [
                asyncio.run(beside_copy(server.new_database(), batch, options.rounds, options.batches))
                for batch in (1_000, 20_000)
            ],
            "batches": [asyncio.run(one_by_one_and_batched(server.new_database(), n)) for n in (100, 500, 1_000)],
            "updates": [asyncio.run(updates(server.new_database(), n)) for n in (100, 500, 1_000)],
        }  # fmt: skip
        if options.range_rows:
            result["range"] = asyncio.run(range_query(server.new_database(), options.range_rows))
    finally:
        server.remove()
    print(json.dumps(result, indent=2))
    if options.keep:
        kept = HERE / "results" / "postgres_store.json"
        if not options.range_rows and kept.exists():  # it takes long, and that of an earlier run is still true
            result["range"] = json.loads(kept.read_text()).get("range")
        keep("postgres_store", result, page(result), PAGE)


if __name__ == "__main__":
    main()
