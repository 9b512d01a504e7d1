"""`tradewind hold`: what is held stays through upkeep, is listed, and goes once it is released."""

import asyncio
import time

import pytest
from event_examples import tick

from tradewind import bootstrap
from tradewind.ports.event_store import EventQuery

DAY_NS = 86_400_000_000_000


@pytest.fixture(params=["file", "database"])
def stored(request, home, monkeypatch):
    """A store with ticks of 0, 10, ... 390 days ago, every second of a session; how many it has now."""
    if request.param == "database":
        monkeypatch.setenv("TRADEWIND_POSTGRES", request.getfixturevalue("postgres").new_database())
    now = time.time_ns()
    events = [
        tick(i, time_event=now - 10 * i * DAY_NS, time_recorded=now, session="s1" if i % 2 else None) for i in range(40)
    ]

    async def work(do):
        store = bootstrap.open_event_store()
        try:
            return await do(store)
        finally:
            await store.close()

    asyncio.run(work(lambda store: store.append(events)))
    return lambda: asyncio.run(work(lambda store: store.count(EventQuery())))


def test_what_is_held_stays_and_is_told(ask, stored):
    said = ask("hold", "case-7", "--reason", "an audit", "--session", "s1", "--json").document
    assert said == [{"name": "case-7", "reason": "an audit", "query": {"session": "s1"}}]
    assert ask("hold", "case-7", "--json").document == said
    dry = ask("upkeep", "--keep", "100d", "--dry-run", "--json").document
    assert dry["held"] == {"price.tick": 15}
    done = ask("upkeep", "--keep", "100d")
    assert "14 events from before" in done.out
    assert "15 that are as old are held" in done.out
    assert stored() == 26
    assert "case-7" in ask("hold").out
    assert "Nothing is held" in ask("hold", "case-7", "--release").out
    assert ask("upkeep", "--keep", "100d", "--json").document["forgotten"] == {"price.tick": 15}


def test_each_class_of_events_stays_as_long_as_is_said(ask, stored):
    words = ("--keep", "900d", "--keep", "price.ticks=100d")
    dry = ask("upkeep", *words, "--dry-run", "--json").document
    done = ask("upkeep", *words, "--json").document
    assert dry["forgotten"] == done["forgotten"] == {"price.tick": 29}
    assert set(done["before"]) == {"*", "price.tick", "price.quote", "funding.due"}
    assert stored() == 11


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("hold", "x", "--session", "s1"), "its reason is ''"),
        (("hold", "x", "--reason", "y"), "describes no events"),
        (("hold", "x", "--reason", "y", "--type", "price.tik"), "no event type 'price.tik'"),
        (("hold", "x", "--reason", "y", "--start", "2026-02-01", "--end", "2026-01-01"), "end lies before the start"),
        (("hold", "x", "--release"), "there is no hold 'x'"),
        (("hold", "x"), "there is no hold 'x'"),
        (("upkeep", "--keep", "=30d"), "no topic or event type ''"),
        (("hold", "--reason", "y"), "which hold is meant is not said"),
        (("upkeep", "--keep", "price.tiks=30d"), "no topic or event type 'price.tiks'"),
        (("upkeep", "--keep", "audit.log=30d"), "never forgotten"),
    ],
)
def test_bad_words_get_one_clear_error(ask, home, words, why):
    answer = ask(*words, "--json")
    assert answer.code == 3
    assert why in answer.error["message"]
