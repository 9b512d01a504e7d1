"""Measure how fast stored events are read again, and what room old days take: python3 benchmarks/postgres_history.py

Needs what postgres_store.py needs. Events are read from their tables, then packed and read from blocks, beside asyncpg
fetching the same rows and decoding nothing. `--trades` names a recording of Binance's raw streams and `--candles` a
feather file of one-minute candles, whose room is measured too, beside that of made-up ticks. `--keep` writes the
results and the page.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import random
import statistics
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.servers.postgres import PostgresServer

import machine
from figures import keep
from postgres_store import DAY_NS, made
from tradewind.adapters.event_store.postgres_events import PostgresEventStore
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.payloads import Candle, Tick
from tradewind.ports.event_store import EventQuery

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "event-store.md"
SYMBOL = "BTC/USDT:USDT"
MS = 1_000_000
AT_ONCE = 5_000
SIZE = """
SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'tradewind' AND c.relkind = 'r' AND c.relname ~ $1
"""
EVENTS, IDS = "^(events_|packed_events)", "^event_ids$"


def event(rng: random.Random, happened: int, recorded: int, data: Tick | Candle) -> Event[Any]:
    """An event as a producer makes it: an id of its time, the rest of it by chance."""
    number = (recorded // MS << 80) | 0x7 << 76 | rng.getrandbits(76) & ~(0x3 << 62) | 0x2 << 62
    name = str(uuid.UUID(int=number))
    return Event(
        event_id=name, type="price.tick" if isinstance(data, Tick) else "candle.closed", version=1, time_event=happened,
        time_recorded=recorded, tenant="home", token=SYMBOL, source="binance", correlation_id=name, mode="live",
        data=data,
    )  # fmt: skip


def recorded_ticks(path: Path) -> Iterator[Event[Any]]:
    rng = random.Random(1)
    with gzip.open(path, "rt") as lines:
        for line in lines:
            heard, _, words = line.partition(" ")
            if '"e":"trade"' in words:
                d = json.loads(words)["data"]
                tick = Tick(
                    symbol=SYMBOL, price=float(d["p"]), size=float(d["q"]), aggressor="sell" if d["m"] else "buy",
                    trade_id=str(d["t"]),
                )  # fmt: skip
                yield event(rng, d["T"] * MS, int(heard) + 2_000 * MS, tick)


def recorded_candles(path: Path, number: int) -> Iterator[Event[Any]]:
    import polars

    rng = random.Random(2)
    for row in polars.read_ipc(path).head(number).iter_rows(named=True):
        time_ns = int(row["date"].timestamp()) * 1_000 * MS
        values = {name: row[name] for name in ("open", "high", "low", "close", "volume")}
        candle = Candle(symbol=SYMBOL, timeframe="1m", time=time_ns, ticks=rng.randrange(1, 900), **values)
        yield event(rng, time_ns + 60_000 * MS, time_ns + 60_000 * MS + rng.randrange(MS, 900 * MS), candle)


def made_up_ticks(number: int) -> Iterator[Event[Any]]:
    rng, price, happened = random.Random(3), 64_000.0, 1_790_000_000_000 * MS
    for i in range(number):
        price = round(price + rng.choice([-0.2, -0.1, 0, 0, 0, 0.1, 0.2]), 1)
        happened += int(rng.expovariate(1 / 300)) * MS
        size, side = max(round(rng.lognormvariate(-4, 2), 3), 0.001), rng.choice(["buy", "sell"])
        tick = Tick(symbol=SYMBOL, price=price, size=size, aggressor=side, trade_id=str(3_912_345_678 + i))  # type: ignore[arg-type]
        yield event(rng, happened, happened + rng.randrange(20 * MS, 90 * MS), tick)


def before_last_week(events: Iterator[Event[Any]]) -> list[Event[Any]]:
    """The same events, moved in time so that all are old enough to be packed."""
    found = list(events)
    back = time.time_ns() // DAY_NS * DAY_NS - 8 * DAY_NS - found[-1].time_event
    moved = (
        msgspec.structs.replace(e, time_event=e.time_event + back, time_recorded=e.time_recorded + back) for e in found
    )
    return list(moved)


async def room(url: str, name: str, events: list[Event[Any]]) -> dict[str, Any]:
    """Bytes an event of tables with their indexes, and of ids, before and after packing."""
    store, connection = PostgresEventStore(url), await asyncpg.connect(url)

    async def sizes() -> tuple[float, float]:
        await connection.execute("VACUUM")
        both = [await connection.fetchval(SIZE, what) for what in (EVENTS, IDS)]
        return both[0] / len(events), both[1] / len(events)

    for start in range(0, len(events), AT_ONCE):
        await store.append(events[start : start + AT_ONCE])
    before = await sizes()
    await store.roll_up()
    started = time.perf_counter()
    done = await store.tidy()
    seconds = time.perf_counter() - started
    after = await sizes()
    await store.close()
    await connection.close()
    if done.packed != len(events):
        raise SystemExit(f"{done.packed} of {len(events)} events were packed")
    saved = 1 - sum(after) / sum(before)
    return {
        "what": name, "events": len(events), "before": before, "after": after, "saved": saved,
        "saved_without_ids": 1 - after[0] / before[0], "packed_per_s": len(events) / seconds,
    }  # fmt: skip


async def replay(url: str, number: int, rounds: int) -> dict[str, Any]:
    """Events a second of a store that is read from its beginning, and rows a second of the driver alone."""
    start = time.time_ns() // DAY_NS * DAY_NS - 10 * DAY_NS
    store, connection = PostgresEventStore(url), await asyncpg.connect(url)
    for first in range(0, number, 20_000):
        await store.append(made(first, min(20_000, number - first), start))

    async def ours() -> int:
        return sum([len(some) async for some in store.read(EventQuery())])

    async def raw() -> int:
        after, found = 0, 0
        while True:
            sql = "SELECT position, body FROM tradewind.events WHERE position > $1 ORDER BY position LIMIT 10000"
            rows = await connection.fetch(sql, after)
            if not rows:
                return found
            after, found = rows[-1][0], found + len(rows)

    figures: dict[str, list[float]] = {"driver": [], "tables": [], "packed": []}
    for name, work in (("driver", raw), ("tables", ours)) * rounds:
        figures[name].append(await _rate(work, number))
    await store.roll_up()
    await store.tidy()
    for _ in range(rounds):
        figures["packed"].append(await _rate(ours, number))
    await store.close()
    await connection.close()
    return {"events": number} | {name: statistics.median(found) for name, found in figures.items()}


async def _rate(work: Any, number: int) -> float:
    started = time.perf_counter()
    found = await work()
    took = time.perf_counter() - started
    if found != number:
        raise SystemExit(f"{found} of {number} events were read")
    return number / took


async def rolled_up(url: str, number: int, tokens: int, days: int) -> dict[str, Any]:
    """Seconds to make the candles of ticks that are spread at random over days and tokens."""
    rng, start, store = random.Random(4), time.time_ns() // DAY_NS * DAY_NS - days * DAY_NS, PostgresEventStore(url)
    ticks = [
        msgspec.structs.replace(
            e, time_event=at, time_recorded=at, token=symbol, data=msgspec.structs.replace(e.data, symbol=symbol)
        )
        for e in made(0, number, start)
        for at, symbol in ((start + rng.randrange(days * DAY_NS), f"COIN{rng.randrange(tokens)}/USDT"),)
    ]
    for first in range(0, number, AT_ONCE):
        await store.append(ticks[first : first + AT_ONCE])
    started = time.perf_counter()
    looked = await store.roll_up()
    took = time.perf_counter() - started
    await store.close()
    if looked != number:
        raise SystemExit(f"{looked} of {number} events were rolled up")
    return {"ticks": number, "tokens": tokens, "days": days, "seconds": took}


def page(result: dict[str, Any]) -> str:
    r = result["replay"]
    lines = [
        f"Measured {result['when']} on {result['machine']['processor']} (load {result['load']:.1f}).",
        "",
        f"| {r['events']:,} events read from the beginning | /s |",
        "|---|---|",
        f"| asyncpg fetching rows, nothing decoded | {r['driver']:,.0f} |",
        f"| the store, from tables, decoded | {r['tables']:,.0f} |",
        f"| the store, from packed days, decoded | {r['packed']:,.0f} |",
        "",
        "| packed | bytes an event, tables and indexes | ids | smaller | without ids | packed, events/s |",
        "|---|---|---|---|---|---|",
    ]
    for x in result["room"]:
        (events, ids), (later, ids_later) = x["before"], x["after"]
        lines.append(
            f"| {x['events']:,} {x['what']} | {events:.0f} to {later:.0f} | {ids:.0f} to {ids_later:.0f} |"
            f" {x['saved']:.1%} | {x['saved_without_ids']:.1%} | {x['packed_per_s']:,.0f} |"
        )
    lines.append("")
    lines.extend(
        f"The candles of {c['ticks']:,} ticks in no order, of {c['tokens']:,} tokens and {c['days']}"
        f" day{'s' * (c['days'] > 1)}, were made in {c['seconds']:.1f} s."
        for c in result["rolled_up"]
    )
    return "\n".join(["", *lines, ""])


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--events", type=int, default=300_000)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--trades", type=Path, help="a recording of Binance's raw streams, gzip")
    words.add_argument("--candles", type=Path, help="one-minute candles, feather")
    words.add_argument("--keep", action="store_true", help="write the results and the page")
    options = words.parse_args()
    kinds = {"made-up ticks": made_up_ticks(50_000)}
    if options.trades:
        kinds["recorded ticks"] = recorded_ticks(options.trades)
    if options.candles:
        kinds["recorded candles"] = recorded_candles(options.candles, 50_000)
    load = machine.load()
    server = PostgresServer()
    try:
        server.make()
        result: dict[str, Any] = {
            "when": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine.described(), "load": load,
            "replay": asyncio.run(replay(server.new_database(), options.events, options.rounds)),
            "rolled_up": [
                asyncio.run(rolled_up(server.new_database(), *how)) for how in ((30_000, 1_000, 60), (200_000, 20, 1))
            ],
            "room": [
                asyncio.run(room(server.new_database(), name, before_last_week(some))) for name, some in kinds.items()
            ],
        }  # fmt: skip
    finally:
        server.remove()
    print(json.dumps(result, indent=2))
    if options.keep:
        keep("postgres_history", result, page(result), PAGE)


if __name__ == "__main__":
    main()
