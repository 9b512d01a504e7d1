"""Measure events through Kafka beside the client library alone: python3 benchmarks/kafka.py

Needs Tradewind's own environment with confluent-kafka, Java 17 and Maven: it starts a broker of its own in a temporary
folder, and ends it. Results go to results/kafka.json and docs/kafka.md.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from deploy.kafka.brokers import Brokers

import machine
from events import BATCH, TOKENS, Counter, made
from figures import keep
from tradewind.adapters.bus.kafka_bus import PUBLISHING, KafkaBus
from tradewind.adapters.bus.kafka_place import KafkaPlace
from tradewind.adapters.bus.kafka_topics import make_topics
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.events.codec import encode
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.partitioning import partition_of
from tradewind.messaging.producer import EventProducer, Origin

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "kafka.md"
TOPIC = "price.ticks"
PATIENCE_S = 60.0
DEFAULTS = {"enable.idempotence": True, "acks": "all"}
"""What is promised, with everything else as the library has it."""
prefixes = (f"bench-{number}." for number in count())


async def new_place(brokers: Brokers) -> KafkaPlace:
    place = KafkaPlace(f"kafka://{brokers.places}", prefix=next(prefixes))
    await make_topics(place, replicas=1, in_sync_min=1, names=[TOPIC], patience_s=PATIENCE_S)
    return place


async def through_a_handler(place: KafkaPlace, events: list[Event[Any]], feeds: int) -> dict[str, float]:
    """Seconds until all are acknowledged, and until the last is handled, publishers and handler in one process; and how
    many of them a processor worked for that process. Each feed has symbols of its own, and waits for each batch.
    """
    bus, metrics = KafkaBus(place, patience_s=PATIENCE_S), CountedMetrics()
    producer = EventProducer(bus, Origin("bench", "bench", "backtest"), metrics)
    counter = Counter(bus, producer, metrics, group="count", member="one", in_hand_max=4 * BATCH)
    running = asyncio.create_task(counter.run())
    await counter.subscribed.wait()

    async def feed(mine: list[Event[Any]]) -> None:
        for start in range(0, len(mine), BATCH):
            await producer.send_batch(mine[start : start + BATCH])

    started, worked = time.perf_counter(), time.process_time()
    # Tokens follow each other in turn, and there are as many for each feed.
    await asyncio.gather(*(feed(events[number::feeds]) for number in range(feeds)))
    acknowledged = time.perf_counter() - started
    while counter.handled_so_far < len(events):
        await asyncio.sleep(0.001)
    handled, worked = time.perf_counter() - started, time.process_time() - worked
    counter.stop()
    await running
    await bus.close()
    return {"acknowledged": acknowledged, "handled": handled, "worked": worked}


async def handled_later(place: KafkaPlace, number: int) -> float:
    """Seconds to handle what is there already."""
    bus, metrics = KafkaBus(place, patience_s=PATIENCE_S), CountedMetrics()
    producer = EventProducer(bus, Origin("bench", "bench", "backtest"), metrics)
    counter = Counter(bus, producer, metrics, group="later", member="one", in_hand_max=4 * BATCH)
    running = asyncio.create_task(counter.run())
    await counter.subscribed.wait()
    started = time.perf_counter()
    while counter.handled_so_far < number:
        await asyncio.sleep(0.001)
    took = time.perf_counter() - started
    counter.stop()
    await running
    await bus.close()
    return took


def alone(place: KafkaPlace, events: list[Event[Any]], settings: dict[str, Any]) -> dict[str, float]:
    """Seconds of the library: the same bytes sent and acknowledged, then received and dropped."""
    servers = place.url.removeprefix("kafka://")
    rows = [(encode(e), e.token.encode(), partition_of(e.token, 10)) for e in events]
    producer = Producer({"bootstrap.servers": servers, "queue.buffering.max.messages": len(rows) + 1} | settings)
    arrived = 0

    def delivered(error: Any, _message: Any) -> None:
        nonlocal arrived
        if error is not None:
            raise SystemExit(str(error))
        arrived += 1

    started = time.perf_counter()
    for start in range(0, len(rows), BATCH):
        for data, key, partition in rows[start : start + BATCH]:
            producer.produce(place.prefix + TOPIC, data, key, partition, on_delivery=delivered)
        producer.flush()
    sent = time.perf_counter() - started
    if arrived != len(rows):
        raise SystemExit(f"{arrived} of {len(rows)} were acknowledged")
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "alone",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([place.prefix + TOPIC])
    consumer.consume(1, PATIENCE_S)
    started, found = time.perf_counter(), 1
    while found < len(rows):
        found += len(consumer.consume(BATCH, 0.05))
    received = time.perf_counter() - started
    consumer.close()
    return {"sent": sent, "received": received}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    events = made(options.events)
    before = machine.load()
    seconds: dict[str, list[float]] = {}
    brokers = Brokers(heap_mb=512)
    try:
        brokers.start()
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
            measured: dict[str, float] = {}
            place = asyncio.run(new_place(brokers))
            measured |= asyncio.run(through_a_handler(place, events, 1))
            measured["handled later"] = asyncio.run(handled_later(place, len(events)))
            two = asyncio.run(through_a_handler(asyncio.run(new_place(brokers)), events, 2))
            measured["handled, two feeds"] = two["handled"]
            ways: dict[str, Callable[[], dict[str, Any]]] = {"ours": lambda: PUBLISHING, "defaults": lambda: DEFAULTS}
            for name, settings in ways.items():
                found = alone(asyncio.run(new_place(brokers)), events, settings())
                measured |= {f"{what}, {name}": took for what, took in found.items()}
            for name, took in measured.items():
                seconds.setdefault(name, []).append(took)
    finally:
        brokers.remove()
    found_all = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {**machine.described(), "load_before": before, "load_after": machine.load()},
        "events": options.events,
        "seconds": seconds,
    }
    keep("kafka", found_all, table(found_all), PAGE)
    return 0


def table(found: dict[str, Any]) -> str:
    m = found["machine"]
    rate = {name: found["events"] / statistics.median(took) for name, took in found["seconds"].items()}
    rows = (
        ("published, acknowledged and handled, one process, one feed that waits for each batch", "handled"),
        ("published, acknowledged and handled, one process, two such feeds", "handled, two feeds"),
        ("published and acknowledged, while another task handles", "acknowledged"),
        ("handled, where all are there already", "handled later"),
        ("the library alone: sent and acknowledged, Tradewind's settings", "sent, ours"),
        ("the library alone: sent and acknowledged, its own settings", "sent, defaults"),
        ("the library alone: received", "received, ours"),
    )
    where = (
        f"Measured {found['date']} on {m['processor']}, {m['cores']} cores, Python {m['python']}, "
        f"the broker on the same machine: {found['events']:,} ticks of {TOKENS} symbols in batches of {BATCH:,}; "
        "median of "
        f"{len(found['seconds']['handled'])} rounds. Load average {m['load_before']:.1f} before and "
        f"{m['load_after']:.1f} after: on a machine that others use, these are lower bounds."
    )
    lines = [f"| {words} | {rate[name]:,.0f} |" for words, name in rows]
    worked = f"One event, published and handled, takes {1e6 / rate['worked']:.1f} us of a processor in that process."
    return "\n".join([where, "", "| events a second | |", "|---|---:|", *lines, "", worked])


if __name__ == "__main__":
    raise SystemExit(main())
