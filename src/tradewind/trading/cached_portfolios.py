"""Portfolios at hand: folded from the events, kept in the cache, and read from the events while the cache is away."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, Literal

from tradewind.core.domain.account_view import TYPES, after
from tradewind.core.domain.errors import BadInput, Refused, Unavailable
from tradewind.core.domain.events.envelope import Event
from tradewind.ports.cache import Cache
from tradewind.ports.event_store import EventQuery, EventStore
from tradewind.ports.metrics import Metrics
from tradewind.trading.cache_health import CacheHealth, Health
from tradewind.trading.portfolio_keys import MODES, PATTERN, Account, Portfolio, account_of, read_back, written
from tradewind.trading.snapshots import restored

log = logging.getLogger(__name__)
ATTEMPTS_MAX = 64
"""Times that a portfolio is folded again since another writer was quicker."""
ACCOUNTS_MAX = 100_000
"""Accounts of which the cache may hold portfolios."""
AWAY = (Unavailable, Refused)
"""What a cache raises that cannot be used: it does not answer, is full, or is not what its role asks for."""
WATCHED = "portfolio:watch"
"""A key that is asked for to see whether the cache answers."""
Reason = Literal["missing", "damaged", "behind", "nobodys"]


@dataclass(frozen=True)
class CheckReport:
    """How many portfolios were looked at, and which of them were made again and why."""

    accounts: int
    remade: dict[Account, Reason]


class CachedPortfolios:
    """Portfolios of all accounts. A portfolio holds the place of its last event, and both change as one:

    an event counts once however often it is delivered, and a writer who was slower never undoes a newer state.
    """

    def __init__(self, cache: Cache, store: EventStore, metrics: Metrics, health: CacheHealth) -> None:
        self.cache, self.store, self.health = cache, store, health
        self._metrics = metrics
        self._accounts: set[Account] = set()
        self._seen = 0

    async def read(self, account: Account) -> tuple[Portfolio, Literal["cache", "events"]]:
        """The portfolio as the cache has it, or where it cannot be had there as the events say, and which it was.

        Raises Unavailable where the event store does not answer either.
        """
        if self.health.ready:
            try:
                kept = read_back(await self.cache.mget(account.keys))
                if kept is not None:
                    return kept, "cache"
                return await self.catch_up(account), "events"
            except AWAY as problem:
                self.health.lost(str(problem))
        return await restored(self.store, account), "events"

    async def catch_up(self, account: Account, *, anew: bool = False) -> Portfolio:
        """Fold what came since into the cache, or everything `anew`, and return it. Raises Unavailable."""
        for _ in range(ATTEMPTS_MAX):
            values = await self.cache.mget(account.keys)
            kept = read_back(values)
            now = await self._folded(account, Portfolio() if anew or kept is None else kept)
            to_write = written(account, now)
            expecting = dict(zip(account.keys, values, strict=True))
            if to_write == expecting or await self.cache.apply(to_write, expecting):
                return now
            await asyncio.sleep(0)
        raise Unavailable(f"others kept changing the portfolio through {ATTEMPTS_MAX} attempts", where=account.name)

    async def handle(self, event: Event[Any]) -> None:
        """An event of an account was stored. While the cache is away nothing is done: the rebuild will find it.

        Raises BadInput for one whose token is not its account: it would not be found among the account's events.
        """
        if event.token != event.data.account:
            raise BadInput(
                f"an event of account {event.data.account!r} has the token {event.token!r}",
                where=event.event_id,
                fix="Publish it with its account as token",
            )
        if event.mode not in MODES or self.health.state is Health.AWAY:
            return
        try:
            await self.catch_up(Account(event.tenant, event.mode, event.token))
        except AWAY as problem:
            self.health.lost(str(problem))

    async def recover(self) -> bool:
        """Make every portfolio again, where the cache can be used: then it is relied on. Whether it is."""
        try:
            await self.ping()
            self.health.found()
            await self._remove_nobodys(await self._all_accounts())
            # Those whose first event comes meanwhile are the consumer's: it is not kept from writing any more.
            for account in list(self._accounts):
                await self.catch_up(account, anew=True)
                self._metrics.counter("cache_rebuilt", reason="recovery")(1)
        except AWAY as problem:
            self.health.lost(str(problem))
            return False
        if self.health.state is not Health.REBUILDING:
            return False  # meanwhile the consumer found it gone
        self.health.rebuilt()
        return True

    async def ping(self) -> None:
        """Raises Unavailable where the cache does not answer."""
        await self.cache.get(WATCHED)

    async def check(self) -> CheckReport:
        """Compare every portfolio in the cache with the events, and make again what differs. Raises Unavailable."""
        known = set(await self._all_accounts())
        remade: dict[Account, Reason] = dict.fromkeys(await self._remove_nobodys(known), "nobodys")
        for account in known:
            reason = await self._differs(account)
            if reason is not None:
                await self.catch_up(account, anew=True)
                remade[account] = reason
        for account, reason in remade.items():
            log.log(
                logging.INFO if reason == "behind" else logging.WARNING,
                "the portfolio of %s in the cache was %s and was made again", account, reason,
            )  # fmt: skip
            self._metrics.counter("cache_rebuilt", reason=reason)(1)
        return CheckReport(len(known), remade)

    async def _differs(self, account: Account) -> Reason | None:
        values = await self.cache.mget(account.keys)
        kept = read_back(values)
        if kept is None:
            return "damaged" if any(values) else "missing"
        then = await self._folded(account, Portfolio(), kept.position)
        if written(account, then) != dict(zip(account.keys, values, strict=True)):
            return "damaged"
        now = await self._folded(account, then)
        return None if now.position == then.position else "behind"

    async def _remove_nobodys(self, known: set[Account]) -> list[Account]:
        """Remove what no event accounts for."""
        found = {key: account_of(key) for key in await self.cache.get_all(PATTERN, 3 * ACCOUNTS_MAX)}
        strange = {key: account for key, account in found.items() if account not in known}
        for key in strange:
            await self.cache.delete(key)
        return list({account for account in strange.values() if account is not None})

    async def _all_accounts(self) -> set[Account]:
        """Every account that the store has events of; only what came since is looked at."""
        query = EventQuery(types=TYPES, after_position=self._seen)
        async for batch in self.store.read(query):
            for stored in batch:
                event, self._seen = stored.event, stored.position
                if event.mode in MODES:
                    self._accounts.add(Account(event.tenant, event.mode, event.token))
        return self._accounts

    async def _folded(self, account: Account, portfolio: Portfolio, until: int | None = None) -> Portfolio:
        """The portfolio after what the store holds of the account beyond it, or of that up to a position."""
        view, position = portfolio.view, portfolio.position
        query = EventQuery(tenant=account.tenant, types=TYPES, after_position=position, tokens=(account.name,))
        async for batch in self.store.read(query):
            for stored in batch:
                if until is not None and stored.position > until:
                    return Portfolio(view, position)
                if account.owns(stored.event):
                    view, position = after(view, stored.event), stored.position
        return Portfolio(view, position)
