"""Every account as the events of the store come to, kept in this process: what the cache is compared with.

Nothing in here was ever read from the cache. The store is gone through once, and then only what came since: neither a
comparison every five minutes nor a rebuild after an outage begins at an account's first event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from tradewind.core.domain.account_view import TYPES, after
from tradewind.core.domain.errors import Refused
from tradewind.ports.event_store import EventQuery, EventStore, StoredEvent
from tradewind.trading.carried_forward import carried, rebuilt
from tradewind.trading.most_recent import STREAMS_MAX, MostRecent
from tradewind.trading.portfolio_keys import MODES, Account, Portfolio

ACCOUNTS_MAX = 100_000
"""Accounts that are known by name."""


class AccountBooks:
    """Portfolios of all accounts. `kept_max` are kept; one that made room is made again when it is asked for."""

    def __init__(self, store: EventStore, *, kept_max: int = STREAMS_MAX, accounts_max: int = ACCOUNTS_MAX) -> None:
        self.store, self.accounts_max = store, accounts_max
        self._position, self._begun = 0, False
        self._known: dict[Account, None] = {}
        self._kept: MostRecent[Account, Portfolio] = MostRecent(kept_max)
        self._one_at_a_time = asyncio.Lock()

    @property
    def accounts(self) -> Collection[Account]:
        """All that were seen so far."""
        return tuple(self._known)

    async def advance(self) -> None:
        """Take in what was stored since. Raises Unavailable; Refused for more than `accounts_max` accounts."""
        async with self._one_at_a_time:
            if not self._begun:
                for account, portfolio in (await carried(self.store)).items():
                    self._kept.put(self._known_now(account), portfolio)
                self._begun = True
            async for batch in self.store.read(EventQuery(types=TYPES, after_position=self._position)):
                for stored in batch:
                    self._take_in(stored)

    async def portfolio(self, account: Account) -> Portfolio:
        """The account as far as `advance` has got."""
        kept = self._kept.get(account)
        if kept is None:
            # Alone, so that `advance` passes over no event that this has not seen.
            async with self._one_at_a_time:
                kept = await rebuilt(self.store, account)
                if account in self._known:
                    self._kept.put(account, kept)
        return kept

    def _take_in(self, stored: StoredEvent) -> None:
        event = stored.event
        account = Account(event.tenant, event.mode, event.token)
        if event.mode in MODES and account.owns(event):
            kept = self._kept.get(account) if account in self._known else Portfolio()
            self._known_now(account)
            if kept is not None and kept.position < stored.position:
                self._kept.put(account, Portfolio(after(kept.view, event), stored.position))
        self._position = stored.position

    def _known_now(self, account: Account) -> Account:
        if account not in self._known and len(self._known) >= self.accounts_max:
            raise Refused(
                f"there are more than {self.accounts_max:,} accounts", fix="Raise accounts_max, or split tenants"
            )
        self._known[account] = None
        return account
