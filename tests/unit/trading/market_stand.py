"""A bus, a store and a feed of one market, for tests of what stands on ticks."""

import asyncio
from collections import Counter, defaultdict
from pathlib import Path

from event_examples import NOW, tick
from msgspec.structs import replace

from tradewind.adapters.bus.memory_bus import MemoryBus
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.errors import Unavailable
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.core.domain.timeframes import UNITS_NS, bucket_start_ns
from tradewind.messaging.producer import EventProducer, Origin
from tradewind.ports.event_store import EventQuery

HOUR = UNITS_NS["h"]
START = bucket_start_ns(NOW, UNITS_NS["d"])


class Stand:
    """Publishes trades and quotes, and reads back what was made of them."""

    def __init__(self, folder, clock_ns=lambda: START + 20 * UNITS_NS["d"]):
        self.store = SqliteEventStore(folder / "events.db")
        self.bus = FailingBus(self.store)
        self.metrics = CountedMetrics()
        self.producer = EventProducer(
            self.bus, Origin("home", "service", "paper"), self.metrics, clock_ns=clock_ns, retries_s=()
        )

    async def events(self, *types, token=()):
        query = EventQuery(types=types, tokens=token)
        return [stored.event async for batch in self.store.read(query) for stored in batch]


class FailingBus(MemoryBus):
    """Takes nothing while `fails`."""

    fails = False

    async def publish(self, events):
        if self.fails:
            raise Unavailable("the bus is away")
        await super().publish(events)


class KeptBeside:
    """A bus that stores nothing, as Kafka. `record` does what a recorder would, with events of one type."""

    def __init__(self, store):
        self.store, self.published, self.stored = store, defaultdict(list), Counter()

    async def publish(self, events):
        for event in events:
            self.published[event.type].append(event)

    async def record(self, type_, until=None):
        events = self.published[type_][self.stored[type_] : until]
        await self.store.append(events)
        self.stored[type_] += len(events)


def stand_beside(folder):
    """A stand whose store is filled beside its bus."""
    stand = Stand(Path(folder))
    stand.bus = stand.producer.bus = KeptBeside(stand.store)
    return stand


def trade(number, after_ns, price=100.0, size=1.0, trade_id=None, received_after_ns=None, **changed):
    """A trade so long after START; `number` tells it from others."""
    data = EVENT_TYPES["price.tick"].payload(symbol="BTC/USDT", price=price, size=size, trade_id=trade_id)
    received = START + (after_ns if received_after_ns is None else received_after_ns)
    return replace(tick(number), time_event=START + after_ns, time_recorded=received, data=data, **changed)


def quote(number, after_ns, bid, ask, **changed):
    """A best bid and ask."""
    kind = EVENT_TYPES["price.quote"]
    data = kind.payload(symbol="BTC/USDT", bid=bid, bid_size=1.0, ask=ask, ask_size=1.0)
    return replace(trade(number, after_ns), type=kind.name, data=data, **changed)


async def until(condition):
    """Wait for a condition, 20 seconds at most."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)
