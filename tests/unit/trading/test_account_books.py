"""The books of all accounts: gone through once, forgotten when there are too many, and still right."""

import asyncio
from decimal import Decimal as D

import pytest
from account_examples import trade, view_of
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.core.domain.errors import Refused
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.trading.account_books import AccountBooks
from tradewind.trading.portfolio_keys import Account

NAMES = ["ann", "bob", "cat", "dan"]


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.sampled_from([*NAMES, "advance", "ask"]), max_size=40), kept_max=st.integers(1, 4))
def test_whoever_made_room_is_made_again_and_no_event_is_missed_or_counted_twice(steps, kept_max, tmp_path_factory):
    async def run():
        store = SqliteEventStore(tmp_path_factory.mktemp("store") / "events.db")
        books, made = AccountBooks(store, kept_max=kept_max), {name: [] for name in NAMES}
        for number, step in enumerate([*steps, "advance", "ask"]):
            if step == "advance":
                await books.advance()
            elif step == "ask":
                for account in books.accounts:
                    portfolio = await books.portfolio(account)
                    seen = made[account.name]
                    assert portfolio.view in [view_of(seen[:n]) for n in range(1, len(seen) + 1)]
            else:
                made[step].append(trade(number, step))
                await store.append(made[step][-1:])
        assert {account.name for account in books.accounts} == {name for name, some in made.items() if some}
        for account in books.accounts:
            assert (await books.portfolio(account)).view == view_of(made[account.name])
        await store.close()

    asyncio.run(run())


def test_one_that_was_made_again_beyond_what_was_gone_through_does_not_count_it_twice(tmp_path):
    async def run():
        store = SqliteEventStore(tmp_path / "events.db")
        books = AccountBooks(store, kept_max=1)
        await store.append([trade(1, "ann"), trade(2, "bob")])
        await books.advance()
        kind = EVENT_TYPES["balance.changed"]
        data = kind.payload(account="ann", currency="USDT", total=D(7), change=D(7), cause="transfer")
        deposit = replace(trade(3, "ann"), type=kind.name, version=kind.version, data=data)
        await store.append([deposit])
        for _ in range(2):
            assert (await books.portfolio(Account("home", "paper", "ann"))).view == view_of([trade(1), deposit])
            await books.advance()
        await store.close()

    asyncio.run(run())


def test_what_was_gone_through_is_not_gone_through_again(tmp_path):
    async def run():
        store = SqliteEventStore(tmp_path / "events.db")
        await store.append([trade(n) for n in range(5)])
        books = AccountBooks(store)
        await books.advance()
        read, asked = store.read, []
        store.read = lambda query, *more: asked.append(query) or read(query, *more)
        await store.append([trade(9)])
        await books.advance()
        await books.portfolio(Account("home", "paper", "alice"))
        await store.close()
        return asked

    assert [query.after_position for query in asyncio.run(run())] == [5]


def test_more_accounts_than_it_may_know_are_refused(tmp_path):
    async def run():
        store = SqliteEventStore(tmp_path / "events.db")
        await store.append([trade(n, name) for n, name in enumerate(NAMES)])
        try:
            await AccountBooks(store, accounts_max=3).advance()
        finally:
            await store.close()

    with pytest.raises(Refused, match="more than 3 accounts"):
        asyncio.run(run())


def test_backtests_and_events_of_another_token_are_no_accounts(tmp_path):
    async def run():
        store = SqliteEventStore(tmp_path / "events.db")
        await store.append([trade(1, mode="backtest"), trade(2, token="other"), trade(3, mode="live")])
        books = AccountBooks(store)
        await books.advance()
        await store.close()
        return books.accounts

    assert asyncio.run(run()) == (Account("home", "live", "alice"),)
