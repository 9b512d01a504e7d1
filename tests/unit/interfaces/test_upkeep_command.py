"""`tradewind upkeep`: old events go, new ones and audit records stay, and a dry run changes nothing."""

import asyncio
import time

import pytest
from event_examples import tick

from tradewind import bootstrap
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.ports.event_store import EventQuery

DAY_NS = 86_400_000_000_000


@pytest.fixture(params=["file", "database"])
def stored(request, home, monkeypatch):
    """A store, wherever it is, with ticks of 0, 10, ... 390 days ago and an old audit record; how many it has now."""
    if request.param == "database":
        monkeypatch.setenv("TRADEWIND_POSTGRES", request.getfixturevalue("postgres").new_database())
    now = time.time_ns()
    kind = EVENT_TYPES["audit.recorded"]
    record = kind.payload(actor="ann", action="approve", target="p1", allowed=True)
    old = {"time_event": now - 900 * DAY_NS, "time_recorded": now}
    events = [tick(i, time_event=now - 10 * i * DAY_NS, time_recorded=now) for i in range(40)]
    events.append(tick(99, type=kind.name, data=record, token="ann", **old))

    async def work(do):
        store = bootstrap.open_event_store()
        try:
            return await do(store)
        finally:
            await store.close()

    asyncio.run(work(lambda store: store.append(events)))
    return lambda: asyncio.run(work(lambda store: store.count(EventQuery())))


def test_a_year_stays_and_what_is_older_goes_but_for_audit_records(ask, stored):
    said = ask("upkeep", "--dry-run", "--json").document
    assert (said["forgotten"], said["dry_run"]) == ({"price.tick": 3}, True)
    assert stored() == 41
    assert ask("upkeep", "--json").document["forgotten"] == {"price.tick": 3}
    assert stored() == 38
    assert ask("upkeep", "--json").document["forgotten"] == {}


def test_how_much_stays_can_be_said(ask, stored):
    answer = ask("upkeep", "--keep", "30d")
    assert "36 events from before" in answer.out
    assert stored() == 5


@pytest.mark.parametrize(("keep", "why"), [("1h", "less than a day"), ("year", "'year' is no length of time")])
def test_what_is_no_length_of_history_is_refused(ask, keep, why):
    answer = ask("upkeep", "--keep", keep, "--json")
    assert answer.code == 3
    assert why in answer.error["message"]
