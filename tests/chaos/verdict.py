"""What must be so after any fault: one checker for all of them.

Nothing that was acknowledged is lost, nothing is there twice, what is kept equals what the events come to, and somebody
was told.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tradewind.core.domain.account_view import TYPES, AccountView, after
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.timeframes import timeframe_ns
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
    said += wrong_candles(found.stored)
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


def wrong_candles(events: Iterable[Event[Any]]) -> list[str]:
    """Candles that stand there twice, or count more ticks than happened in their time.

    Fewer are no fault: a tick that was held up until its candle had closed is late, and late ticks are left out.
    """
    ticks: dict[str, list[int]] = {}
    candles = []
    for event in events:
        if event.type == "price.tick":
            insort(ticks.setdefault(event.token, []), event.time_event)
        elif event.type == "candle.closed":
            candles.append(event.data)
    said = []
    for (symbol, timeframe, time), number in Counter((c.symbol, c.timeframe, c.time) for c in candles).items():
        if number > 1:
            said.append(f"the {timeframe} candle of {symbol} at {time} stands there {number} times")
    for candle in candles:
        times, end = ticks.get(candle.symbol, []), candle.time + timeframe_ns(candle.timeframe)
        there = bisect_left(times, end) - bisect_left(times, candle.time)
        if candle.ticks > there:
            said.append(f"a candle of {candle.symbol} at {candle.time} counts {candle.ticks} ticks of {there}")
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
