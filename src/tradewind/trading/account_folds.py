"""An account made of its events: from where somebody has got to, to the end or up to a place of the store."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tradewind.core.domain.account_view import TYPES, after
from tradewind.ports.event_store import EventQuery, EventStore, StoredEvent
from tradewind.trading.portfolio_keys import Account, Portfolio


async def account_events(store: EventStore, account: Account, after_position: int) -> AsyncIterator[StoredEvent]:
    """The account's events beyond a place, in the order of the store."""
    query = EventQuery(types=TYPES, tokens=(account.name,), tenant=account.tenant, after_position=after_position)
    async for batch in store.read(query):
        for stored in batch:
            if account.owns(stored.event):
                yield stored


async def folded(
    store: EventStore,
    account: Account,
    portfolio: Portfolio,
    until: int | None = None,
    *,
    seen: set[str] | None = None,
) -> Portfolio:
    """The portfolio after what the store holds of the account beyond it, or of that up to a place.

    `seen` is given the ids of these events.
    """
    view, position = portfolio.view, portfolio.position
    async for stored in account_events(store, account, position):
        if until is not None and stored.position > until:
            break
        view, position = after(view, stored.event), stored.position
        if seen is not None:
            seen.add(stored.event.event_id)
    return Portfolio(view, position)
