"""How good live market data was: what was told to be wrong with it, day by day, beside how much came."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.ports.event_store import EventQuery, EventStore

DAY_NS = UNITS_NS["d"]
DAYS_MAX = 400
ALLOWED = 0.001
"""One in a thousand: the share of ticks and quotes that may be wrong before a day is a breach."""
SEEN = ("price.tick", "price.quote")


@dataclass(frozen=True)
class FeedDay:
    """One symbol on one day (UTC): problems by name. `share` is problems to ticks and quotes; None where none came."""

    day_ns: int
    symbol: str
    received: int
    problems: Mapping[str, int]
    share: float | None
    breach: bool


@dataclass(frozen=True)
class FeedQuality:
    """Days on which something was wrong, earliest first; and how many ticks and quotes of all symbols came."""

    start_ns: int
    end_ns: int
    received: int
    days: tuple[FeedDay, ...]

    @property
    def breaches(self) -> tuple[FeedDay, ...]:
        """The days on which more was wrong than is allowed."""
        return tuple(day for day in self.days if day.breach)


async def feed_quality(store: EventStore, start_ns: int, end_ns: int, allowed: float = ALLOWED) -> FeedQuality:
    """What `data.quality` events say about a stretch of whole days. Raises BadInput for a stretch that is none."""
    start_ns, end_ns = start_ns // DAY_NS * DAY_NS, -(-end_ns // DAY_NS) * DAY_NS
    if not 0 < end_ns - start_ns <= DAYS_MAX * DAY_NS:
        raise BadInput(f"a report is of 1 to {DAYS_MAX} days", where="--start, --end", fix="Let --end follow --start")
    if not 0.0 <= allowed < 1.0:
        raise BadInput(f"{allowed:g} is no share", where="--allowed", fix="Say for example 0.001, one in a thousand")
    found: defaultdict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    async for batch in store.read(EventQuery(start_ns=start_ns, end_ns=end_ns, types=("data.quality",))):
        for stored in batch:
            event = stored.event
            found[event.time_event // DAY_NS * DAY_NS, event.data.symbol][event.data.problem] += event.data.ticks
    days = [await _day(store, day_ns, symbol, found[day_ns, symbol], allowed) for day_ns, symbol in sorted(found)]
    received = await store.count(EventQuery(start_ns=start_ns, end_ns=end_ns, types=SEEN))
    return FeedQuality(start_ns, end_ns, received, tuple(days))


async def _day(store: EventStore, day_ns: int, symbol: str, problems: Counter[str], allowed: float) -> FeedDay:
    query = EventQuery(start_ns=day_ns, end_ns=day_ns + DAY_NS, tokens=(symbol,), types=SEEN)
    received = await store.count(query)
    share = problems.total() / received if received else None
    return FeedDay(day_ns, symbol, received, dict(problems), share, share is None or share > allowed)
