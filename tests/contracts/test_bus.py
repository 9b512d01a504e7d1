"""What every bus does."""

import asyncio
from itertools import count

import pytest
from event_examples import tick, unreadable

from tradewind.adapters.bus.kafka_bus import KafkaBus
from tradewind.adapters.bus.kafka_place import KafkaPlace
from tradewind.adapters.bus.kafka_topics import make_topics
from tradewind.adapters.bus.memory_bus import MemoryBus
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.core.domain.events.partitioning import partition_of

TICKS = ["price.ticks"]
SYMBOLS = [f"COIN{i}/USDT" for i in range(12)]


NAMES = ["price.ticks", "price.ticks.dlq", "market.candles"]
prefixes = (f"contract-{number}." for number in count())


@pytest.fixture(params=["memory", "memory over a store", "kafka"])
def opened(request, tmp_path):
    """Runs an async function with a fresh bus."""
    brokers = request.getfixturevalue("kafka") if request.param == "kafka" else None

    def with_bus(work):
        async def run():
            store = SqliteEventStore(tmp_path / "events.db") if request.param == "memory over a store" else None
            if brokers is None:
                bus = MemoryBus(store)
            else:
                place = KafkaPlace(f"kafka://{brokers.places}", prefix=next(prefixes))
                await make_topics(place, replicas=1, in_sync_min=1, names=NAMES, patience_s=30)
                bus = KafkaBus(place, patience_s=30)
            try:
                return await asyncio.wait_for(work(bus), 60)
            finally:
                await bus.close()
                if store is not None:
                    await store.close()

        return asyncio.run(run())

    return with_bus


async def receive(subscription, count, at_most=7):
    """At least `count` deliveries."""
    found = []
    while len(found) < count:
        some = await subscription.receive(at_most, 30.0)
        assert some, f"{len(found)} of {count} came"
        found += some
    return found


def after(deliveries):
    """What to commit when these are dealt with."""
    offsets = {}
    for d in deliveries:
        offsets[d.place] = max(offsets.get(d.place, 0), d.offset + 1)
    return offsets


def made(count):
    return [tick(i, SYMBOLS[i % len(SYMBOLS)]) for i in range(count)]


def test_a_group_receives_what_is_published_in_order_for_each_token(opened):
    async def work(bus):
        subscription = await bus.subscribe("g", TICKS, "m")
        for start in range(0, 120, 30):
            await bus.publish(made(120)[start : start + 30])
        return await receive(subscription, 120)

    deliveries = opened(work)
    for symbol in SYMBOLS:
        mine = [d for d in deliveries if d.event.token == symbol]
        assert [d.event for d in mine] == [e for e in made(120) if e.token == symbol]
        assert {d.place for d in mine} == {("price.ticks", partition_of(symbol, 10))}
    for place in {d.place for d in deliveries}:
        offsets = [d.offset for d in deliveries if d.place == place]
        assert offsets == sorted(set(offsets))


def test_every_group_receives_everything(opened):
    async def work(bus):
        subscriptions = [await bus.subscribe(name, TICKS, "m") for name in ("one", "other")]
        await bus.publish(made(20))
        return [{d.event.event_id for d in await receive(s, 20)} for s in subscriptions]

    one, other = opened(work)
    assert one == other == {e.event_id for e in made(20)}


def test_a_group_receives_only_its_topics(opened):
    kind = EVENT_TYPES["candle.closed"]
    candle = tick(
        1, type=kind.name,
        data=kind.payload(symbol="X", timeframe="1m", time=1, open=1.0, high=1.0, low=1.0, close=1.0, volume=1.0),
    )  # fmt: skip

    async def work(bus):
        subscription = await bus.subscribe("g", ["market.candles"], "m")
        await bus.publish([tick(0), candle, tick(2)])
        return [d.event for d in await receive(subscription, 1)] + await subscription.receive(10, 0.1)

    assert opened(work) == [candle]


def test_members_share_the_partitions_and_each_event_goes_to_one(opened):
    async def work(bus):
        one = await bus.subscribe("g", TICKS, "one")
        other = await bus.subscribe("g", TICKS, "other")
        while not (one.assigned() and other.assigned() and len(one.assigned() | other.assigned()) == 10):
            await one.receive(1, 0.1)
            await other.receive(1, 0.1)
        assert not one.assigned() & other.assigned()
        await bus.publish(made(60))
        found = [[], []]
        while sum(map(len, found)) < 60:
            found[0] += await one.receive(10, 0.2)
            found[1] += await other.receive(10, 0.2)
        return found

    found = opened(work)
    assert all(found)
    assert sorted(d.event.event_id for some in found for d in some) == [e.event_id for e in made(60)]


def test_what_was_not_committed_goes_to_the_next_member_and_what_was_does_not(opened):
    async def work(bus):
        first = await bus.subscribe("g", TICKS, "first")
        await bus.publish([tick(i, "A") for i in range(10)])
        deliveries = await receive(first, 10, 10)
        await first.commit(after(deliveries[:4]))
        await first.close()
        second = await bus.subscribe("g", TICKS, "second")
        return await receive(second, 6, 10) + await second.receive(10, 0.1)

    assert [d.event for d in opened(work)] == [tick(i, "A") for i in range(4, 10)]


def test_a_place_that_went_to_another_member_cannot_be_committed(opened):
    async def work(bus):
        first = await bus.subscribe("g", TICKS, "first")
        await bus.publish([tick(1, "A")])
        deliveries = await receive(first, 1)
        await first.close()
        with pytest.raises(Unavailable):
            await first.commit(after(deliveries))
        second = await bus.subscribe("g", TICKS, "second")
        return len(await receive(second, 1))

    assert opened(work) == 1


def test_the_lag_is_what_is_not_committed(opened):
    async def work(bus):
        subscription = await bus.subscribe("g", TICKS, "m")
        await bus.publish([tick(i, "A") for i in range(9)])
        deliveries = await receive(subscription, 9, 9)
        before = sum((await subscription.lag()).values())
        await subscription.commit(after(deliveries[:5]))
        return before, sum((await subscription.lag()).values())

    assert opened(work) == (9, 4)


def test_nothing_comes_when_there_is_nothing(opened):
    async def work(bus):
        subscription = await bus.subscribe("g", TICKS, "m")
        return await subscription.receive(5, 0.05)

    assert opened(work) == []


def test_what_is_no_event_is_refused_and_none_of_its_call_is_delivered(opened):
    async def work(bus):
        subscription = await bus.subscribe("g", TICKS, "m")
        with pytest.raises(BadInput, match="price"):
            await bus.publish([tick(1), unreadable(2)])
        with pytest.raises(BadInput, match="no topic"):
            await bus.subscribe("h", ["price.tick"], "m")
        return await subscription.receive(5, 0.1)

    assert opened(work) == []


def test_what_names_a_topic_that_is_not_there_is_refused_and_none_of_its_call_is_delivered(opened):
    kind = EVENT_TYPES["event.revived"]
    lost = kind.payload(topic="price.tikcs", group="g", letter="1", original="{}", actor="ann")

    async def work(bus):
        subscription = await bus.subscribe("g", TICKS, "m")
        with pytest.raises(BadInput, match="no topic"):
            await bus.publish([tick(1), tick(2, type=kind.name, data=lost)])
        await bus.publish([tick(3)])
        return await receive(subscription, 1) + await subscription.receive(5, 0.1)

    assert [d.event for d in opened(work)] == [tick(3)]


def test_a_closed_bus_says_so(opened):
    async def work(bus):
        await bus.close()
        with pytest.raises(Unavailable, match="closed"):
            await bus.publish([tick(1)])
        with pytest.raises(Unavailable, match="closed"):
            await bus.subscribe("g", TICKS, "m")

    opened(work)


def test_what_is_kept_can_be_looked_at_without_a_group_and_stays(opened):
    async def work(bus):
        subscription = await bus.subscribe("g", TICKS, "m")
        await bus.publish(made(30))
        await subscription.commit(after(await receive(subscription, 30)))
        await bus.publish([tick(i, SYMBOLS[i % len(SYMBOLS)]) for i in range(30, 40)])
        found = [[d async for some in bus.kept(TICKS) for d in some] for _ in range(2)]
        nothing = [d async for some in bus.kept(["price.ticks.dlq"]) for d in some]
        with pytest.raises(BadInput, match="no topic"):
            [d async for some in bus.kept(["price.tick"]) for d in some]
        return found, nothing

    found, nothing = opened(work)
    assert nothing == []
    if found[0]:  # a bus without a store keeps nothing
        assert found[0] == found[1] or sorted(map(repr, found[0])) == sorted(map(repr, found[1]))
        for symbol in SYMBOLS:
            numbers = [int(d.event.event_id[-12:]) for d in found[0] if d.event.token == symbol]
            assert numbers == [i for i in range(40) if SYMBOLS[i % len(SYMBOLS)] == symbol]


def test_who_asks_for_nothing_is_given_nothing_and_later_all_of_it(opened):
    async def work(bus):
        subscription = await bus.subscribe("g", TICKS, "m")
        await bus.publish([tick(0, "A")])
        first = await receive(subscription, 1)
        await bus.publish([tick(i, "A") for i in range(1, 9)])
        for _ in range(3):
            assert await subscription.receive(0, 0.0) == []
        return first + await receive(subscription, 8)

    assert [d.event for d in opened(work)] == [tick(i, "A") for i in range(9)]


def test_a_member_hears_which_places_were_taken_from_it(opened):
    async def work(bus):
        one = await bus.subscribe("g", TICKS, "one")
        while len(one.assigned()) < 10:
            await one.receive(1, 0.1)
        assert one.lost() == frozenset()
        other = await bus.subscribe("g", TICKS, "other")
        while len(one.assigned() | other.assigned()) < 10 or not other.assigned():
            await one.receive(1, 0.1)
            await other.receive(1, 0.1)
        lost = one.lost()
        assert other.assigned() <= lost
        assert one.lost() == frozenset(), "each is told once"
        return other.lost()

    assert opened(work) == frozenset()
