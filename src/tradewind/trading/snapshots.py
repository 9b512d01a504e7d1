"""Snapshots of accounts, and an account made again: from its latest snapshot, or from zero.

An account is the fold of its events in the order of the store. The bus only says that something has happened; what,
and in which order, the store says. So however a process ends, the same snapshots are taken at the same events.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tradewind.core.domain.account_view import FOLD, TYPES, AccountView, after
from tradewind.core.domain.events.codec import EVENT_BYTES_MAX
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.payloads import PortfolioSnapshot
from tradewind.core.domain.snapshot_rules import SnapshotRules, reason_for
from tradewind.messaging.consumer import EventConsumer
from tradewind.messaging.handlers import event_handler
from tradewind.messaging.producer import EventProducer
from tradewind.ports.bus import Bus
from tradewind.ports.event_store import EventQuery, EventStore, StoredEvent
from tradewind.ports.metrics import Metrics
from tradewind.trading.account_folds import account_events, folded
from tradewind.trading.carried_forward import beginning
from tradewind.trading.derived_events import Outbox, Stream
from tradewind.trading.most_recent import STREAMS_MAX, MostRecent
from tradewind.trading.portfolio_keys import MODES, Account, Portfolio

log = logging.getLogger(__name__)
SNAPSHOT = "portfolio.snapshot"
SOURCE = "snapshots"
"""The same for every member: what one has taken and another takes again, since the store is late, is one event."""
VIEW_BYTES_MAX = EVENT_BYTES_MAX - 8_192
"""An account that takes more is made again from its events alone."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An account at a moment (ns UTC), as its events of up to then come to."""

    portfolio: Portfolio
    time_ns: int


async def latest_snapshot(store: EventStore, account: Account) -> Snapshot | None:
    """The latest snapshot of an account that can be read; None where there is none."""
    found = None
    query = EventQuery(
        types=(SNAPSHOT,),
        tokens=(account.name,),
        tenant=account.tenant,
        after_position=await store.bookmark(_bookmark(account)),
    )
    async for batch in store.read(query):
        for stored in batch:
            if account.owns(stored.event):
                found = _opened(stored.event) or found
    return found


async def restored(store: EventStore, account: Account) -> Portfolio:
    """The account as it is, from its latest snapshot and what came after."""
    return await folded(store, account, await _beginning(store, account, await latest_snapshot(store, account)))


async def _beginning(store: EventStore, account: Account, snapshot: Snapshot | None) -> Portfolio:
    """Where to begin: at the snapshot, or where the account was carried forward after it.

    Events between a snapshot and a later entry may be forgotten: nobody goes over them any more.
    """
    carried = await beginning(store, account)
    return carried if snapshot is None or snapshot.portfolio.position < carried.position else snapshot.portfolio


@dataclass
class _Kept:
    portfolio: Portfolio
    latest: Snapshot | None
    outbox: Outbox
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)


class PortfolioSnapshots(EventConsumer):
    """Publishes `portfolio.snapshot` of every paper and live account, by SnapshotRules."""

    def __init__(
        self,
        bus: Bus,
        producer: EventProducer,
        metrics: Metrics,
        store: EventStore,
        *,
        member: str,
        group: str = "snapshots",
        rules: SnapshotRules | None = None,
        accounts_max: int = STREAMS_MAX,
        **given: Any,
    ) -> None:
        super().__init__(bus, producer, metrics, group=group, member=member, **given)
        self.producer, self.store, self.rules = producer, store, rules or SnapshotRules()
        self._taken = metrics.counter("snapshots_taken")
        self._kept: MostRecent[Account, _Kept] = MostRecent(accounts_max)
        self._opening = asyncio.Lock()

    @event_handler(*TYPES)
    async def keep(self, event: Event[Any]) -> None:
        """Something happened to an account: fold all that did since, and publish the snapshots that are due."""
        if event.mode not in MODES:
            return
        account = Account(event.tenant, event.mode, event.token)
        kept = await self._kept_of(account)
        async with kept.one_at_a_time:
            async for stored in account_events(self.store, account, kept.portfolio.position):
                self._fold(account, kept, stored)
            published = await kept.outbox.publish()
            if published and kept.latest is not None:
                # Every snapshot lies behind the last event that it holds.
                await self.store.mark(_bookmark(account), kept.latest.portfolio.position)
                self._taken(published)

    def portfolio(self, account: Account) -> Portfolio | None:
        """The account as it is known here; None where nothing has happened to it since this process began."""
        kept = self._kept.get(account)
        return None if kept is None else kept.portfolio

    def _fold(self, account: Account, kept: _Kept, stored: StoredEvent) -> None:
        event, latest = stored.event, kept.latest
        view = after(kept.portfolio.view, event)
        kept.portfolio = Portfolio(view, stored.position)
        before, before_ns = (None, 0) if latest is None else (latest.portfolio.view, latest.time_ns)
        reason = reason_for(before, before_ns, view, event.time_recorded, self.rules)
        if reason is None:
            return
        fields = msgspec.to_builtins(view)
        if len(msgspec.json.encode(fields)) > VIEW_BYTES_MAX:
            log.warning("%s is too large for a snapshot: %d positions", account, len(view.positions))
            return
        kept.latest = Snapshot(kept.portfolio, event.time_recorded)
        data = PortfolioSnapshot(account=account.name, position=stored.position, reason=reason, view=fields, fold=FOLD)
        kept.outbox.add(SNAPSHOT, data, event.time_recorded, (stored.position,), event)

    async def _kept_of(self, account: Account) -> _Kept:
        async with self._opening:
            kept = self._kept.get(account)
            if kept is None:
                latest = await latest_snapshot(self.store, account)
                stream = Stream(account.tenant, SOURCE, account.mode, None, account.name)
                portfolio = await _beginning(self.store, account, latest)
                kept = _Kept(portfolio, latest, Outbox(stream, self.producer))
                self._kept.put(account, kept)
            return kept


def _opened(event: Event[Any]) -> Snapshot | None:
    """The snapshot that an event holds; None where accounts were folded or looked otherwise when it was taken."""
    if event.data.fold != FOLD:
        return None
    try:
        view = msgspec.convert(event.data.view, AccountView)
    except msgspec.ValidationError as problem:
        log.warning("snapshot %s of %s cannot be read: %s", event.event_id, event.token, problem)
        return None
    return Snapshot(Portfolio(view, event.data.position), event.time_event)


def _bookmark(account: Account) -> str:
    return f"snapshot {account.tenant!r} {account.mode} {account.name!r}"
