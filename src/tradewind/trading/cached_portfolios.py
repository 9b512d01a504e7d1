"""Portfolios at hand: folded from the events, kept in the cache, and read from the events while the cache is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tradewind.core.domain.errors import BadInput, Refused, Unavailable
from tradewind.core.domain.events.envelope import Event
from tradewind.ports.cache import Cache
from tradewind.ports.event_store import EventQuery, EventStore
from tradewind.ports.metrics import Metrics
from tradewind.trading.account_books import ACCOUNTS_MAX, AccountBooks
from tradewind.trading.account_folds import folded
from tradewind.trading.cache_health import CacheHealth, Health
from tradewind.trading.portfolio_keys import MODES, PATTERN, Account, Portfolio, account_of, kept_form, read_back
from tradewind.trading.snapshots import restored

log = logging.getLogger(__name__)
ATTEMPTS_MAX = 64
"""Times that a portfolio is folded on since another writer was quicker."""
AWAY = (Unavailable, Refused)
"""What a cache raises that cannot be used: it does not answer, is full, or is not what its role asks for."""
PATIENCE_S = (0.02, 0.05, 0.1, 0.2)
"""How long the store's own writer is waited for, where an event comes here first."""
Reason = Literal["missing", "damaged", "behind", "nobodys"]
Repaired = Callable[[Account, Reason], Awaitable[None]]
"""Is told of a portfolio that was found wrong and was made again."""


@dataclass(frozen=True)
class CheckReport:
    """How many portfolios were looked at, and which of them were made again and why.

    `strange` are keys that were removed since no account has them and no name can be read from them.
    """

    accounts: int
    remade: Mapping[Account, Reason]
    strange: int = 0


class CachedPortfolios:
    """Portfolios of all accounts. A portfolio holds the place of its last event, and both change as one:

    an event counts once however often it is delivered, and a writer who was slower never undoes a newer state.
    """

    def __init__(
        self,
        cache: Cache,
        store: EventStore,
        metrics: Metrics,
        health: CacheHealth,
        *,
        books: AccountBooks | None = None,
        repaired: Repaired | None = None,
        patience_s: Sequence[float] = PATIENCE_S,
    ) -> None:
        self.cache, self.store, self.health = cache, store, health
        self.books = books or AccountBooks(store)
        self._metrics, self._repaired, self.patience_s = metrics, repaired, tuple(patience_s)
        self._read = {source: metrics.counter("portfolio_reads", source=source) for source in ("cache", "events")}

    async def read(self, account: Account) -> tuple[Portfolio, Literal["cache", "events"]]:
        """The portfolio as the cache has it, or where it cannot be had there as the events say, and which it was.

        Raises Unavailable where the event store does not answer either.
        """
        if self.health.ready:
            try:
                kept = read_back(await self.cache.mget(account.keys))
                if kept is not None:
                    self._read["cache"](1)
                    return kept, "cache"
                portfolio = await self.catch_up(account)
            except AWAY as problem:
                self.health.lost(str(problem))
            else:
                self._read["events"](1)
                return portfolio, "events"
        portfolio = await restored(self.store, account)
        self._read["events"](1)
        return portfolio, "events"

    async def catch_up(
        self, account: Account, known: Portfolio | None = None, *, seen: set[str] | None = None
    ) -> Portfolio:
        """Fold what came since into the cache, and return it. Raises Unavailable.

        It goes on from what is `known` of the account; else from what the cache has, and where that is nothing from the
        latest snapshot. `seen` is given the ids of the events that were folded.
        """
        for _ in range(ATTEMPTS_MAX):
            values = await self.cache.mget(account.keys)
            known = known or read_back(values) or await restored(self.store, account)
            known = await folded(self.store, account, known, seen=seen)
            to_write, expecting = kept_form(account, known), dict(zip(account.keys, values, strict=True))
            if to_write == expecting or await self.cache.apply(to_write, expecting):
                return known
            await asyncio.sleep(0)
        raise Unavailable(f"others kept changing the portfolio through {ATTEMPTS_MAX} attempts", where=account.name)

    async def handle(self, event: Event[Any]) -> None:
        """An event of an account happened. While the cache is away it is only made sure that the rebuild will find it.

        Where the store does not have it yet, since another consumer writes it, it is stored here: an event has one id,
        and is there once whoever stores it. Raises Unavailable where the store does not answer: it is not dealt with
        then. Raises BadInput for one whose token is not its account: it would not be found among the account's events.
        """
        if event.token != event.data.account:
            raise BadInput(
                f"an event of account {event.data.account!r} has the token {event.token!r}",
                where=event.event_id,
                fix="Publish it with its account as token",
            )
        if event.mode not in MODES:
            return
        if self.health.state is Health.AWAY:
            await self._stored(event)
            if self.health.state is Health.AWAY:
                return  # else the rebuild may have read before it was stored
        account, seen = Account(event.tenant, event.mode, event.token), set[str]()
        try:
            portfolio = await self.catch_up(account, seen=seen)
            if event.event_id in seen:
                return
            # It came for the second time, or before the store has it.
            if await self._stored(event) > portfolio.position:
                await self.catch_up(account, portfolio)
        except AWAY as problem:
            self.health.lost(str(problem))
            await self._stored(event)

    async def _stored(self, event: Event[Any]) -> int:
        """The place of an event in the store. Its own writer is waited for; after that it is stored here."""
        at = EventQuery(
            event.time_event, event.time_event + 1, tokens=(event.token,), types=(event.type,), tenant=event.tenant
        )
        for pause_s in (*self.patience_s, None):
            async for batch in self.store.read(at):
                for stored in batch:
                    if stored.event.event_id == event.event_id:
                        return stored.position
            if pause_s is not None:
                await asyncio.sleep(pause_s)
        return (await self.store.append([event]))[0]

    async def recover(self) -> bool:
        """Make every portfolio again, where the cache can be used: then it is relied on. Whether it is."""
        try:
            await self.cache.ping()
            self.health.found()
            losses = self.health.losses
            await self._remove_nobodys()
            # Those whose first event comes meanwhile are the consumer's: it is not kept from writing any more.
            for account in self.books.accounts:
                await self.catch_up(account, await self.books.portfolio(account))
                self._metrics.counter("cache_rebuilt", reason="recovery")(1)
        except AWAY as problem:
            self.health.lost(str(problem))
            return False
        if self.health.losses != losses:
            return False  # meanwhile somebody found it gone
        self.health.rebuilt()
        return True

    async def check(self, meanwhile: Callable[[], Awaitable[None]] | None = None) -> CheckReport:
        """Compare every portfolio in the cache with the events, and make again what differs. Raises Unavailable.

        `meanwhile` is called after each account: many of them take a while.
        """
        removed = await self._remove_nobodys()
        accounts = self.books.accounts
        remade: dict[Account, Reason] = dict.fromkeys((one for one in removed.values() if one is not None), "nobodys")
        for account in accounts:
            reason = await self._differs(account)
            if reason is not None:
                await self.catch_up(account, await self.books.portfolio(account))
                remade[account] = reason
            if meanwhile is not None:
                await meanwhile()
        for account, reason in remade.items():
            await self._tell(account, reason)
        return CheckReport(len(accounts), remade, list(removed.values()).count(None))

    async def _tell(self, account: Account, reason: Reason) -> None:
        log.log(
            logging.INFO if reason == "behind" else logging.WARNING,
            "the portfolio of %s in the cache was %s and was made again", account, reason,
        )  # fmt: skip
        self._metrics.counter("cache_rebuilt", reason=reason)(1)
        if self._repaired is not None and reason != "behind":
            await self._repaired(account, reason)

    async def _differs(self, account: Account) -> Reason | None:
        """How what the cache has of an account differs from its events. One that is behind is told as that alone."""
        values = await self.cache.mget(account.keys)
        ours, kept = await self.books.portfolio(account), read_back(values)
        if kept is not None and kept.position > ours.position:
            ours = await folded(self.store, account, ours, kept.position)
        if dict(zip(account.keys, values, strict=True)) == kept_form(account, ours):
            return None
        if kept is None:
            return "damaged" if any(values) else "missing"
        return "behind" if kept.position < ours.position else "damaged"

    async def _remove_nobodys(self) -> Mapping[str, Account | None]:
        """Remove what no event accounts for; the keys, and whose each was as far as it says.

        The events are gone through once the keys are listed: of an account that has just begun there is an event then.
        """
        listed = await self.cache.keys(PATTERN, 3 * ACCOUNTS_MAX)
        await self.books.advance()
        known = {key for account in self.books.accounts for key in account.keys}
        strange = [key for key in listed if key not in known]
        for key in strange:
            await self.cache.delete(key)
        return {key: account_of(key) for key in strange}
