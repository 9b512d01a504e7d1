"""Consumers: order, concurrency, retries, dead letters, and one effect for each event."""

import asyncio
from collections import defaultdict

import pytest
from event_examples import tick

from tradewind.adapters.bus.memory_bus import MemoryBus
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.messaging.consumer import EventConsumer
from tradewind.messaging.dead_letters import DeadLetters
from tradewind.messaging.handlers import event_handler
from tradewind.messaging.producer import EventProducer, Origin
from tradewind.ports.bus import Delivery

ORIGIN = Origin("home", "test", "paper")


class Slept:
    """A sleep that only notes how long it would have been."""

    def __init__(self):
        self.seconds = []

    async def __call__(self, seconds):
        self.seconds.append(seconds)
        await asyncio.sleep(0)


class Books(EventConsumer):
    """Notes what it handles; what it does at each event can be set."""

    def __init__(self, *args, does=None, **given):
        self.seen = defaultdict(list)
        self.does = does
        super().__init__(*args, **given)

    @event_handler("price.tick")
    async def book(self, event):
        if self.does is not None:
            await self.does(event)
        self.seen[event.token].append(number(event))


def number(event):
    return int(event.event_id[-12:])


class Shared:
    """What was handled, known to several consumers."""

    def __init__(self):
        self.ids = set()

    async def has(self, event_id):
        return event_id in self.ids

    async def note(self, event_id):
        self.ids.add(event_id)


class Desk:
    """A bus, and what is needed to make consumers on it."""

    def __init__(self, bus=None):
        self.bus = bus or MemoryBus()
        self.metrics, self.slept = CountedMetrics(), Slept()
        self.producer = EventProducer(self.bus, ORIGIN, self.metrics, sleep=self.slept)
        self.running = []

    async def start(self, does=None, member="m", **given):
        made = Books(
            self.bus, self.producer, self.metrics, group="books", member=member, does=does, sleep=self.slept, **given
        )
        self.running.append((made, asyncio.create_task(made.run())))
        await asyncio.wait_for(made.subscribed.wait(), 20)
        return made

    async def until(self, condition):
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.005)

    async def stop(self):
        for made, _ in self.running:
            made.stop()
        await asyncio.wait_for(asyncio.gather(*(task for _, task in self.running)), 20)


def handled(books):
    return sum(map(len, books.seen.values()))


def test_each_token_is_handled_in_order_and_many_at_once():
    at_once = []

    async def work():
        desk, open_ = Desk(), set()

        async def does(event):
            assert event.token not in open_, "one token's events are handled one after the other"
            open_.add(event.token)
            at_once.append(len(open_))
            await asyncio.sleep(0.001)
            open_.discard(event.token)

        books = await desk.start(does)
        await desk.bus.publish([tick(i, f"COIN{i % 8}") for i in range(200)])
        await desk.until(lambda: handled(books) == 200)
        await desk.stop()
        return books.seen

    seen = asyncio.run(work())
    assert all(numbers == sorted(numbers) for numbers in seen.values())
    assert max(at_once) > 3


def test_a_slow_token_does_not_delay_the_others():
    async def work():
        desk, gate = Desk(), asyncio.Event()

        async def does(event):
            if event.token == "SLOW":
                await gate.wait()

        books = await desk.start(does)
        await desk.bus.publish([tick(0, "SLOW"), *(tick(i, "FAST") for i in range(1, 50))])
        await desk.until(lambda: len(books.seen["FAST"]) == 49)
        assert books.seen["SLOW"] == []
        gate.set()
        await desk.until(lambda: handled(books) == 50)
        await desk.stop()

    asyncio.run(work())


def test_a_failing_event_is_tried_with_longer_and_longer_waits_then_put_aside_and_the_next_is_handled():
    async def work():
        desk = Desk()

        async def does(event):
            if number(event) == 1:
                raise ValueError("it will not do")

        books = await desk.start(does)
        await desk.bus.publish([tick(i, "A") for i in range(3)])
        await desk.until(lambda: handled(books) == 2)
        await desk.stop()
        letters = await DeadLetters(desk.bus, "price.ticks", "person").read()
        return books, desk, letters

    books, desk, _ = asyncio.run(work())
    assert books.seen["A"] == [0, 2]
    assert desk.slept.seconds == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert desk.metrics.total("messages_failed") == 6
    assert desk.metrics.total("messages_dead") == 1
    assert desk.metrics.total("messages_consumed") == 2


def test_a_dead_letter_says_what_was_wrong_and_sent_again_it_is_handled_once():
    async def work():
        desk, broken = Desk(), [True]
        letters = DeadLetters(desk.bus, "price.ticks", "person")
        assert await letters.read() == []

        async def does(event):
            if number(event) == 1 and broken[0]:
                raise ValueError("it will not do")

        books = await desk.start(does)
        await desk.bus.publish([tick(i, "A") for i in range(3)])
        await desk.until(lambda: handled(books) == 2)
        found = await letters.read()
        broken[0] = False
        assert await letters.send_again() == 1
        await desk.until(lambda: handled(books) == 3)
        assert await letters.send_again() == 0
        await desk.stop()
        return books, found

    books, (letter,) = asyncio.run(work())
    assert books.seen["A"] == [0, 2, 1]
    assert (letter.attempts, letter.group, letter.topic) == (6, "books", "price.ticks")
    assert "ValueError: it will not do" in letter.reason
    assert tick(1, "A").event_id in letter.original


def test_what_a_handler_refuses_is_not_tried_again():
    async def work():
        desk = Desk()

        async def does(event):
            raise BadInput("this will never do")

        await desk.start(does)
        await desk.bus.publish([tick(1, "A")])
        await desk.until(lambda: desk.metrics.total("messages_dead") == 1)
        await desk.stop()
        return desk

    assert asyncio.run(work()).slept.seconds == []


def test_an_event_that_comes_twice_has_one_effect():
    async def work():
        desk = Desk()
        books = await desk.start()
        await desk.bus.publish([tick(1, "A"), tick(1, "A"), tick(2, "A"), tick(1, "A")])
        await desk.until(lambda: handled(books) == 2)
        await desk.stop()
        return books.seen["A"]

    assert asyncio.run(work()) == [1, 2]


def test_a_consumer_killed_between_handling_and_commit_has_one_effect_when_it_shares_what_was_handled():
    async def work():
        desk, shared = Desk(), Shared()
        first = await desk.start(handled=shared)
        await desk.bus.publish([tick(i, "A") for i in range(5)])
        first._commit = lambda _subscription: asyncio.sleep(0)  # it dies before it can
        await desk.until(lambda: handled(first) == 5)
        _, task = desk.running.pop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        second = await desk.start(handled=shared)
        await desk.bus.publish([tick(5, "A")])
        await desk.until(lambda: handled(second) == 1)
        await desk.stop()
        return first.seen["A"], second.seen["A"]

    assert asyncio.run(work()) == ([0, 1, 2, 3, 4], [5])


def test_a_commit_that_failed_is_made_up_for_without_another_event():
    async def work():
        desk, failures = Desk(), [Unavailable("away"), Unavailable("away")]
        subscribe = desk.bus.subscribe

        async def unsteady(group, topics, member):
            subscription = await subscribe(group, topics, member)
            commit = subscription.commit

            async def fails_at_first(offsets):
                if failures:
                    raise failures.pop()
                await commit(offsets)

            subscription.commit = fails_at_first
            return subscription

        desk.bus.subscribe = unsteady
        books = await desk.start()
        await desk.bus.publish([tick(i, "A") for i in range(3)])
        await desk.until(lambda: handled(books) == 3 and not failures)
        group = desk.bus._groups["books"]
        await desk.until(lambda: group.waiting == 0)
        await desk.stop()

    asyncio.run(work())


def test_nothing_is_committed_before_it_was_handled():
    async def work():
        desk, gate = Desk(), asyncio.Event()

        async def does(event):
            if number(event) == 0:
                await gate.wait()

        books = await desk.start(does)
        # Both tokens are in one partition; the later one is finished first.
        same = [n for n in (f"COIN{i}" for i in range(100)) if _partition(n) == _partition("COIN0")][:2]
        await desk.bus.publish([tick(0, same[0]), tick(1, same[1])])
        await desk.until(lambda: handled(books) == 1)
        _, task = desk.running.pop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        again = await desk.start()
        await desk.until(lambda: handled(again) == 2)
        await desk.stop()

    asyncio.run(work())


def _partition(token):
    from tradewind.core.domain.events.partitioning import partition_of

    return partition_of(token, 10)


def test_members_may_come_and_go_and_nothing_is_lost():
    async def work():
        desk, shared = Desk(), Shared()
        all_ = [await desk.start(member="one", handled=shared)]
        for start in range(0, 300, 30):
            await desk.bus.publish([tick(i, f"COIN{i % 11}") for i in range(start, start + 30)])
            if start == 90:
                all_.append(await desk.start(member="two", handled=shared))
            if start == 180:
                all_[0].stop()
            await asyncio.sleep(0.01)
        await desk.until(lambda: len({n for b in all_ for some in b.seen.values() for n in some}) == 300)
        await desk.stop()
        return [n for b in all_ for some in b.seen.values() for n in some]

    found = asyncio.run(work())
    assert sorted(found) == list(range(300))


def test_bytes_that_are_no_event_are_put_aside():
    class Damaged:
        """One delivery that could not be read, and then nothing."""

        def __init__(self):
            self.left = [Delivery("price.ticks", 3, 7, None, b"\xff{", "these bytes are no event")]
            self.committed = {}

        async def receive(self, at_most, wait_s):
            await asyncio.sleep(0.01)
            return [self.left.pop()] if self.left else []

        async def commit(self, offsets):
            self.committed |= offsets

        def assigned(self):
            return frozenset({("price.ticks", 3)})

        async def lag(self):
            return {}

        async def close(self):
            pass

    class OneSubscription(MemoryBus):
        async def subscribe(self, group, topics, member):
            return damaged if group == "books" else await super().subscribe(group, topics, member)

    async def work():
        desk = Desk(OneSubscription())
        letters = DeadLetters(desk.bus, "price.ticks", "person")
        await letters.read()
        await desk.start()
        await desk.until(lambda: bool(damaged.committed))
        await desk.stop()
        return await letters.read()

    damaged = Damaged()
    (letter,) = asyncio.run(work())
    assert damaged.committed == {("price.ticks", 3): 8}
    assert letter.reason == "these bytes are no event"
    assert letter.original == "\\xff{"


def test_while_a_letter_cannot_be_put_aside_its_event_is_not_dealt_with():
    async def work():
        desk = Desk()
        publish, down = desk.bus.publish, [True]

        async def unreliable(events):
            if down[0] and events[0].type == "event.dead":
                raise Unavailable("the bus is away")
            await publish(events)

        desk.bus.publish = unreliable

        async def does(event):
            if number(event) == 0:
                raise BadInput("no")

        books = await desk.start(does)
        await desk.bus.publish([tick(0, "A"), tick(1, "A")])
        await desk.until(lambda: len(desk.slept.seconds) > 12)
        assert handled(books) == 0, "what comes after it waits"
        down[0] = False
        await desk.until(lambda: handled(books) == 1)
        await desk.stop()
        return desk

    assert asyncio.run(work()).metrics.total("messages_dead") == 1


def test_a_consumer_handles_something_and_nothing_twice():
    class Nothing(EventConsumer):
        pass

    class Twice(EventConsumer):
        @event_handler("price.tick")
        async def one(self, event): ...

        @event_handler("price.tick", "price.quote")
        async def other(self, event): ...

    async def work():
        desk = Desk()
        for kind, said in ((Nothing, "handles no events"), (Twice, "handled twice")):
            with pytest.raises(BadInput, match=said):
                kind(desk.bus, desk.producer, desk.metrics, group="g", member="m")

    asyncio.run(work())
    with pytest.raises(BadInput, match=r"price\.tick"):
        event_handler("price.tik")


def test_what_waits_in_hand_is_not_handled_once_its_partition_is_another_members():
    async def work():
        desk, gate, begun, gone = Desk(), asyncio.Event(), asyncio.Event(), []

        async def does(event):
            begun.set()
            await gate.wait()

        one = await desk.start(does, "one")
        one.lost = gone.extend
        symbols = [f"COIN{i}" for i in range(12)]
        await desk.bus.publish([tick(i, symbols[i % 12]) for i in range(36)])
        await asyncio.wait_for(begun.wait(), 20)
        await desk.until(lambda: one._lanes.in_hand == 36)
        other = await desk.start(None, "other")
        await desk.until(lambda: gone and other.caught_up)
        gate.set()
        await desk.until(lambda: one.caught_up)
        await desk.stop()
        return one.seen, other.seen, gone

    one, other, gone = asyncio.run(work())
    assert other, "partitions went to the other"
    assert gone
    for symbol, numbers in other.items():
        assert numbers == sorted(numbers)
        assert one.get(symbol, [])[1:] == [], "only what was at work already is finished here too"
    assert all(len(numbers) == 3 for symbol, numbers in one.items() if symbol not in other)


def test_it_is_caught_up_when_all_is_handled_and_committed_and_not_before():
    async def work():
        desk, gate = Desk(), asyncio.Event()

        async def does(event):
            await gate.wait()

        books = await desk.start(does)
        await desk.until(lambda: books.caught_up)
        await desk.bus.publish([tick(1)])
        await desk.until(lambda: books._lanes.in_hand == 1)
        await desk.until(lambda: not books.caught_up)
        gate.set()
        await desk.until(lambda: books.caught_up)
        await desk.stop()
        return handled(books)

    assert asyncio.run(work()) == 1
