"""Snapshots of accounts: taken when they should be, and an account made from one is the account made from zero."""

import asyncio
from decimal import Decimal as D
from pathlib import Path
from tempfile import TemporaryDirectory

import account_examples
import pytest
from account_examples import ALICE, BOB, view_of
from event_examples import tick
from hypothesis import given, settings
from hypothesis import strategies as st
from market_stand import Stand, until
from msgspec.structs import replace

from tradewind.adapters.bus.memory_bus import MemoryBus
from tradewind.core.domain.account_view import FOLD, AccountView, Balance
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.core.domain.holdings import Holding
from tradewind.core.domain.snapshot_rules import SnapshotRules, reason_for
from tradewind.core.domain.timeframes import SECOND_NS, UNITS_NS
from tradewind.messaging.producer import EventProducer, Origin
from tradewind.trading import account_folds, snapshots
from tradewind.trading.carried_forward import rebuilt
from tradewind.trading.snapshots import PortfolioSnapshots, latest_snapshot, restored

MINUTE = UNITS_NS["m"]


def trade(number, account="alice", after_ns=0, **changed):
    """A trade that was booked so long after the first."""
    event = account_examples.trade(number, account)
    times = {"time_event": tick(0).time_event + after_ns, "time_recorded": tick(0).time_recorded + after_ns}
    return replace(event, data=replace(event.data, **changed), **times)


def balance(number, total, after_ns=0):
    kind = EVENT_TYPES["balance.changed"]
    data = kind.payload(account="alice", currency="USDT", total=D(total))
    return replace(trade(number, after_ns=after_ns), type=kind.name, data=data)


def keeper(stand, **rules):
    return PortfolioSnapshots(
        stand.bus, stand.producer, stand.metrics, stand.store, member="one", rules=SnapshotRules(**rules), retries_s=()
    )


def journey(folder, go):
    """Run with a stand, and let its store go."""

    async def went():
        stand = Stand(Path(folder))
        try:
            return await go(stand)
        finally:
            await stand.store.close()

    return asyncio.run(went())


async def taken(stand):
    return [(e.event_id, e.data) for e in await stand.events("portfolio.snapshot")]


@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["alice", "bob"]), st.integers(0, 3 * MINUTE)), min_size=1, max_size=15),
    st.sets(st.integers(0, 14), max_size=5),
    st.sets(st.integers(0, 14), max_size=5),
)
def test_an_account_from_a_snapshot_from_zero_and_as_it_is_known_live_are_one(steps, ends, misses):
    events, now = [], 0
    for number, (account, step) in enumerate(steps):
        now += step
        events.append(trade(number, account, now))

    async def go(stand, ends, misses):
        one = keeper(stand, moved=D("0.5"))
        for number, event in enumerate(events):
            await stand.bus.publish([event])
            if number in ends:
                one = keeper(stand, moved=D("0.5"))
            if number not in misses:
                await one.keep(event)
        await one.keep(events[-1])
        for account in (ALICE, BOB):
            mine = [e for e in events if e.token == account.name]
            if mine:
                await one.keep(mine[-1])
                live, zero = one.portfolio(account), await rebuilt(stand.store, account)
                assert live == zero == await restored(stand.store, account)
                assert zero.view == view_of(mine)
        return sorted(await taken(stand), key=lambda one: (one[1].account, one[1].position))

    with TemporaryDirectory() as folder, TemporaryDirectory() as other:
        interrupted = journey(folder, lambda stand: go(stand, ends, misses))
        whole = journey(other, lambda stand: go(stand, set(), set()))
    assert [(d.account, d.reason, d.view) for _, d in interrupted] == [(d.account, d.reason, d.view) for _, d in whole]


def test_events_on_the_bus_become_snapshots_on_the_bus_from_which_another_process_goes_on(tmp_path):
    async def go(stand):
        one = keeper(stand)
        running = asyncio.create_task(one.run())
        await asyncio.wait_for(one.subscribed.wait(), 20)
        events = [trade(i, after_ns=i * MINUTE, symbol="BTC/USDT:USDT", side="buy") for i in range(12)]
        await stand.bus.publish(events)
        await until(lambda: stand.metrics.total("messages_consumed") == len(events))
        one.stop()
        await running
        return view_of(events), await latest_snapshot(stand.store, ALICE), await restored(stand.store, ALICE)

    view, latest, again = journey(tmp_path, go)
    assert again.view == view
    assert 0 < latest.portfolio.position <= again.position


def test_a_restored_account_folds_only_what_came_after_its_snapshot(tmp_path, monkeypatch):
    folded = []
    plain = account_folds.after

    async def go(stand):
        one = keeper(stand, every_ns=5 * MINUTE, moved=D(1_000_000))
        events = [trade(i, after_ns=i * MINUTE, symbol="BTC/USDT:USDT", side="buy", fee=D(0)) for i in range(8)]
        for event in events:
            await stand.bus.publish([event])
            await one.keep(event)
        monkeypatch.setattr(account_folds, "after", lambda view, event: folded.append(event) or plain(view, event))
        portfolio = await restored(stand.store, ALICE)
        return events, portfolio, [data.reason for _, data in await taken(stand)]

    events, portfolio, reasons = journey(tmp_path, go)
    assert reasons == ["first", "time"]
    assert folded == events[6:]
    assert portfolio.view == view_of(events)


def test_the_latest_snapshot_is_found_also_where_the_process_ended_before_it_was_marked(tmp_path):
    async def go(stand):
        one = keeper(stand)
        for number in range(3):
            event = trade(number, after_ns=number * 6 * MINUTE)
            await stand.bus.publish([event])
            await one.keep(event)
        await stand.store.mark(snapshots._bookmark(ALICE), 0)
        return await latest_snapshot(stand.store, ALICE), one.portfolio(ALICE)

    latest, live = journey(tmp_path, go)
    assert latest.portfolio == live


def test_a_snapshot_that_cannot_be_read_is_passed_over(tmp_path):
    async def go(stand):
        one, event = keeper(stand), trade(0)
        await stand.bus.publish([event])
        await one.keep(event)
        data = {"account": "alice", "position": 1, "reason": "time", "view": {"positions": "none"}, "fold": FOLD}
        await stand.producer.publish("portfolio.snapshot", data)
        return await latest_snapshot(stand.store, ALICE), await restored(stand.store, ALICE), view_of([event])

    latest, portfolio, view = journey(tmp_path, go)
    assert latest.portfolio.view == view == portfolio.view


def test_a_snapshot_of_another_fold_is_passed_over_and_the_account_is_made_by_this_one(tmp_path):
    """A Tradewind that counted something differently wrote it: to go on from there would mix two ways of counting."""

    async def go(stand):
        event = trade(0)
        await stand.bus.publish([event])
        view = {"positions": {}, "balances": {"USDT": {"total": "7", "locked": "0"}}}
        for fold in ({}, {"fold": FOLD + 1}):
            data = {"account": "alice", "position": 1, "reason": "time", "view": view, **fold}
            await stand.producer.publish("portfolio.snapshot", data)
        return await latest_snapshot(stand.store, ALICE), await restored(stand.store, ALICE), view_of([event])

    latest, portfolio, view = journey(tmp_path, go)
    assert latest is None
    assert portfolio.view == view


def test_a_snapshot_that_could_not_be_published_is_published_when_the_bus_is_back(tmp_path):
    async def go(stand):
        one, event = keeper(stand), trade(0)
        await stand.bus.publish([event])
        stand.bus.fails = True
        for _ in range(2):
            with pytest.raises(Unavailable):
                await one.keep(event)
        assert await latest_snapshot(stand.store, ALICE) is None
        stand.bus.fails = False
        await one.keep(event)
        return await taken(stand)

    assert [data.reason for _, data in journey(tmp_path, go)] == ["first"]


def test_an_event_delivered_twice_has_one_effect(tmp_path):
    async def go(stand):
        one, event = keeper(stand), trade(0)
        await stand.bus.publish([event, event])
        await one.keep(event)
        await one.keep(event)
        return one.portfolio(ALICE).view, view_of([event])

    seen, once = journey(tmp_path, go)
    assert seen == once


def test_two_members_that_take_one_snapshot_before_the_store_has_it_publish_one_event(tmp_path):
    async def go(stand):
        event, told = trade(0), []
        await stand.store.append([event])
        for member in ("one", "two"):
            bus = MemoryBus()  # what travels there comes to the store later
            told.append(await bus.subscribe("store", ["state.changes"], "recorder"))
            producer = EventProducer(bus, Origin("home", f"serve {member}", "paper"), stand.metrics)
            await PortfolioSnapshots(bus, producer, stand.metrics, stand.store, member=member).keep(event)
        return [[d.event.event_id for d in await one.receive(10, 5.0)] for one in told]

    first, second = journey(tmp_path, go)
    assert len(first) == 1
    assert first == second


def account(size="1", total="100"):
    positions = {"BTC/USDT": Holding(D(size), D(size) * 10)} if D(size) else {}
    return AccountView(positions, {"USDT": Balance(D(total))})


@pytest.mark.parametrize(
    ("before", "now", "after_ns", "reason"),
    [
        (None, account(), 0, "first"),
        (account(), account(), 5 * MINUTE, "time"),
        (account(), account(), 5 * MINUTE - 1, None),
        (account("0"), account("1"), SECOND_NS, "opened"),
        (account("1"), account("0"), SECOND_NS, "closed"),
        (account("1"), account("-1"), SECOND_NS, "turned"),
        (account("1"), account("1.05"), SECOND_NS, "moved"),
        (account("1"), account("1.0499"), SECOND_NS, None),
        (account("1", "100"), account("1", "95"), SECOND_NS, "moved"),
        (account("1", "100"), account("1", "95.01"), SECOND_NS, None),
        (account("1", "0"), account("1", "0.01"), SECOND_NS, "moved"),
    ],
)
def test_a_snapshot_is_due(before, now, after_ns, reason):
    assert reason_for(before, 0, now, after_ns, SnapshotRules()) == reason


@pytest.mark.parametrize("rules", [{"every_ns": 0}, {"moved": D(0)}])
def test_rules_that_make_no_sense_are_refused(rules):
    with pytest.raises(BadInput):
        SnapshotRules(**rules)
