"""Three real brokers, one of which dies: what was acknowledged is there, each token in its order."""

import asyncio

import pytest
from event_examples import tick
from tests.servers.kafka import kafka_brokers

from tradewind.adapters.bus.kafka_bus import KafkaBus
from tradewind.adapters.bus.kafka_place import KafkaPlace
from tradewind.adapters.bus.kafka_topics import describe_topics, make_topics, wanted_topics
from tradewind.core.domain.errors import Unavailable
from tradewind.core.domain.events.topics import DAY_NS, TOPICS

PATIENCE_S = 60.0
# A broker is taken for dead after 9 seconds otherwise; a test need not wait for that.
QUICK = {
    "broker.session.timeout.ms": "5000",
    "broker.heartbeat.interval.ms": "1000",
    "offsets.topic.num.partitions": "4",
}
TOKENS = [f"COIN{i}/USDT" for i in range(10)]
BATCH = 50


@pytest.fixture(scope="module")
def three():
    brokers = kafka_brokers(3, settings=QUICK, heap_mb=192)
    yield brokers
    brokers.remove()


@pytest.fixture(scope="module")
def place(three):
    found = KafkaPlace(f"kafka://{three.places}")
    asyncio.run(make_topics(found, patience_s=PATIENCE_S))
    return found


def test_the_topics_are_as_the_catalogue_says_and_making_them_again_does_nothing(place):
    async def work():
        return await describe_topics(place, patience_s=PATIENCE_S), await make_topics(place, patience_s=PATIENCE_S)

    found, again = asyncio.run(work())
    assert found == wanted_topics()
    assert (again.made, again.changed) == ((), ())
    assert set(found) == {name for topic in TOPICS.values() for name in (topic.name, topic.dead_letters)}
    ticks, audit = found["price.ticks"], found["audit.log"]
    assert (ticks.partitions, ticks.replicas, ticks.in_sync_min, ticks.retention_ms) == (10, 3, 2, DAY_NS // 10**6)
    assert audit.retention_ms == -1


def test_one_of_three_killed_under_load_loses_nothing_that_was_acknowledged(three, place):
    acknowledged = []

    async def publish(bus, enough):
        while len(acknowledged) < enough:
            start = len(acknowledged)
            events = [tick(i, TOKENS[i % len(TOKENS)]) for i in range(start, start + BATCH)]
            try:
                await bus.publish(events)
            except Unavailable:
                continue  # it is not known whether they are there: the same ones again
            acknowledged.extend(events)

    async def until_all(subscription, seen):
        async with asyncio.timeout(PATIENCE_S):
            while not {e.event_id for e in acknowledged} <= seen.keys():
                for delivery in await subscription.receive(500, 1.0):
                    seen.setdefault(delivery.event.event_id, delivery.event)

    async def work():
        bus = KafkaBus(place, patience_s=20)
        live, later = {}, {}
        try:
            watching = await bus.subscribe("watching", ["price.ticks"], "m")
            await publish(bus, 1_000)
            load = asyncio.create_task(publish(bus, 4_000))
            await asyncio.to_thread(three.members[0].kill)
            killed_at = len(acknowledged)
            await load
            await until_all(watching, live)
            await until_all(await bus.subscribe("later", ["price.ticks"], "m"), later)
        finally:
            await bus.close()
            await asyncio.to_thread(lambda: three.members[0].start().wait())
        return killed_at, live, later

    killed_at, live, later = asyncio.run(work())
    assert 1_000 <= killed_at < 4_000
    for seen in (live, later):
        for token in TOKENS:
            first_seen = [e for e in seen.values() if e.token == token]
            assert first_seen == [e for e in acknowledged if e.token == token]
