"""While what a handler needs does not answer, its events wait: nothing is wrong with them, and none is put aside."""

import asyncio

from event_examples import tick

from tradewind.adapters.bus.memory_bus import MemoryBus
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.errors import Unavailable
from tradewind.messaging.consumer import EventConsumer
from tradewind.messaging.handlers import event_handler
from tradewind.messaging.producer import EventProducer, Origin

PATIENCE_S = 60
OUTAGE = 40


class Needy(EventConsumer):
    """Needs something that is away for its first calls."""

    calls = 0
    seen = ()

    @event_handler("price.tick")
    async def take(self, event):
        self.calls += 1
        if self.calls <= OUTAGE:
            raise Unavailable("the database is away")
        self.seen = (*self.seen, event.event_id)


def test_an_outage_that_outlasts_all_retries_puts_nothing_aside_and_is_told_of():
    slept = []

    async def sleep(seconds):
        slept.append(seconds)
        await asyncio.sleep(0)

    async def work():
        bus, metrics = MemoryBus(), CountedMetrics()
        producer = EventProducer(bus, Origin("home", "test", "paper"), metrics, sleep=sleep)
        needy = Needy(bus, producer, metrics, group="needy", member="one", sleep=sleep)
        news = await bus.subscribe("reader", ["system.events"], "reader")
        running, told = asyncio.create_task(needy.run()), []
        await needy.subscribed.wait()
        events = [tick(number) for number in range(3)]
        await bus.publish(events)
        while len(told) < 2:
            told += [(d.event.data.state, d.event.data.reason) for d in await news.receive(10, 1.0)]
        needy.stop()
        await running
        return needy.seen == tuple(e.event_id for e in events), metrics.total("messages_dead"), told

    in_order, dead, told = asyncio.run(asyncio.wait_for(work(), PATIENCE_S))
    assert in_order
    assert dead == 0
    assert told[0] == ("impaired", "what its handlers need does not answer: the database is away")
    assert told[1][0] == "recovered"
    assert slept[:5] == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert set(slept[5 : OUTAGE - 5]) == {5.0}


def test_what_is_counted_of_failures_stands_at_0_from_the_beginning():
    async def work():
        bus, metrics = MemoryBus(), CountedMetrics()
        producer = EventProducer(bus, Origin("home", "test", "paper"), metrics)
        Needy(bus, producer, metrics, group="needy", member="one")
        return metrics.values

    values = asyncio.run(work())
    for name in ("messages_consumed", "messages_failed", "messages_dead"):
        assert values[name, "needy", "price.ticks"] == [0], "of a counter that begins at 1 nobody sees that it rose"
