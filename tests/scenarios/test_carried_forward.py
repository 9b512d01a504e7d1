"""Accounts outlive their events: what the store forgets was written down before, and nothing is counted wrong after."""

import asyncio

import msgspec
import pytest
from account_examples import ALICE, BOB, portfolios_over, trade, view_of
from event_examples import NOW
from msgspec.structs import replace

from tradewind.adapters.cache.memory_cache import MemoryCache
from tradewind.adapters.event_store.postgres_events import PostgresEventStore
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.core.domain.account_view import FOLD
from tradewind.core.domain.errors import BadInput, Corrupt
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.operations.upkeep import keep_of, upkeep
from tradewind.ports.event_store import EventQuery
from tradewind.trading import carried_forward
from tradewind.trading.account_books import AccountBooks
from tradewind.trading.carried_forward import CARRIED, carry_forward, rebuilt
from tradewind.trading.snapshots import restored

DAY = UNITS_NS["d"]


@pytest.fixture(params=["sqlite", "postgres"])
def with_store(request, tmp_path):
    """Runs an async function with an empty store: in a file, or on a real server."""
    url = request.getfixturevalue("postgres").new_database() if request.param == "postgres" else ""

    def run(work):
        async def inside():
            store = PostgresEventStore(url) if url else SqliteEventStore(tmp_path / "events.db")
            try:
                return await asyncio.wait_for(work(store), 120)
            finally:
                await store.close()

        return asyncio.run(inside())

    return run


def on_day(day, number, account="alice", **changed):
    """A trade so many days after the first."""
    event = trade(number, account, **changed)
    return replace(event, time_event=NOW + day * DAY, time_recorded=NOW + day * DAY)


async def left(store):
    return [s.event async for batch in store.read(EventQuery()) for s in batch]


def test_what_is_forgotten_is_still_in_the_account_a_year_later_and_ten(with_store):
    alice = [on_day(day, day) for day in (0, 100, 300, 500)]
    bob = [on_day(3, 7_000, "bob")]
    live = [on_day(4, 8_000, mode="live")]

    async def work(store):
        await store.append([alice[0], *bob, *live, *alice[1:]])
        for year in range(1, 11):
            done = await upkeep(store, NOW + year * 366 * DAY, keep_of(["365d"]))
            assert not done.dry_run
            for account, events in [(ALICE, alice), (BOB, bob), (replaced(ALICE, "live"), live)]:
                zero = await rebuilt(store, account)
                assert zero.view == view_of(events)
                assert (await restored(store, account)) == zero
        assert {event.type for event in await left(store)} == {CARRIED}
        books = AccountBooks(store)
        await books.advance()
        assert set(books.accounts) == {ALICE, BOB, replaced(ALICE, "live")}
        portfolios = portfolios_over(MemoryCache(), store)
        assert await portfolios.recover()
        assert (await portfolios.read(ALICE))[0].view == view_of(alice)
        more = on_day(11 * 366, 9_000)
        await store.append([more])
        await portfolios.handle(more)
        assert (await portfolios.read(ALICE))[0].view == view_of([*alice, more])
        assert (await portfolios.check()).remade == {}
        assert (await rebuilt(store, ALICE)).view == view_of([*alice, more])

    with_store(work)


def replaced(account, mode):
    return type(account)(account.tenant, mode, account.name)


def test_events_that_are_kept_are_not_counted_again_after_what_holds_them(with_store):
    """They stand before the entry in the store, and beyond it, and among what is forgotten: each counts once."""
    events = [on_day(day, n) for n, day in enumerate((0, 400, 1, 401, 2, 402))]

    async def work(store):
        await store.append(events)
        books = AccountBooks(store)
        await books.advance()
        await upkeep(store, NOW + 380 * DAY, keep_of(["365d"]))
        assert len([e for e in await left(store) if e.type == "trade.executed"]) == 3
        late = AccountBooks(store)
        for one in (books, late):
            await one.advance()
            assert (await one.portfolio(ALICE)).view == view_of(events)
        assert (await rebuilt(store, ALICE)).view == view_of(events)

    with_store(work)


def test_a_snapshot_older_than_what_was_carried_forward_is_not_gone_on_from(with_store):
    """Snapshots may be kept for longer than trades: those between it and the entry are gone."""
    events = [on_day(day, day) for day in range(0, 300, 20)]

    async def work(store):
        positions = await store.append(events[:3])
        kind = EVENT_TYPES["portfolio.snapshot"]
        view = msgspec.to_builtins(view_of(events[:3]))
        data = kind.payload(account="alice", position=positions[-1], reason="time", view=view, fold=FOLD)
        await store.append([replace(on_day(45, 999), type=kind.name, version=kind.version, data=data)])
        await store.append(events[3:])
        keep = keep_of(["365d", "trade.executed=30d"])
        await upkeep(store, NOW + 300 * DAY, keep)
        assert [e.type for e in await left(store)].count("trade.executed") == 1
        assert (await restored(store, ALICE)).view == view_of(events)
        assert (await rebuilt(store, ALICE)).view == view_of(events)

    with_store(work)


def test_a_dry_run_writes_nothing_and_a_second_run_of_the_day_nothing_more(with_store):
    async def work(store):
        await store.append([on_day(0, 1)])
        now = NOW + 400 * DAY
        await upkeep(store, now, keep_of(["365d"]), dry_run=True)
        assert len(await left(store)) == 1
        await upkeep(store, now, keep_of(["365d"]))
        await upkeep(store, now + 1, keep_of(["365d"]))
        assert [event.type for event in await left(store)] == [CARRIED]

    with_store(work)


def test_an_account_that_is_too_large_to_be_carried_keeps_its_events(with_store, monkeypatch):
    async def work(store):
        await store.append([on_day(0, 1)])
        view = {"positions": {f"C{n}/USDT": {"size": "1", "cost": "1"} for n in range(9_000)}}
        monkeypatch.setattr(carried_forward.msgspec, "to_builtins", lambda _: view)
        with pytest.raises(BadInput, match=r"portfolio.carried: .* bytes"):
            await upkeep(store, NOW + 400 * DAY, keep_of(["365d"]))
        assert [event.type for event in await left(store)] == ["trade.executed"]

    with_store(work)


def test_an_entry_that_cannot_be_read_stops_rather_than_making_an_account_of_a_part(with_store):
    async def work(store):
        kind = EVENT_TYPES[CARRIED]
        data = kind.payload(account="alice", position=1, view={"positions": 7}, fold=1)
        await store.append([replace(on_day(0, 1), type=kind.name, data=data), on_day(1, 2)])
        with pytest.raises(Corrupt, match="'alice' was carried forward"):
            await rebuilt(store, ALICE)
        with pytest.raises(Corrupt):
            await carry_forward(store, NOW + DAY, NOW + 9 * DAY)

    with_store(work)
