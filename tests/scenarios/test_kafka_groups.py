"""Consumers on a real broker: members come and go, the broker goes and comes back."""

import asyncio
import contextlib
import time
from collections import Counter
from itertools import count

import pytest
from event_examples import tick

from tradewind.adapters.bus.kafka_bus import PUBLISHING, KafkaBus
from tradewind.adapters.bus.kafka_place import KafkaPlace
from tradewind.adapters.bus.kafka_subscription import RECEIVING
from tradewind.adapters.bus.kafka_topics import describe_topics, make_topics, wanted_topics
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.errors import BadInput, Disputed, Unavailable
from tradewind.core.domain.events.codec import encode
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.core.domain.events.partitioning import partition_of
from tradewind.messaging.consumer import EventConsumer
from tradewind.messaging.dead_letters import DeadLetters
from tradewind.messaging.handlers import event_handler
from tradewind.messaging.producer import EventProducer, Origin

PATIENCE_S = 60.0
ORIGIN = Origin("home", "test", "paper")
TOKENS = [f"COIN{i}/USDT" for i in range(20)]
prefixes = (f"groups-{number}." for number in count())


class Booking(EventConsumer):
    """Notes what it has handled; `until`, where given, holds every handler up."""

    forgiving = False

    def __init__(self, book, bus, member, *, until=None, retries_s=(), **given):
        metrics = CountedMetrics()
        super().__init__(
            bus, EventProducer(bus, ORIGIN, metrics), metrics, group="book", member=member, retries_s=retries_s, **given
        )
        self.book, self.until = book, until
        self.begun = asyncio.Event()

    @event_handler("price.tick")
    async def note(self, event):
        self.begun.set()
        if self.until is not None:
            await self.until.wait()
        if event.data.size < 0 and not self.forgiving:
            raise ValueError("a size below nothing")
        self.book.append(event)


def on(kafka, work):
    """Runs an async function with a bus on topics of its own."""

    async def run():
        place = KafkaPlace(f"kafka://{kafka.places}", prefix=next(prefixes))
        names = ["price.ticks", "price.ticks.dlq"]
        await make_topics(place, replicas=1, in_sync_min=1, names=names, patience_s=PATIENCE_S)
        bus = KafkaBus(place, patience_s=5)
        try:
            return await asyncio.wait_for(work(bus), PATIENCE_S)
        finally:
            await bus.close()

    return asyncio.run(run())


async def until(true):
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await asyncio.sleep(0.02)


def test_members_that_join_and_leave_leave_nothing_unhandled_and_nothing_committed_early(kafka):
    events = [tick(i, TOKENS[i % len(TOKENS)]) for i in range(600)]
    book = []

    async def work(bus):
        never = asyncio.Event()
        stuck = Booking(book, bus, "stuck", until=never)
        held_up = asyncio.create_task(stuck.run())
        await bus.publish(events[:200])
        await stuck.begun.wait()  # it has taken events in and finishes none
        one = Booking(book, bus, "one")
        running = asyncio.create_task(one.run())
        await one.subscribed.wait()
        await bus.publish(events[200:400])
        held_up.cancel()  # it dies with what it had in hand
        await asyncio.gather(held_up, return_exceptions=True)
        await until(lambda: len({e.event_id for e in book}) == 400)
        other = Booking(book, bus, "other")
        also = asyncio.create_task(other.run())
        await other.subscribed.wait()
        one.stop()
        await bus.publish(events[400:])
        await running
        await until(lambda: len({e.event_id for e in book}) == 600)
        other.stop()
        await also
        left = await bus.subscribe("book", ["price.ticks"], "last")
        return await left.receive(10, 1.0), sum((await left.lag()).values())

    left, lag = on(kafka, work)
    assert (left, lag) == ([], 0)
    for token in TOKENS:
        handled = [e.event_id for e in book if e.token == token]
        assert list(dict.fromkeys(handled)) == [e.event_id for e in events if e.token == token]


def test_an_event_published_while_the_broker_is_down_is_handled_once_when_it_is_back(kafka):
    book = []

    async def work(bus):
        consumer = Booking(book, bus, "m", retries_s=(1.0, 2.0, 4.0))
        running = asyncio.create_task(consumer.run())
        await consumer.subscribed.wait()
        producer = EventProducer(bus, ORIGIN, CountedMetrics(), retries_s=(1.0, 2.0, 4.0, 8.0, 16.0))
        tick_of = {"symbol": "A", "price": 1.0, "size": 1.0}
        await producer.publish("price.tick", tick_of)
        await until(lambda: len(book) == 1)
        await asyncio.to_thread(kafka.members[0].kill)
        publishing = asyncio.create_task(producer.publish("price.tick", tick_of))
        await asyncio.to_thread(lambda: kafka.members[0].start().wait())
        await publishing
        await producer.publish("price.tick", tick_of)
        await until(lambda: len(book) >= 3)
        consumer.stop()
        await running

    on(kafka, work)
    assert list(Counter(e.event_id for e in book).values()) == [1, 1, 1]


def test_a_poisoned_event_and_bytes_that_are_none_are_put_aside_and_sent_again_by_hand(kafka):
    book = []
    bad = tick(1, "A")
    bad = tick(1, "A", data=type(bad.data)(symbol="A", price=1.0, size=-1.0))

    async def work(bus):
        consumer = Booking(book, bus, "m", retries_s=(0.0, 0.0))
        running = asyncio.create_task(consumer.run())
        await consumer.subscribed.wait()
        await bus.publish([tick(0, "A"), bad])
        bus._open_producer().produce(bus.place.prefix + "price.ticks", b"{", partition=0)
        await bus.publish([tick(2, "A")])
        await until(lambda: len(book) == 2)
        reading = DeadLetters(bus, EventProducer(bus, ORIGIN, CountedMetrics(), retries_s=()), "price.ticks")
        async with asyncio.timeout(PATIENCE_S):
            while len(letters := await reading.read()) < 2:
                await asyncio.sleep(0.1)
        consumer.forgiving = True
        with contextlib.suppress(BadInput):  # nobody made the topic that services are told of on
            await reading.send_again(letters, "ann")
        await until(lambda: len(book) == 3)
        left = await reading.read()
        consumer.stop()
        await running
        return letters, left

    letters, left = on(kafka, work)
    assert [e.event_id for e in book] == [tick(0).event_id, tick(2).event_id, bad.event_id]
    unreadable, poisoned = sorted((letter.data for letter in letters), key=lambda data: data.attempts)
    assert (unreadable.attempts, unreadable.raw, "no event" in unreadable.reason) == (1, b"{", True)
    assert (poisoned.attempts, poisoned.reason) == (3, "ValueError: a size below nothing")
    assert [letter.data for letter in left] == [unreadable], "what is no event cannot be sent again"


def test_a_lane_that_is_stuck_for_longer_than_a_member_may_be_silent_keeps_its_partitions(kafka, monkeypatch):
    monkeypatch.setattr("tradewind.messaging.consumer.ALIVE_S", 0.5)
    monkeypatch.setitem(RECEIVING, "max.poll.interval.ms", 6_000)
    monkeypatch.setitem(RECEIVING, "session.timeout.ms", 6_000)
    book, gate = [], asyncio.Event()

    async def work(bus):
        consumer = Booking(book, bus, "full", until=gate, in_hand_max=5)
        running = asyncio.create_task(consumer.run())
        await consumer.subscribed.wait()
        await bus.publish([tick(i, "A") for i in range(40)])
        await consumer.begun.wait()
        await asyncio.sleep(9)  # the broker's clock cannot be turned
        assert consumer._lanes.in_hand == 5
        gate.set()
        await until(lambda: len(book) >= 40)
        consumer.stop()
        await running

    on(kafka, work)
    assert [e.event_id for e in book] == [tick(i).event_id for i in range(40)], "each once: it never left its group"


def test_a_topic_that_is_not_there_is_named_with_what_to_do(kafka):
    kind = EVENT_TYPES["audit.recorded"]
    record = kind.payload(actor="ann", action="approve", target="p1", allowed=True)

    async def work(bus):
        with pytest.raises(BadInput, match=r"audit\.log is not there.*tradewind topics --make"):
            await bus.subscribe("g", ["audit.log"], "m")
        with pytest.raises(BadInput, match=r"not there.*tradewind topics --make"):
            await bus.publish([tick(1, type=kind.name, token="ann", data=record)])
        await bus.publish([tick(2)])  # what it can publish it still does
        subscription = await bus.subscribe("g", ["price.ticks"], "m")
        return [d.event for d in await subscription.receive(5, PATIENCE_S)]

    assert on(kafka, work) == [tick(2)]


def test_a_call_of_more_events_than_the_client_has_room_for_keeps_their_order(kafka, monkeypatch):
    monkeypatch.setitem(PUBLISHING, "queue.buffering.max.messages", 50)
    events = [tick(i, TOKENS[i % 3]) for i in range(1_000)]

    async def work(bus):
        await bus.publish(events)
        return [d.event async for some in bus.kept(["price.ticks"]) for d in some]

    found = on(kafka, work)
    for token in TOKENS[:3]:
        assert [e for e in found if e.token == token] == [e for e in events if e.token == token]


def test_a_call_that_waits_for_room_on_a_bus_that_is_closed_comes_to_an_end(kafka, monkeypatch):
    monkeypatch.setitem(PUBLISHING, "queue.buffering.max.messages", 50)

    async def work(bus):
        publishing = asyncio.create_task(bus.publish([tick(i, TOKENS[i % 3]) for i in range(1_000)]))
        await asyncio.sleep(0)
        assert not publishing.done()
        await bus.close()
        with pytest.raises(Unavailable, match="closed"):
            await publishing

    on(kafka, work)


def test_what_a_stranger_published_in_a_transaction_can_be_looked_at_to_its_end(kafka):
    from confluent_kafka import Producer

    async def work(bus):
        def strange():
            producer = Producer({"bootstrap.servers": kafka.places, "transactional.id": "stranger"})
            producer.init_transactions(PATIENCE_S)
            producer.begin_transaction()
            producer.produce(bus.place.prefix + "price.ticks", encode(tick(2, "A")), b"A", partition_of("A", 10))
            producer.commit_transaction(PATIENCE_S)

        await bus.publish([tick(1, "A")])
        await asyncio.to_thread(strange)
        return [d.event async for some in bus.kept(["price.ticks"]) for d in some]

    assert on(kafka, work) == [tick(1, "A"), tick(2, "A")], "the mark at the end of the transaction is no event"


def test_more_than_a_thousand_events_a_second_go_through_a_handler(kafka):
    events = [tick(i, TOKENS[i % len(TOKENS)]) for i in range(10_000)]
    book = []

    async def work(bus):
        consumer = Booking(book, bus, "m")
        running = asyncio.create_task(consumer.run())
        await consumer.subscribed.wait()
        started = time.process_time()
        for start in range(0, len(events), 1_000):
            await bus.publish(events[start : start + 1_000])
        await until(lambda: len(book) == len(events))
        worked = time.process_time() - started
        consumer.stop()
        await running
        return worked

    # The processor's time, not the clock's: that does not depend on what else the machine does. A hundredth is usual.
    assert on(kafka, work) < 10.0


def test_a_setting_that_has_drifted_is_set_right_and_another_number_of_replicas_is_not_forced(kafka):
    name = "risk.alerts"
    one = {"replicas": 1, "patience_s": PATIENCE_S, "names": [name]}

    async def work(bus):
        made = await make_topics(bus.place, in_sync_min=2, **one)
        changed = await make_topics(bus.place, in_sync_min=1, **one)
        again = await make_topics(bus.place, in_sync_min=1, **one)
        with pytest.raises(Disputed, match="has 1 replicas, and 3 are wanted"):
            await make_topics(bus.place, names=[name], patience_s=PATIENCE_S)
        return made, changed, again, await describe_topics(bus.place, patience_s=PATIENCE_S)

    made, changed, again, found = on(kafka, work)
    assert (made.made, made.changed) == ((name,), ())
    assert (changed.made, changed.changed) == ((), (name,))
    assert (again.made, again.changed) == ((), ())
    assert found[name] == wanted_topics(1, 1)[name]
