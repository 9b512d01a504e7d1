"""The bus in one process: restarts, silence, and a limit."""

import asyncio

import pytest
from event_examples import tick

from tradewind.adapters.bus.memory_bus import MemoryBus
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.core.domain.events.event_types import EVENT_TYPES

TICKS = ["price.ticks"]


def numbers(deliveries):
    return [int(d.event.event_id[-12:]) for d in deliveries]


def test_after_a_restart_a_group_goes_on_where_it_had_committed(tmp_path):
    async def work():
        store = SqliteEventStore(tmp_path / "events.db")
        bus = MemoryBus(store)
        subscription = await bus.subscribe("g", TICKS, "m")
        await bus.publish([tick(i, f"COIN{i % 3}") for i in range(12)])
        first = await subscription.receive(100, 1.0)
        done = [d for d in first if d.event.token == "COIN0"]
        await subscription.commit({d.place: d.offset + 1 for d in done})
        await store.close()  # as a kill would leave it

        store = SqliteEventStore(tmp_path / "events.db")
        bus = MemoryBus(store)
        await bus.publish([tick(20, "COIN1")])
        again = await (await bus.subscribe("g", TICKS, "m")).receive(100, 1.0)
        late = await (await bus.subscribe("new", TICKS, "m")).receive(100, 1.0)
        await store.close()
        return numbers(again), numbers(late)

    again, late = asyncio.run(work())
    assert set(again) >= {i for i in range(12) if i % 3} | {20}
    assert set(late) == {*range(12), 20}


def test_events_published_while_a_group_is_loaded_come_once_and_after_the_older_ones(tmp_path):
    async def work():
        store = SqliteEventStore(tmp_path / "events.db")
        bus = MemoryBus(store)
        await bus.publish([tick(i, "A") for i in range(12_000)])
        opening = asyncio.create_task(bus.subscribe("g", TICKS, "m"))
        number = 12_000
        while not opening.done():
            await bus.publish([tick(number, "A")])
            number += 1
        subscription = await opening
        found = []
        while len(found) < number:
            found += await subscription.receive(5_000, 1.0)
        await store.close()
        return number, numbers(found)

    number, found = asyncio.run(work())
    assert number > 12_000, "something was published meanwhile"
    assert found == list(range(number))


@pytest.mark.parametrize("own", [0, 1, 3])
def test_what_another_process_stores_comes_too_in_its_order_and_is_not_passed_over_after_a_kill(tmp_path, own):
    """A feed and the services are two processes over one store."""

    async def work():
        stores = [SqliteEventStore(tmp_path / "events.db") for _ in range(2)]
        feed, bus = (MemoryBus(store) for store in stores)
        subscription = await bus.subscribe("g", TICKS, "m")
        await feed.publish([tick(i, "A") for i in range(10)])
        await bus.publish([tick(10 + i, "A") for i in range(own)])
        first = (await subscription.receive(4, 0.05))[:4]
        await subscription.commit({first[-1].place: first[-1].offset + 1})
        await feed.publish([tick(10 + own, "A")])
        again = MemoryBus(stores[1])  # as after a kill
        rest = await (await again.subscribe("g", TICKS, "m")).receive(100, 0.05)
        for store in stores:
            await store.close()
        return numbers(first), numbers(rest)

    first, rest = asyncio.run(work())
    assert first == list(range(4))
    assert rest == list(range(4, 10 + own + 1))


def test_what_has_no_room_in_memory_waits_in_the_store(tmp_path):
    async def work():
        store = SqliteEventStore(tmp_path / "events.db")
        bus = MemoryBus(store, waiting_max=10)
        subscription = await bus.subscribe("g", TICKS, "m")
        for i in range(40):
            await bus.publish([tick(i, "A")])
        assert bus._groups["g"].waiting <= 10
        lag = [sum((await subscription.lag()).values())]
        found = []
        while some := await subscription.receive(100, 0.05):
            found += some
            await subscription.commit({some[-1].place: some[-1].offset + 1})
        lag.append(sum((await subscription.lag()).values()))
        await store.close()
        return numbers(found), lag

    assert asyncio.run(work()) == (list(range(40)), [40, 0])


def test_a_member_that_falls_silent_loses_its_partitions_to_the_others():
    now = [0.0]

    async def work():
        bus = MemoryBus(clock=lambda: now[0], silence_s_max=30.0)
        silent = await bus.subscribe("g", TICKS, "silent")
        other = await bus.subscribe("g", TICKS, "other")
        await bus.publish([tick(i, f"COIN{i}") for i in range(20)])
        taken = await silent.receive(100, 0.1)
        first = await other.receive(100, 0.1)
        assert taken
        now[0] = 31.0
        rest = await other.receive(100, 0.1)
        assert not silent.assigned()
        return numbers(taken), numbers(first), numbers(rest)

    taken, first, rest = asyncio.run(work())
    assert sorted(taken + first) == list(range(20))
    assert sorted(rest) == sorted(taken)


def test_publishing_waits_while_too_much_waits_for_a_group():
    async def work():
        bus = MemoryBus(waiting_max=10)
        subscription = await bus.subscribe("g", TICKS, "m")
        await bus.publish([tick(i, "A") for i in range(10)])
        publishing = asyncio.create_task(bus.publish([tick(10, "A")]))
        done, _ = await asyncio.wait([publishing], timeout=0.1)
        assert not done
        deliveries = await subscription.receive(5, 1.0)
        await subscription.commit({deliveries[0].place: 5})
        await asyncio.wait_for(publishing, 5)
        return numbers(await subscription.receive(100, 1.0))

    assert asyncio.run(work()) == [5, 6, 7, 8, 9, 10]


def test_who_waits_for_room_on_a_bus_that_is_closed_is_told_that_nothing_was_published():
    async def work():
        bus = MemoryBus(waiting_max=1)
        await bus.subscribe("g", TICKS, "m")
        await bus.publish([tick(1)])
        waiting = asyncio.create_task(bus.publish([tick(2)]))
        await asyncio.sleep(0)
        assert not waiting.done()
        await bus.close()
        with pytest.raises(Unavailable, match="closed"):
            await asyncio.wait_for(waiting, 20)

    asyncio.run(work())


def test_a_group_has_one_set_of_topics():
    async def work():
        bus = MemoryBus()
        await bus.subscribe("g", TICKS, "m")
        with pytest.raises(BadInput, match="other topics"):
            await bus.subscribe("g", ["market.candles"], "n")

    asyncio.run(work())


def test_what_a_cancelled_publish_has_stored_still_comes_and_in_its_order(tmp_path):
    async def work():
        store = SqliteEventStore(tmp_path / "events.db")
        bus = MemoryBus(store)
        subscription = await bus.subscribe("g", TICKS, "m")
        append = store.append

        async def stores_and_is_cancelled(events):
            await append(events)
            raise asyncio.CancelledError

        await bus.publish([tick(0, "A")])
        store.append = stores_and_is_cancelled
        with pytest.raises(asyncio.CancelledError):
            await bus.publish([tick(1, "A")])
        store.append = append
        await bus.publish([tick(2, "A")])
        found = []
        async with asyncio.timeout(30):
            while len(found) < 3:
                found += await subscription.receive(9, 0.1)
        await subscription.commit({("price.ticks", found[0].partition): found[-1].offset + 1})
        await store.close()
        return numbers(found)

    assert asyncio.run(work()) == [0, 1, 2]


def test_without_a_store_who_publishes_does_not_wait_for_a_group_that_nobody_is_in():
    async def work():
        bus = MemoryBus(waiting_max=3)
        subscription = await bus.subscribe("left behind", TICKS, "m")
        await subscription.close()
        await bus.publish([tick(i, "A") for i in range(3)])
        with pytest.raises(Unavailable, match="'left behind', which has no members"):
            await bus.publish([tick(3, "A")])

    asyncio.run(work())


def test_a_group_that_all_have_left_takes_no_memory_and_goes_on_from_the_store(tmp_path):
    async def work():
        store = SqliteEventStore(tmp_path / "events.db")
        bus = MemoryBus(store)
        for round_ in range(3):
            subscription = await bus.subscribe("g", TICKS, f"m{round_}")
            await bus.publish([tick(i, "A") for i in range(10 * round_, 10 * round_ + 10)])
            got = []
            while len(got) < 10:
                got += await subscription.receive(10, 1.0)
            await subscription.commit({got[0].place: got[-1].offset + 1})
            await subscription.close()
            assert numbers(got) == list(range(10 * round_, 10 * round_ + 10))
            assert not bus._groups
        await store.close()

    asyncio.run(work())


def test_a_member_taken_for_dead_whose_group_was_begun_anew_joins_the_new_one(tmp_path):
    async def work():
        store = SqliteEventStore(tmp_path / "events.db")
        bus = MemoryBus(store)
        one = await bus.subscribe("g", TICKS, "one")
        bus._groups["g"].leave("one")  # as another member does that does not hear of it
        bus._groups.pop("g")
        other = await bus.subscribe("g", TICKS, "other")
        await one.receive(1, 0.0)
        shared = one.assigned(), other.assigned()
        lost = one.lost()
        await store.close()
        return *shared, lost

    one, other, lost = asyncio.run(work())
    assert one
    assert other
    assert not one & other
    assert len(one | other) == len(lost) == 10


def test_what_the_store_holds_of_a_topic_that_is_gone_is_passed_over_and_what_follows_comes(tmp_path, caplog):
    kind = EVENT_TYPES["event.revived"]
    lost = kind.payload(topic="price.gone", group="g", letter="1", original="{}", actor="ann")

    async def work():
        store = SqliteEventStore(tmp_path / "events.db")
        try:
            await store.append([tick(1), tick(2, type=kind.name, data=lost), tick(3)])
            bus = MemoryBus(store)
            subscription = await bus.subscribe("g", ["price.ticks"], "m")
            found = [d.event for d in await subscription.receive(9, 20)]
            kept = [d.event async for some in bus.kept(["price.ticks"]) for d in some]
            return found, kept, await subscription.lag()
        finally:
            await store.close()

    found, kept, lag = asyncio.run(work())
    assert found == kept == [tick(1), tick(3)]
    assert sum(lag.values()) == 2
    assert "price.gone" in caplog.text
