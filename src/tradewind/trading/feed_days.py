"""A symbol's live data on a day: how much came, what was told to be wrong with it, whether that was too much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.ports.event_store import EventQuery, EventStore

DAY_NS = UNITS_NS["d"]
ALLOWED = 0.001
"""One in a thousand: the share of ticks and quotes that may be wrong before a day is a breach."""
LEAST = 5
"""Fewer problems than these are no bad day, however little came: a day has only begun, or a market trades seldom."""
SYNTHETIC = "synthetic"
"""What the source of invented data begins with."""
SEEN = ("price.tick", "price.quote")
TOLD = ("data.quality",)


@dataclass(frozen=True)
class FeedDay:
    """One symbol on one day (UTC): problems by name. `share` is problems to ticks and quotes; None where none came."""

    day_ns: int
    symbol: str
    received: int
    problems: Mapping[str, int]
    share: float | None
    breach: bool

    @property
    def told(self) -> str:
        """The problems in words: `crossed 4, gap 1`."""
        return ", ".join(f"{name} {number:,}" for name, number in sorted(self.problems.items()))


def judged(day_ns: int, symbol: str, received: int, problems: Mapping[str, int], allowed: float = ALLOWED) -> FeedDay:
    """A day and its verdict. It is a breach where nothing came but problems, or too much of what came was wrong."""
    number = sum(problems.values())
    share = number / received if received else None
    breach = number > 0 if share is None else number >= LEAST and share > allowed
    return FeedDay(day_ns, symbol, received, dict(problems), share, breach)


async def received_on(store: EventStore, day_ns: int, symbol: str, tenant: str) -> int:
    """How many ticks and quotes of a symbol happened on a day, without those that sessions recorded for themselves."""
    return await store.count(
        EventQuery(
            start_ns=day_ns, end_ns=day_ns + DAY_NS, tokens=(symbol,), types=SEEN, tenant=tenant, outside_sessions=True
        )
    )


async def problems_on(store: EventStore, day_ns: int, symbol: str, tenant: str) -> Counter[str]:
    """What was told to be wrong with a symbol on a day, by name."""
    found = Counter[str]()
    query = EventQuery(
        start_ns=day_ns, end_ns=day_ns + DAY_NS, tokens=(symbol,), types=TOLD, tenant=tenant, outside_sessions=True
    )
    async for batch in store.read(query):
        for stored in batch:
            found[stored.event.data.problem] += stored.event.data.ticks
    return found
