"""What stored events need from time to time: candles brought up to date, and old history forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.ports.event_store import EventStore

DAY_NS = UNITS_NS["d"]
KEEP_NS = 365 * DAY_NS
KEEP_NS_MIN = DAY_NS
"""Less than a day is refused: what is being worked on would go."""


@dataclass(frozen=True)
class Upkept:
    """What was done, or with `dry_run` would be: events forgotten from before a time, by their type."""

    before_ns: int
    forgotten: Mapping[str, int]
    dry_run: bool


async def upkeep(store: EventStore, now_ns: int, keep_ns: int = KEEP_NS, *, dry_run: bool = False) -> Upkept:
    """Forget the days (UTC) that are older than `keep_ns`; audit records stay. May be done as often as one likes.

    Raises BadInput for less than a day.
    """
    if keep_ns < KEEP_NS_MIN:
        raise BadInput("less than a day of events cannot be kept", where="--keep", fix="Say for example --keep 365d")
    before = (now_ns - keep_ns) // DAY_NS * DAY_NS
    return Upkept(before, await store.purge(before, dry_run=dry_run), dry_run)
