"""What was put aside is kept whole, can be looked at, and is sent again to the group that failed, whoever restarts."""

import asyncio
from collections import defaultdict

import pytest
from event_examples import tick

from tradewind.adapters.bus.memory_bus import MemoryBus
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.codec import EVENT_BYTES_MAX, decode, encode
from tradewind.messaging.burial import RAW_BYTES_MAX, Burial
from tradewind.messaging.consumer import EventConsumer
from tradewind.messaging.dead_letters import DeadLetters, letter_named
from tradewind.messaging.handlers import event_handler
from tradewind.messaging.producer import EventProducer, Origin
from tradewind.ports.bus import Delivery
from tradewind.ports.event_store import EventQuery


class Books(EventConsumer):
    """Notes the tokens and numbers of what it handles, and fails at those that are `bad`."""

    def __init__(self, desk, group):
        self.seen, self.bad = [], set()
        super().__init__(desk.bus, desk.producer, desk.metrics, group=group, member="m", retries_s=())

    @event_handler("price.tick")
    async def book(self, event):
        number = int(event.event_id[-12:])
        if number in self.bad:
            raise ValueError("it will not do")
        self.seen.append(number)


class Desk:
    """A bus over a store, as one process has it."""

    def __init__(self, path):
        self.store = SqliteEventStore(path)
        self.bus, self.metrics = MemoryBus(self.store), CountedMetrics()
        self.producer = EventProducer(self.bus, Origin("home", "test", "paper"), self.metrics)
        self.letters = DeadLetters(self.bus, self.producer, "price.ticks")
        self.running = []

    async def start(self, group="books", bad=()):
        made = Books(self, group)
        made.bad |= set(bad)
        self.running.append((made, asyncio.create_task(made.run())))
        await asyncio.wait_for(made.subscribed.wait(), 20)
        return made

    async def until(self, condition):
        async with asyncio.timeout(30):
            while not condition():
                await asyncio.sleep(0.005)

    async def end(self):
        for made, _ in self.running:
            made.stop()
        await asyncio.wait_for(asyncio.gather(*(task for _, task in self.running)), 30)
        await self.store.close()


def on(tmp_path, *works):
    """Runs async functions one after the other, each in a process of its own as far as the bus can tell."""

    async def run(work):
        desk = Desk(tmp_path / "events.db")
        try:
            return await work(desk)
        finally:
            await desk.end()

    return [asyncio.run(run(work)) for work in works]


def test_a_letter_says_what_was_wrong_and_sent_again_it_is_handled_once_by_the_group_that_failed(tmp_path):
    async def work(desk):
        books, others = await desk.start(bad={1}), await desk.start("others")
        await desk.bus.publish([tick(i, "A") for i in range(3)])
        await desk.until(lambda: books.seen == [0, 2] and others.seen == [0, 1, 2])
        (letter,) = await desk.letters.read()
        assert await desk.letters.read() == [letter], "looking changes nothing"
        books.bad.clear()
        assert await desk.letters.send_again([letter], "ann") == []
        await desk.letters.send_again([letter], "ann")
        await desk.until(lambda: books.seen == [0, 2, 1])
        await desk.until(lambda: books.caught_up and others.caught_up)
        return books.seen, others.seen, letter, await desk.letters.read()

    ((seen, others, letter, left),) = on(tmp_path, work)
    assert (seen, others, left) == ([0, 2, 1], [0, 1, 2], [])
    assert (letter.data.attempts, letter.data.group, letter.data.topic) == (1, "books", "price.ticks")
    assert letter.data.reason == "ValueError: it will not do"
    assert decode(letter.data.original.encode()) == tick(1, "A")


def test_a_letter_sent_again_from_another_process_reaches_a_group_that_is_long_past_it(tmp_path):
    async def fails(desk):
        books = await desk.start(bad={1})
        await desk.bus.publish([tick(i, "A") for i in range(3)])
        await desk.until(lambda: books.caught_up and desk.metrics.total("messages_dead") == 1)

    async def a_person(desk):
        letters = await desk.letters.read()
        await desk.letters.send_again(letters, "ann")
        return len(letters)

    async def begins_anew(desk):
        books = await desk.start()
        await desk.until(lambda: books.caught_up and books.seen)
        return books.seen

    _, sent, seen = on(tmp_path, fails, a_person, begins_anew)
    assert (sent, seen) == (1, [1])


def test_what_fails_again_is_a_new_letter_and_what_is_dropped_is_gone_with_its_reason(tmp_path):
    async def work(desk):
        await desk.start(bad={1})
        await desk.bus.publish([tick(1, "A")])
        await desk.until(lambda: desk.metrics.total("messages_dead") == 1)
        (first,) = await desk.letters.read()
        told = EventQuery(types=("service.changed",))
        async with asyncio.timeout(30):
            while not await desk.store.count(told):
                await asyncio.sleep(0.01)
        await desk.letters.send_again([first], "ann")
        await desk.until(lambda: desk.metrics.total("messages_dead") == 2)
        (second,) = await desk.letters.read()
        assert second.id != first.id
        assert decode(second.data.original.encode()) == tick(1, "A"), "and not the wrapping"
        with pytest.raises(BadInput, match="without a reason"):
            await desk.letters.drop([second], "ann", " ")
        await desk.letters.drop([second], "ann", "a test tick")
        query = EventQuery(types=("letter.closed", "service.changed"))
        return [s.event.data async for some in desk.store.read(query) for s in some], await desk.letters.read()

    ((told, left),) = on(tmp_path, work)
    assert left == []
    closed = [(t.outcome, t.actor, t.remark) for t in told if hasattr(t, "outcome")]
    assert closed == [("sent_again", "ann", ""), ("dropped", "ann", "a test tick")]
    states = [(t.service, t.state) for t in told if hasattr(t, "service")]
    assert states[0] == ("dead letters of price.ticks", "impaired")
    assert states[-1] == ("dead letters of price.ticks", "recovered")


JUNK = {
    "no event": b"\xff{",
    "as long as it may be": b"\xff" * RAW_BYTES_MAX,
    "quotes": b'"' * 350_000,
    "longer than can be kept": b"\x00" * (RAW_BYTES_MAX + 1),
    "nothing": b"",
}


@pytest.mark.parametrize("what", JUNK)
def test_bytes_that_are_no_event_are_put_aside_whatever_they_are(tmp_path, caplog, what):
    raw = JUNK[what]

    async def work(desk):
        burial = Burial(desk.producer, desk.metrics, "books")
        await burial.bury(Delivery("price.ticks", 3, 7, None, raw, "no event \ud800"), "no event \ud800" * 9_999, 1)
        (letter,) = await desk.letters.read()
        return letter, await desk.letters.send_again([letter], "ann"), await desk.letters.read()

    ((letter, failed, left),) = on(tmp_path, work)
    assert letter.data.raw == raw[:RAW_BYTES_MAX]
    assert letter.data.length == len(raw)
    assert [failed[0][0], *left] == [letter, letter], "it cannot be sent again, and stays"
    assert caplog.text.encode(), "the log can be written anywhere"


def test_the_longest_event_is_put_aside_whole(tmp_path):
    longest = tick(
        1, data=type(tick().data)(symbol="A", price=1.0, size=1.0, trade_id='"' * (EVENT_BYTES_MAX // 2 - 400))
    )
    assert EVENT_BYTES_MAX - 1_000 < len(encode(longest)) <= EVENT_BYTES_MAX

    async def work(desk):
        books = await desk.start(bad={1})
        await desk.bus.publish([longest])
        await desk.until(lambda: desk.metrics.total("messages_dead") == 1)
        books.bad.clear()
        await desk.letters.send_again(await desk.letters.read(), "ann")
        await desk.until(lambda: books.seen)
        return books.seen

    assert on(tmp_path, work) == [[1]]


def test_an_event_that_no_bytes_can_hold_is_put_aside_as_it_looks_where_the_bus_keeps_nothing():
    taken = []

    class Heap:
        async def publish(self, events):
            taken.extend(events)

    async def work():
        metrics = CountedMetrics()
        burial = Burial(EventProducer(Heap(), Origin("home", "test", "paper"), metrics), metrics, "books")
        odd = tick(1, data=type(tick().data)(symbol="A", price=1.0, size=1.0, trade_id="\ud800"))
        await burial.bury(Delivery("price.ticks", 0, 0, odd), "no", 1)

    asyncio.run(work())
    assert "trade_id=" in taken[0].data.original


def test_letters_of_many_tokens_and_topics_are_kept_apart(tmp_path):
    async def work(desk):
        await desk.start(bad=range(40))
        await desk.bus.publish([tick(i, f"COIN{i % 7}") for i in range(40)])
        await desk.until(lambda: desk.metrics.total("messages_dead") == 40)
        letters = await desk.letters.read()
        of_candles = await DeadLetters(desk.bus, desk.producer, "market.candles").read()
        by_token = defaultdict(list)
        for letter in letters:
            by_token[letter.token].append(letter)
        await desk.letters.drop(by_token["COIN3"], "ann", "not needed")
        return letters, of_candles, await desk.letters.read(5), await desk.letters.read()

    ((letters, of_candles, five, left),) = on(tmp_path, work)
    assert len(letters) == 40
    assert of_candles == []
    assert five == left[:5]
    assert {letter.token for letter in left} == {f"COIN{i}" for i in range(7) if i != 3}
    assert letter_named(letters, letters[3].id[:13]) == letters[3]
    for name, said in (("", "no open letter"), ("zz", "no open letter")):
        with pytest.raises(BadInput, match=said):
            letter_named(letters, name)


def test_a_topic_that_is_not_there_has_no_letters(tmp_path):
    with pytest.raises(BadInput, match="no topic"):
        DeadLetters(MemoryBus(), None, "price.tick")
