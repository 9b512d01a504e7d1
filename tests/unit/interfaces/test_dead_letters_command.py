"""`tradewind dead-letters`: what lies aside in the events of this home is listed, shown, sent again and dropped."""

import asyncio

import pytest
from event_examples import tick

from tradewind import bootstrap
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.messaging.burial import Burial
from tradewind.messaging.producer import EventProducer, Origin
from tradewind.ports.bus import Delivery
from tradewind.ports.event_store import EventQuery


def on_the_bus(work):
    async def run():
        store = bootstrap.open_event_store()
        bus = bootstrap.open_bus(store)
        try:
            return await work(bus, store)
        finally:
            await bus.close()
            await store.close()

    return asyncio.run(run())


@pytest.fixture
def aside(home):
    """Two events that a group could not handle, and bytes that are none."""

    async def work(bus, _store):
        metrics = CountedMetrics()
        burial = Burial(EventProducer(bus, Origin("home", "test", "paper"), metrics), metrics, "books")
        for i in range(2):
            await burial.bury(Delivery("price.ticks", 0, i, tick(i)), "ValueError: it will not do", 6)
        await burial.bury(Delivery("order.events", 3, 7, None, b"\xff{"), "these bytes are no event", 1)

    on_the_bus(work)


def stored(type_):
    async def work(_bus, store):
        return [s.event.data async for some in store.read(EventQuery(types=(type_,))) for s in some]

    return on_the_bus(work)


def test_nothing_aside_is_said_as_such(ask, home):
    assert ask("dead-letters", "--json").document == {"letters": []}
    assert "No letter is open" in ask("dead-letters").out


def test_letters_are_listed_and_one_is_shown_whole(ask, aside):
    letters = ask("dead-letters", "--json").document["letters"]
    assert [(row["topic"], row["group"], row["attempts"]) for row in letters] == [
        ("price.ticks", "books", 6), ("price.ticks", "books", 6), ("order.events", "books", 1),
    ]  # fmt: skip
    assert len(ask("dead-letters", "--topic", "order.events", "--json").document["letters"]) == 1
    shown = ask("dead-letters", "show", letters[0]["letter"][:13])
    assert "ValueError: it will not do" in shown.out
    assert tick(0).event_id in shown.out
    assert "2 bytes that are no event" in ask("dead-letters", "show", letters[2]["letter"]).out


def test_a_letter_is_sent_again_or_dropped_once_and_it_is_kept_who_did_it(ask, aside):
    first, second, junk = (row["letter"] for row in ask("dead-letters", "--json").document["letters"])
    assert ask("dead-letters", "send-again", first, "--json").document == {"sent": [first], "failed": []}
    assert ask("dead-letters", "send-again", first).code == 3
    failed = ask("dead-letters", "send-again", "--topic", "order.events", "--json").document["failed"]
    assert [row["letter"] for row in failed] == [junk]
    assert ask("dead-letters", "drop", second, junk, "--json").code == 3, "not without a reason"
    assert ask("dead-letters", "drop", second, junk, "--reason", "a test").out == "2 dropped\n"
    assert ask("dead-letters", "--json").document == {"letters": []}
    (revival,) = stored("event.revived")
    assert (revival.topic, revival.group, revival.letter) == ("price.ticks", "books", first)
    assert {(c.letter, c.outcome, c.remark) for c in stored("letter.closed")} == {
        (first, "sent_again", ""), (second, "dropped", "a test"), (junk, "dropped", "a test"),
    }  # fmt: skip
    assert all(c.actor for c in stored("letter.closed"))


@pytest.mark.parametrize(
    "words",
    [
        ["show", "zz"],
        ["send-again"],
        ["drop", "--reason", "x"],
        ["--topic", "nowhere"],
        ["drop", "--topic", "audit.log"],
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_do(ask, aside, words):
    answer = ask("dead-letters", *words, "--json")
    assert answer.code == 3
    assert answer.error["fix"]
