"""What must be so after any fault: one checker for all of them.

Nothing that was acknowledged is lost, nothing is there twice, what is kept equals what the events come to, and somebody
was told.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tradewind.core.domain.account_view import TYPES, AccountView, after
from tradewind.core.domain.events.envelope import Event
from tradewind.ports.cache import Cache
from tradewind.ports.event_store import EventQuery, EventStore
from tradewind.trading.portfolio_keys import Account, read_back


@dataclass(frozen=True)
class Found:
    """What is there after the faults: events in the order of storing, and portfolios as the cache has them."""

    stored: tuple[Event[Any], ...]
    kept: Mapping[Account, AccountView | None] = field(default_factory=dict)


def problems(
    acknowledged: Collection[str], found: Found, wanted_alerts: Collection[str] = (), alerts: Collection[str] = ()
) -> list[str]:
    """Every law that does not hold, in words; none where all is well."""
    ids = Counter(event.event_id for event in found.stored)
    lost = [one for one in acknowledged if one not in ids]
    twice = [one for one, number in ids.items() if number > 1]
    said = []
    if lost:
        said.append(f"{len(lost)} of {len(acknowledged)} acknowledged events are lost, the first {lost[0]}")
    if twice:
        said.append(f"{len(twice)} events are stored twice, the first {twice[0]}")
    aside = [event for event in found.stored if event.type == "event.dead"]
    if aside:
        said.append(f"{len(aside)} events were put aside, and none of them was bad; the first: {aside[0].data.reason}")
    views = rebuilt(found.stored)
    for account, view in views.items():
        if account not in found.kept or (kept := found.kept[account]) is None:
            said.append(f"{account.name} is not kept")
        elif kept != view:
            said.append(f"{account.name} is kept as {kept}, and its events come to {view}")
    said += [
        f"{account.name} is kept and has no events" for account in found.kept.keys() - rebuilt(found.stored).keys()
    ]
    said += [f"nobody was told by {alert}" for alert in sorted(set(wanted_alerts) - set(alerts))]
    return said


def rebuilt(events: Iterable[Event[Any]]) -> dict[Account, AccountView]:
    """Every account's view from nothing, each event once."""
    views: dict[Account, AccountView] = {}
    seen = set()
    for event in events:
        if event.type in TYPES and event.event_id not in seen:
            seen.add(event.event_id)
            account = Account(event.tenant, event.mode, event.data.account)
            views[account] = after(views.get(account, AccountView()), event)
    return views


async def looked_at(store: EventStore, cache: Cache) -> Found:
    """What is in the store and in the cache now."""
    stored = [one.event async for some in store.read(EventQuery()) for one in some]
    kept = {}
    for account in rebuilt(stored):
        portfolio = read_back(await cache.mget(account.keys))
        kept[account] = None if portfolio is None else portfolio.view
    return Found(tuple(stored), kept)
