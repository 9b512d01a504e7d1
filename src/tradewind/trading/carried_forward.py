"""Accounts carried forward: what an account came to, kept when the events that it is made of are forgotten.

The store forgets events after a year. An account that is made from zero then begins at its latest entry of this kind,
as a book does that begins with what the one before it came to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid5

import msgspec

from tradewind.core.domain.account_view import FOLD, TYPES, AccountView
from tradewind.core.domain.errors import Corrupt
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.core.domain.events.payloads import PortfolioCarried
from tradewind.ports.event_store import EventQuery, EventStore
from tradewind.trading.account_folds import folded
from tradewind.trading.derived_events import NAMESPACE
from tradewind.trading.portfolio_keys import MODES, Account, Portfolio

CARRIED = "portfolio.carried"
SOURCE = "upkeep"


async def carry_forward(store: EventStore, before_ns: int, now_ns: int) -> int:
    """Write down what every account comes to that has events, or such an entry, from before a time; how many.

    To be done before these are forgotten. May be done as often as one likes. Raises BadInput for an account that is too
    large for an event: then nothing may be forgotten.
    """
    accounts: dict[Account, None] = {}
    async for batch in store.read(EventQuery(end_ns=before_ns, types=(*TYPES, CARRIED))):
        for stored in batch:
            event = stored.event
            account = Account(event.tenant, event.mode, event.token)
            if event.mode in MODES and account.owns(event):
                accounts[account] = None
    beginnings = await carried(store)
    for account in accounts:
        portfolio = await folded(store, account, beginnings.get(account, Portfolio()))
        await store.append([_entry(account, portfolio, before_ns, now_ns)])
    return len(accounts)


async def carried(store: EventStore, account: Account | None = None) -> Mapping[Account, Portfolio]:
    """Where accounts, or one of them, begin that were carried forward.

    Raises Corrupt for an entry that cannot be read: without it an account would be made of a part of its events.
    """
    query = EventQuery(types=(CARRIED,))
    if account is not None:
        query = EventQuery(types=(CARRIED,), tokens=(account.name,), tenant=account.tenant)
    found: dict[Account, Portfolio] = {}
    async for batch in store.read(query):
        for stored in batch:
            one = Account(stored.event.tenant, stored.event.mode, stored.event.token)
            if one.owns(stored.event) and account in {None, one}:
                found[one] = _opened(stored.event)
    return found


async def beginning(store: EventStore, account: Account) -> Portfolio:
    """Where an account begins: at zero, or where it was carried forward last."""
    return (await carried(store, account)).get(account, Portfolio())


async def rebuilt(store: EventStore, account: Account) -> Portfolio:
    """The account as it is, from its beginning: whatever snapshots and caches say, this is the truth."""
    return await folded(store, account, await beginning(store, account))


def _entry(account: Account, portfolio: Portfolio, before_ns: int, now_ns: int) -> Event[Any]:
    view = msgspec.to_builtins(portfolio.view)
    event_id = str(uuid5(NAMESPACE, repr((CARRIED, account.tenant, account.mode, account.name, before_ns))))
    return Event(
        event_id=event_id,
        type=CARRIED,
        version=EVENT_TYPES[CARRIED].version,
        time_event=now_ns,
        time_recorded=now_ns,
        tenant=account.tenant,
        token=account.name,
        source=SOURCE,
        correlation_id=event_id,
        mode=account.mode,
        data=PortfolioCarried(account=account.name, position=portfolio.position, view=view, fold=FOLD),
    )


def _opened(event: Event[Any]) -> Portfolio:
    try:
        return Portfolio(msgspec.convert(event.data.view, AccountView), event.data.position)
    except msgspec.ValidationError as problem:
        raise Corrupt(
            f"what account {event.token!r} was carried forward with cannot be read: {problem}",
            where=event.event_id,
            fix="Read it with the Tradewind that wrote it, or restore the events from a backup",
        ) from None
