"""Where the time of an event goes, and what it helps to publish together what is due together.

    python3 benchmarks/load_parts.py

Needs Tradewind's own environment. Results go to results/load_parts.json and docs/load.md.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import load
import machine
from load_stand import GROUP, TOKENS, Stand, until
from tradewind.adapters.bus.memory_bus import MemoryBus
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.events.envelope import Event
from tradewind.messaging.consumer import EventConsumer
from tradewind.messaging.handlers import event_handler
from tradewind.messaging.producer import EventProducer, Origin
from tradewind.trading.candles import CandleMaker

ORIGIN = Origin("load", "load", "paper")
TOGETHER = 500
PARTS = ("made and checked", "handed to a bus in memory", "on disk", "handled by nothing much", "in a candle")
"""Each contains the one before."""


class Nothing(EventConsumer):
    """Handles a tick by doing nothing with it."""

    @event_handler("price.tick")
    async def take(self, event: Event[Any]) -> None:
        """Nothing."""


Consumer = Callable[[MemoryBus, EventProducer, CountedMetrics, SqliteEventStore], EventConsumer]
CONSUMERS: dict[str, Consumer] = {
    "handled by nothing much": lambda bus, producer, metrics, _: Nothing(
        bus, producer, metrics, group=GROUP, member="one"
    ),
    "in a candle": lambda bus, producer, metrics, store: CandleMaker(
        bus, producer, metrics, store, member="one", group=GROUP
    ),
}


@asynccontextmanager
async def producing(part: str, folder: Path) -> AsyncIterator[tuple[EventProducer, CountedMetrics]]:
    """A producer over as much of the system as the part names."""
    metrics, store = CountedMetrics(), SqliteEventStore(folder / f"{PARTS.index(part)}.db")
    bus = MemoryBus(store if PARTS.index(part) >= PARTS.index("on disk") else None)
    producer = EventProducer(bus, ORIGIN, metrics)
    consumer = CONSUMERS[part](bus, producer, metrics, store) if part in CONSUMERS else None
    running = asyncio.create_task(consumer.run()) if consumer else None
    if consumer:
        await consumer.subscribed.wait()
    yield producer, metrics
    if consumer and running:
        consumer.stop()
        await running
    await bus.close()
    await store.close()


async def processor_us(part: str, events: int, folder: Path) -> float:
    """Microseconds of a processor for an event, all threads, through everything up to this part."""
    async with producing(part, folder) as (producer, metrics):
        worked, begun = time.process_time(), time.time_ns()
        for start in range(0, events, TOGETHER):
            made = [
                producer.event(
                    "price.tick",
                    {"symbol": TOKENS[n % len(TOKENS)], "price": 100.0, "size": 1.0},
                    time_event=begun + n,
                )
                for n in range(start, start + TOGETHER)
            ]
            if part != PARTS[0]:
                await producer.send_batch(made)
        if part in CONSUMERS:
            await until(lambda: metrics.total("messages_consumed") >= events, 0.001)
        return (time.process_time() - worked) / events * 1e6


async def rate(together: int, events: int, folder: Path) -> float:
    """Events a second that are published, so many together, and in their candles."""
    async with Stand(folder / f"rate{together}.db") as stand:
        started = time.perf_counter()
        for _ in range(0, events, together):
            await stand.publish([time.time_ns()] * together)
        await stand.caught_up()
        return events / (time.perf_counter() - started)


def table(found: dict[str, Any]) -> str:
    """The figures as the page has them."""
    us = {part: statistics.median(found["processor_us"][part]) for part in PARTS}
    before = {part: us[earlier] for earlier, part in pairwise(PARTS)}
    one, many = (statistics.median(found["rate"][name]) for name in ("1", str(TOGETHER)))
    return "\n".join(
        [
            load.where_and_when(found),
            "",
            "| an event is | us of a processor | more than before |",
            "|---|---:|---:|",
            *(f"| {part} | {us[part]:.1f} | {us[part] - before.get(part, 0.0):.1f} |" for part in PARTS),
            "",
            "| published | before: one by one | after: what is due together | times |",
            "|---|---:|---:|---:|",
            f"| events a second, in candles | {one:,.0f} | {many:,.0f} | {many / one:.0f} |",
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    before = machine.load()
    us: dict[str, list[float]] = {part: [] for part in PARTS}
    rates: dict[str, list[float]] = {"1": [], str(TOGETHER): []}
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            for part in PARTS:
                us[part].append(asyncio.run(processor_us(part, options.events, Path(folder))))
            rates["1"].append(asyncio.run(rate(1, options.events // 50, Path(folder))))
            rates[str(TOGETHER)].append(asyncio.run(rate(TOGETHER, options.events, Path(folder))))
    found = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {**machine.described(), "load_before": before, "load_after": machine.load()},
        "events": options.events, "processor_us": us, "rate": rates,
    }  # fmt: skip
    load.write("parts", found, table(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
