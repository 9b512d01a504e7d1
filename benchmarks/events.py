"""Measure the bus inside one process and the SQLite event store beside the raw driver: python3 benchmarks/events.py

Needs Tradewind's own environment. Results go to results/events.json and docs/events.md.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw

sys.path.insert(0, str(Path(__file__).resolve().parent))

import machine
from figures import keep
from tradewind.adapters.bus.memory_bus import MemoryBus
from tradewind.adapters.event_store.sqlite_events import INSERT, SqliteEventStore
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.events.codec import encode
from tradewind.core.domain.events.envelope import Event
from tradewind.messaging.consumer import EventConsumer
from tradewind.messaging.handlers import event_handler
from tradewind.messaging.producer import EventProducer, Origin
from tradewind.ports.event_store import EventQuery

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "events.md"
BATCH = 5_000
TOKENS = 50


class Counter(EventConsumer):
    """Counts what it handles."""

    handled_so_far = 0

    @event_handler("price.tick")
    async def count(self, _event: Event[Any]) -> None:
        self.handled_so_far += 1


def made(events: int) -> list[Event[Any]]:
    producer = EventProducer(MemoryBus(), Origin("bench", "bench", "backtest"), CountedMetrics())
    return [
        producer.event("price.tick", {"symbol": f"COIN{i % TOKENS}/USDT", "price": 100.0 + i, "size": 1.0})
        for i in range(events)
    ]


async def through_a_handler(events: list[Event[Any]], store: SqliteEventStore | None) -> float:
    """Seconds from the first publish to the last event handled."""
    bus, metrics = MemoryBus(store, waiting_max=len(events) + 1), CountedMetrics()
    producer = EventProducer(bus, Origin("bench", "bench", "backtest"), metrics)
    counter = Counter(bus, producer, metrics, group="count", member="one", in_hand_max=4 * BATCH)
    running = asyncio.create_task(counter.run())
    await counter.subscribed.wait()
    started = time.perf_counter()
    for start in range(0, len(events), BATCH):
        await producer.send_batch(events[start : start + BATCH])
        await asyncio.sleep(0)
    while counter.handled_so_far < len(events):
        await asyncio.sleep(0.001)
    took = time.perf_counter() - started
    counter.stop()
    await running
    return took


async def stored_and_handled(events: list[Event[Any]], path: Path) -> float:
    """Seconds through a handler, each event on disk first."""
    store = SqliteEventStore(path)
    took = await through_a_handler(events, store)
    await store.close()
    return took


async def stored(events: list[Event[Any]], path: Path) -> tuple[float, float]:
    """Seconds to store in batches, and to read all back."""
    store = SqliteEventStore(path)
    started = time.perf_counter()
    for start in range(0, len(events), BATCH):
        await store.append(events[start : start + BATCH])
    written = time.perf_counter() - started
    started, found = time.perf_counter(), 0
    async for some in store.read(EventQuery(), BATCH):
        found += len(some)
    took = time.perf_counter() - started
    await store.close()
    if found != len(events):
        raise SystemExit(f"{found} of {len(events)} events were read back")
    return written, took


def raw(events: list[Event[Any]], path: Path) -> float:
    """Seconds of the driver alone: the same rows, the same table, the same commits, nothing else."""
    rows = [(e.event_id, e.type, e.token, e.tenant, e.session, e.time_event, encode(e)) for e in events]
    asyncio.run(SqliteEventStore(path).close())  # makes the tables
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
    started = time.perf_counter()
    for start in range(0, len(rows), BATCH):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(INSERT, rows[start : start + BATCH])
        connection.execute("COMMIT")
    return time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    events = made(options.events)
    before = machine.load()
    seconds: dict[str, list[float]] = {
        name: [] for name in ("made", "handled", "handled and stored", "stored", "raw", "read")
    }
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            place: Callable[[str], Path] = Path(folder).joinpath
            started = time.perf_counter()
            made(options.events)
            seconds["made"].append(time.perf_counter() - started)
            seconds["handled"].append(asyncio.run(through_a_handler(events, None)))
            seconds["raw"].append(raw(events, place("raw.db")))
            written, read = asyncio.run(stored(events, place("ours.db")))
            seconds["stored"].append(written)
            seconds["read"].append(read)

            seconds["handled and stored"].append(asyncio.run(stored_and_handled(events, place("both.db"))))
    found = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {**machine.described(), "load_before": before, "load_after": machine.load()},
        "events": options.events,
        "seconds": seconds,
    }
    keep("events", found, table(found), PAGE)
    return 0


def table(found: dict[str, Any]) -> str:
    m = found["machine"]
    rate = {name: found["events"] / statistics.median(s) for name, s in found["seconds"].items()}
    rows = (
        ("made: checked, with an id and a time", "made"),
        ("published and handled, one process, one handler", "handled"),
        ("the same, each event on disk first", "handled and stored"),
        ("SQLite: stored", "stored"),
        ("SQLite: the raw driver, the same rows", "raw"),
        ("SQLite: read back", "read"),
    )
    where = (
        f"Measured {found['date']} on {m['processor']}, {m['cores']} cores, Python {m['python']}: "
        f"{found['events']:,} ticks of {TOKENS} symbols in batches of {BATCH:,}; median of "
        f"{len(found['seconds']['raw'])} rounds. Load average {m['load_before']:.1f} before and "
        f"{m['load_after']:.1f} after."
    )
    return "\n".join(
        [
            where,
            "",
            "| events a second | |",
            "|---|---:|",
            *(f"| {words} | {rate[name]:,.0f} |" for words, name in rows),
            "",
            f"Storing does {rate['stored'] / rate['raw']:.2f} of the raw driver.",
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
