"""What stored events need from time to time: candles brought up to date, old days packed, old history forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tradewind.core.domain.account_view import TYPES
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.core.domain.events.topics import TOPICS
from tradewind.core.domain.timeframes import UNITS_NS, timeframe_ns
from tradewind.ports.event_store import EventStore, Tidied
from tradewind.trading.carried_forward import CARRIED, carry_forward

DAY_NS = UNITS_NS["d"]
KEEP = ("365d",)
KEEP_NS_MIN = DAY_NS
"""Less than a day is refused: what is being worked on would go."""
WHERE = "--keep"
EXAMPLE = "Say for example --keep 365d --keep price.ticks=30d"


@dataclass(frozen=True)
class Upkept:
    """What was done, or with `dry_run` would be: events forgotten and held, by type; from before when, of which types.

    The times (ns UTC) are by type; the type "*" stands for all the others.
    """

    before_ns: Mapping[str, int]
    forgotten: Mapping[str, int]
    held: Mapping[str, int]
    tidied: Tidied
    dry_run: bool


@dataclass(frozen=True)
class Keep:
    """How long events stay: those of a type as `of` says, all others `rest_ns`."""

    rest_ns: int
    of: Mapping[str, int] = field(default_factory=dict)


def keep_of(words: Sequence[str] = KEEP) -> Keep:
    """How long events stay from words as `365d` (all of them) and `price.ticks=30d` (a topic's or a type's).

    Raises BadInput for what is no such word, less than a day, an unknown name, or a type that is never forgotten.
    """
    rest, found = timeframe_ns(KEEP[0]), {}
    for word in words:
        name, equals, length = word.rpartition("=")
        try:
            keep_ns = timeframe_ns(length)
        except BadInput as problem:
            raise BadInput(
                f"{length!r:.60} is no length of time", where=WHERE, fix=f"{problem.fix}. {EXAMPLE}"
            ) from None
        if keep_ns < KEEP_NS_MIN:
            raise BadInput("less than a day of events cannot be kept", where=WHERE, fix=EXAMPLE)
        if equals:
            found.update(dict.fromkeys(_types_of(name), keep_ns))
        else:
            rest = keep_ns
    return Keep(rest, found)


def _types_of(name: str) -> list[str]:
    types = [type_ for type_, kind in EVENT_TYPES.items() if name in (type_, kind.topic.name)]
    if not types:
        raise BadInput(
            f"there is no topic or event type {name!r}", where=WHERE, fix=f"There are the topics {', '.join(TOPICS)}"
        )
    if EVENT_TYPES[types[0]].topic.retention_ns is None:
        raise BadInput(f"{name} is never forgotten", where=WHERE, fix="Leave it out")
    return types


async def upkeep(store: EventStore, now_ns: int, keep: Keep, *, dry_run: bool = False) -> Upkept:
    """Forget the days (UTC) that are older than they are to be kept; audit records and held events stay.

    What accounts come to is written down first, so that they can still be made when their events are gone.
    May be done as often as one likes, by several at once.
    """
    befores = {
        type_: (now_ns - keep.of.get(type_, keep.rest_ns)) // DAY_NS * DAY_NS
        for type_, kind in EVENT_TYPES.items()
        if kind.topic.retention_ns is not None
    }
    groups: dict[int, list[str]] = {}
    for type_, before in sorted(befores.items()):
        groups.setdefault(before, []).append(type_)
    oldest = min(groups)
    if not dry_run:
        await carry_forward(store, max(befores[type_] for type_ in (*TYPES, CARRIED)), now_ns)
    tidied = Tidied() if dry_run else await store.tidy()
    forgotten: Counter[str] = Counter()
    held: dict[str, int] = {}
    # What is too old for every type goes first, whole days at a time; a dry run would count it twice.
    every: list[tuple[int, tuple[str, ...]]] = [(oldest, ())] if len(groups) == 1 or not dry_run else []
    some = [(before, tuple(types)) for before, types in sorted(groups.items()) if len(groups) > 1]
    for before, types in every + [(b, t) for b, t in some if dry_run or b > oldest]:
        purged = await store.purge(before, types, dry_run=dry_run)
        forgotten.update(purged.forgotten)
        held |= purged.held
    rest = (now_ns - keep.rest_ns) // DAY_NS * DAY_NS
    told = {"*": rest} | {type_: befores[type_] for type_ in sorted(keep.of)}
    return Upkept(told, dict(forgotten), held, tidied, dry_run)
