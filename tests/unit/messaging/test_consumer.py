"""Consumers: order, concurrency, retries, dead letters, and one effect for each event."""

import asyncio
from collections import defaultdict
from itertools import pairwise

import pytest
from event_examples import tick

from tradewind.adapters.bus.memory_bus import MemoryBus
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.messaging.consumer import EventConsumer
from tradewind.messaging.handlers import event_handler
from tradewind.messaging.producer import EventProducer, Origin

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
        return books, desk

    books, desk = asyncio.run(work())
    assert books.seen["A"] == [0, 2]
    assert desk.slept.seconds == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert desk.metrics.total("messages_failed") == 6
    assert desk.metrics.total("messages_dead") == 1
    assert desk.metrics.total("messages_consumed") == 2


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


def test_while_nobody_knows_what_was_handled_it_waits_and_then_handles_each_event_once():
    class Away(Shared):
        """Does not answer the first times."""

        def __init__(self):
            super().__init__()
            self.times = {"has": 2, "note": 2}

        async def has(self, event_id):
            self.answer("has")
            return await super().has(event_id)

        async def note(self, event_id):
            self.answer("note")
            await super().note(event_id)

        def answer(self, what):
            if self.times[what]:
                self.times[what] -= 1
                raise Unavailable("away") if self.times[what] else OSError("away")

    async def work():
        desk, shared = Desk(), Away()
        books = await desk.start(handled=shared)
        await desk.bus.publish([tick(i, "A") for i in range(3)])
        await desk.until(lambda: handled(books) == 3 and books.caught_up)
        await desk.stop()
        return books.seen["A"], shared.ids

    assert asyncio.run(work()) == ([0, 1, 2], {tick(i).event_id for i in range(3)})


def test_a_handler_whose_own_task_was_cancelled_has_failed_like_any_other():
    async def work():
        desk, failures = Desk(), [1]

        async def does(event):
            if failures:
                failures.pop()
                raise asyncio.CancelledError

        books = await desk.start(does)
        await desk.bus.publish([tick(i, "A") for i in range(3)])
        await desk.until(lambda: handled(books) == 3)
        await desk.stop()
        return books.seen["A"], desk.slept.seconds

    assert asyncio.run(work()) == ([0, 1, 2], [1.0])


def test_a_letter_that_the_bus_refuses_holds_its_lane_up_and_is_told_of():
    async def work():
        desk, missing, told = Desk(), [True], []
        publish = desk.bus.publish

        async def without_a_topic(events):
            if missing[0] and events[0].type == "event.dead":
                raise BadInput("a topic is not there")
            told.extend(e.data for e in events if e.type == "service.changed")
            await publish(events)

        desk.bus.publish = without_a_topic

        async def does(event):
            if number(event) == 0:
                raise BadInput("no")

        books = await desk.start(does)
        await desk.bus.publish([tick(0, "A"), tick(1, "A"), tick(2, "B")])
        await desk.until(lambda: books.seen["B"] and len(desk.slept.seconds) > 5 and told)
        assert books.seen["A"] == []
        missing[0] = False
        await desk.until(lambda: books.seen["A"] == [1] and len(told) >= 3)
        await desk.stop()
        return [(t.service, t.state) for t in told], told[0].reason

    told, reason = asyncio.run(work())
    assert told[0] == ("consumer books", "impaired")
    assert reason == "an event cannot be put aside: a topic is not there"
    assert {("consumer books", "recovered"), ("dead letters of price.ticks", "impaired")} <= set(told)


def test_commits_that_fail_are_told_of_and_that_they_succeed_again():
    async def work():
        desk, failures, told = Desk(), [Unavailable("away"), Unavailable("away")], []
        subscribe, publish = desk.bus.subscribe, desk.bus.publish

        async def unsteady(group, topics, member):
            subscription = await subscribe(group, topics, member)
            commit = subscription.commit

            async def fails_at_first(offsets):
                if failures:
                    raise failures.pop()
                await commit(offsets)

            subscription.commit = fails_at_first
            return subscription

        async def noted(events):
            told.extend((e.data.state, e.data.reason) for e in events if e.type == "service.changed")
            await publish(events)

        desk.bus.subscribe, desk.bus.publish = unsteady, noted
        await desk.start()
        await desk.bus.publish([tick(1)])
        await desk.until(lambda: len(told) == 2)
        await desk.stop()
        return told

    assert asyncio.run(work()) == [
        ("impaired", "nothing can be committed: away"), ("recovered", "nothing can be committed is over"),
    ]  # fmt: skip


def test_a_handler_that_does_not_end_is_told_of_and_holds_only_its_own_lane_up():
    async def work():
        desk, gate, told = Desk(), asyncio.Event(), []
        publish = desk.bus.publish

        async def noted(events):
            told.extend((e.data.state, e.data.reason) for e in events if e.type == "service.changed")
            await publish(events)

        desk.bus.publish = noted

        async def does(event):
            if event.token == "SLOW":
                await gate.wait()

        books = await desk.start(does, stuck_s=0.0)
        await desk.bus.publish([tick(0, "SLOW"), tick(1, "FAST")])
        await desk.until(lambda: books.seen["FAST"] and told)
        gate.set()
        await desk.until(lambda: len(told) == 2)
        await desk.stop()
        return told

    (state, reason), (later, _) = asyncio.run(work())
    assert (state, later) == ("impaired", "recovered")
    assert "'SLOW'" in reason


def test_a_member_with_its_hands_full_shows_that_it_lives_and_keeps_its_partitions(monkeypatch):
    monkeypatch.setattr("tradewind.messaging.consumer.ALIVE_S", 0.0)
    now = [0.0]

    async def work():
        desk, gate = Desk(MemoryBus(clock=lambda: now[0], silence_s_max=30.0)), asyncio.Event()

        async def does(event):
            await gate.wait()

        books = await desk.start(does, "full", in_hand_max=3)
        other = await desk.bus.subscribe("books", ["price.ticks"], "other")
        mine = next(
            s for s in (f"COIN{i}" for i in range(99)) if ("price.ticks", _partition(s)) not in other.assigned()
        )
        await desk.bus.publish([tick(i, mine) for i in range(9)])
        await desk.until(lambda: books._lanes.in_hand == 3)
        group = desk.bus._groups["books"]
        for _ in range(4):
            now[0] += 20.0  # a minute passes, and more
            await desk.until(lambda: group._members["full"] == now[0])
            assert await other.receive(9, 0.01) == []
            assert books._lanes.in_hand == 3, "never more than that"
        gate.set()
        await desk.until(lambda: handled(books) == 9)
        await other.close()
        await desk.stop()
        return books.seen[mine]

    assert asyncio.run(work()) == list(range(9))


def test_a_partition_that_is_lost_and_won_back_while_its_handler_works_keeps_its_order():
    now = [0.0]

    async def work():
        desk, gate, at_once, open_ = Desk(MemoryBus(clock=lambda: now[0])), asyncio.Event(), [], set()

        async def does(event):
            assert event.token not in open_
            open_.add(event.token)
            if number(event) == 0:
                await gate.wait()
            at_once.append(number(event))
            open_.discard(event.token)

        books = await desk.start(does, "m")
        await desk.bus.publish([tick(i, "A") for i in range(4)])
        await desk.until(lambda: books._lanes.in_hand == 4)
        group = desk.bus._groups["books"]
        group.leave("m")  # it is taken for dead, and comes back with its next call
        await desk.until(lambda: group.assigned("m") and books._lanes.in_hand == 4)
        gate.set()
        await desk.until(lambda: books.caught_up)
        await desk.stop()
        return at_once

    assert asyncio.run(work()) == [0, 1, 2, 3]


def test_what_was_put_aside_and_comes_again_is_put_aside_at_once_and_is_one_letter():
    async def work():
        desk, letters = Desk(), []
        publish = desk.bus.publish

        async def noted(events):
            letters.extend(e.event_id for e in events if e.type == "event.dead")
            await publish(events)

        desk.bus.publish = noted

        async def does(event):
            raise ValueError("never")

        await desk.start(does)
        await desk.bus.publish([tick(1, "A"), tick(1, "A")])
        await desk.until(lambda: len(letters) == 2)
        await desk.stop()
        return letters, desk.slept.seconds

    letters, slept = asyncio.run(work())
    assert letters[0] == letters[1]
    assert slept == [1.0, 2.0, 4.0, 8.0, 16.0]


def test_a_fault_in_the_machinery_itself_ends_the_consumer_with_its_error():
    async def work():
        desk = Desk()
        books = await desk.start()
        books._took = None  # as a bug in here would be
        await desk.bus.publish([tick(1)])
        _, running = desk.running.pop()
        async with asyncio.timeout(20):
            await running

    with pytest.raises(TypeError):
        asyncio.run(work())


def test_a_fault_in_the_machinery_is_raised_also_by_a_consumer_that_is_stopping():
    async def work():
        desk, gate = Desk(), asyncio.Event()

        async def does(event):
            books._lanes.done = None  # as a bug in here would be
            await gate.wait()

        books = await desk.start(does)
        await desk.bus.publish([tick(1)])
        await desk.until(lambda: books._lanes.done is None)
        _, running = desk.running.pop()
        books.stop()
        gate.set()
        async with asyncio.timeout(20):
            await running

    with pytest.raises(TypeError):
        asyncio.run(work())


def test_a_consumer_that_is_cancelled_leaves_no_task_behind():
    class Deaf(MemoryBus):
        """Takes everything but news of services: those it is told without end."""

        async def publish(self, events):
            if any(e.type == "service.changed" for e in events):
                telling.set()
                await asyncio.Event().wait()
            await super().publish(events)

    async def work():
        telling.clear()
        desk = Desk(Deaf())

        async def does(event):
            await asyncio.Event().wait()

        books = await desk.start(does, stuck_s=0.0)
        await desk.bus.publish([tick(i, f"COIN{i}") for i in range(9)])
        await asyncio.wait_for(telling.wait(), 20)
        _, running = desk.running.pop()
        running.cancel()
        await asyncio.wait((running,), timeout=20)
        assert running.cancelled()
        assert books.seen == {}
        return asyncio.all_tasks() - {asyncio.current_task()}

    telling = asyncio.Event()
    assert asyncio.run(work()) == set()


def test_a_lane_without_end_lets_others_have_their_turn():
    async def work():
        desk, turns = Desk(), []
        books = await desk.start()

        async def beside():
            while handled(books) < 5_000:
                turns.append(handled(books))
                await asyncio.sleep(0)

        await desk.bus.publish([tick(i, "A") for i in range(5_000)])
        await asyncio.wait_for(beside(), 20)
        await desk.stop()
        return turns

    turns = asyncio.run(work())
    assert max(after - before for before, after in pairwise([*turns, 5_000])) <= 600


def test_a_consumer_with_two_handlers_receives_only_their_types():
    class Two(EventConsumer):
        seen = ()

        @event_handler("price.tick")
        async def one(self, event):
            self.seen += (("one", event.type),)

        @event_handler("candle.closed")
        async def other(self, event):
            self.seen += (("other", event.type),)

    async def work():
        desk = Desk()
        two = Two(desk.bus, desk.producer, desk.metrics, group="two", member="m")
        running = asyncio.create_task(two.run())
        await asyncio.wait_for(two.subscribed.wait(), 20)
        bar = dict.fromkeys(("open", "high", "low", "close", "volume"), 1.0)
        await desk.producer.publish(
            "price.quote", dict.fromkeys(("bid", "ask", "bid_size", "ask_size"), 1.0) | {"symbol": "A"}
        )
        await desk.producer.publish(
            "risk.alert", {"account": "a", "limit": "l", "found": "1", "allowed": "1", "action": "note"}
        )
        await desk.bus.publish([tick(1, "A")])
        await desk.producer.publish("candle.closed", {"symbol": "A", "timeframe": "1m", "time": 0, **bar})
        await desk.until(lambda: len(two.seen) == 2 and two.caught_up)
        two.stop()
        await asyncio.wait_for(running, 20)
        return two.topics, sorted(two.seen)

    topics, seen = asyncio.run(work())
    assert topics == ["market.candles", "price.ticks"]
    assert seen == [("one", "price.tick"), ("other", "candle.closed")]


def test_a_bus_that_refuses_for_a_moment_what_it_let_us_do_before_does_not_end_the_consumer():
    async def work():
        desk, refusals = Desk(), {"receive": 2, "lag": 2}
        subscribe = desk.bus.subscribe

        async def unsteady(group, topics, member):
            subscription = await subscribe(group, topics, member)

            def at_first(name):
                does = getattr(subscription, name)

                async def refuses(*words):
                    if refusals[name]:
                        refusals[name] -= 1
                        raise BadInput("a topic is not there")
                    return await does(*words)

                return refuses

            for name in refusals:
                setattr(subscription, name, at_first(name))
            return subscription

        desk.bus.subscribe = unsteady
        books = await desk.start()
        await desk.bus.publish([tick(i, "A") for i in range(3)])
        await desk.until(lambda: handled(books) == 3 and books.caught_up)
        await desk.stop()
        return refusals

    assert asyncio.run(work()) == {"receive": 0, "lag": 0}
