"""How good live market data was: what was told to be wrong with it, day by day, beside how much came."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from tradewind.core.domain.errors import BadInput
from tradewind.ports.event_store import EventQuery, EventStore
from tradewind.trading.feed_days import ALLOWED, DAY_NS, SEEN, SYNTHETIC, TOLD, FeedDay, judged, received_on

DAYS_MAX = 400
DAYS_SHOWN = 31
"""Where nobody says which days."""


@dataclass(frozen=True)
class FeedQuality:
    """Days on which something was wrong, earliest first; and how many ticks and quotes of all symbols came."""

    start_ns: int
    end_ns: int
    allowed: float
    received: int
    days: tuple[FeedDay, ...]
    synthetic: bool = False
    """Whether some of what was wrong is invented data."""

    @property
    def breaches(self) -> tuple[FeedDay, ...]:
        """The days on which more was wrong than is allowed."""
        return tuple(day for day in self.days if day.breach)

    @property
    def problems(self) -> int:
        """All that was told to be wrong."""
        return sum(sum(day.problems.values()) for day in self.days)


async def feed_quality(
    store: EventStore, start_ns: int, end_ns: int, allowed: float = ALLOWED, *, tenant: str
) -> FeedQuality:
    """What `data.quality` events say about a stretch of whole days. Raises BadInput for a stretch that is none."""
    start_ns, end_ns = start_ns // DAY_NS * DAY_NS, -(-end_ns // DAY_NS) * DAY_NS
    if not 0 < end_ns - start_ns <= DAYS_MAX * DAY_NS:
        raise BadInput(f"a report is of 1 to {DAYS_MAX} days", where="--start, --end", fix="Let --end follow --start")
    if not 0.0 <= allowed < 1.0:
        raise BadInput(f"{allowed:g} is no share", where="--allowed", fix="Say for example 0.001, one in a thousand")
    synthetic = False
    found: defaultdict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    query = EventQuery(start_ns=start_ns, end_ns=end_ns, types=TOLD, tenant=tenant, outside_sessions=True)
    async for batch in store.read(query):
        for stored in batch:
            event = stored.event
            synthetic = synthetic or event.source.startswith(SYNTHETIC)
            found[event.time_event // DAY_NS * DAY_NS, event.data.symbol][event.data.problem] += event.data.ticks
    days = [
        judged(day_ns, symbol, await received_on(store, day_ns, symbol, tenant), found[day_ns, symbol], allowed)
        for day_ns, symbol in sorted(found)
    ]
    received = await store.count(
        EventQuery(start_ns=start_ns, end_ns=end_ns, types=SEEN, tenant=tenant, outside_sessions=True)
    )
    return FeedQuality(start_ns, end_ns, allowed, received, tuple(days), synthetic)


async def days_with_ticks(
    store: EventStore, end_ns: int, most: int = DAYS_SHOWN, *, tenant: str
) -> tuple[int, int] | None:
    """The latest days up to a time on which something came or was told to be wrong, from the first to the last of them.

    That is a stretch of whole days, of `most` at most, that begins and ends with such a day; None where there is none.
    """
    end_ns = -(-end_ns // DAY_NS) * DAY_NS

    async def is_there(start_ns: int, until_ns: int) -> bool:
        query = EventQuery(
            start_ns=start_ns, end_ns=until_ns, types=(*SEEN, *TOLD), tenant=tenant, outside_sessions=True
        )
        return await store.count(query) > 0

    length = DAY_NS
    while not await is_there(end_ns - length, end_ns):
        if length > end_ns:
            return None
        end_ns, length = end_ns - length, 2 * length
    low, high = end_ns - length, end_ns
    while high - low > DAY_NS:  # the last day lies between, the later half first
        middle = low + (high - low) // DAY_NS // 2 * DAY_NS
        low, high = (middle, high) if await is_there(middle, high) else (low, middle)
    end_ns = high
    low, high = end_ns - most * DAY_NS, end_ns
    while high - low > DAY_NS:  # and of the days before it the first, the earlier half first
        middle = low + (high - low) // DAY_NS // 2 * DAY_NS
        low, high = (low, middle) if await is_there(low, middle) else (middle, high)
    return low, end_ns
