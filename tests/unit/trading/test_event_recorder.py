"""Everything on the bus is in the store, once, in order; what cannot be stored lies aside."""

import asyncio

from event_examples import tick

from tradewind.adapters.bus.memory_bus import MemoryBus
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.errors import Refused, Unavailable
from tradewind.messaging.producer import EventProducer, Origin
from tradewind.ports.event_store import EventQuery
from tradewind.trading.event_recorder import EventRecorder


class Store(SqliteEventStore):
    """Does not answer so often, and refuses some."""

    away, refused = 0, ()

    async def append(self, events):
        if self.away:
            self.away -= 1
            raise Unavailable("away")
        if any(event.event_id in self.refused for event in events):
            raise Refused("not this one")
        return await super().append(events)


async def at_once(_seconds):
    await asyncio.sleep(0)


def recorded(tmp_path, events, away=0, refused=()):
    async def work():
        store, metrics, bus = Store(tmp_path / "events.db"), CountedMetrics(), MemoryBus()
        store.away, store.refused = away, refused
        producer = EventProducer(bus, Origin("home", "test", "paper"), metrics)
        recorder = EventRecorder(bus, producer, metrics, store, member="one", sleep=at_once)
        running = asyncio.create_task(recorder.run())
        await asyncio.wait_for(recorder.subscribed.wait(), 30)
        await bus.publish(events)
        async with asyncio.timeout(30):
            while not (recorder.caught_up and metrics.total("messages_consumed") >= len(events)):
                await asyncio.sleep(0.005)
        recorder.stop()
        await running
        stored = [s.event async for batch in store.read(EventQuery()) for s in batch]
        await store.close()
        return stored

    return asyncio.run(work())


def test_what_is_published_is_stored_once_and_in_order(tmp_path):
    events = [tick(i, f"COIN{i % 5}/USDT") for i in range(500)]
    stored = recorded(tmp_path, [*events, *events[:50]], away=3)
    assert sorted(e.event_id for e in stored) == sorted(e.event_id for e in events)
    for symbol in {e.token for e in events}:
        assert [e for e in stored if e.token == symbol] == [e for e in events if e.token == symbol]


def test_one_that_the_store_refuses_lies_aside_and_the_others_are_stored(tmp_path):
    events = [tick(i) for i in range(10)]
    stored = recorded(tmp_path, events, refused=(events[4].event_id,))
    ticks = [e for e in stored if e.type == "price.tick"]
    assert ticks == events[:4] + events[5:]
    (letter,) = [e for e in stored if e.type == "event.dead"]
    assert letter.causation_id == events[4].event_id
    assert "not this one" in letter.data.reason
