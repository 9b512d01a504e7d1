"""Every event type: on which topic it travels, what it says, and how older versions of it are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.events import service_payloads as s
from tradewind.core.domain.events.partitioning import partition_of
from tradewind.core.domain.events.topics import DEAD_LETTERS, TOPICS, Topic

if TYPE_CHECKING:
    from tradewind.core.domain.events.envelope import Event

PLACES_REMEMBERED_MAX = 65_536
NAME_LOOKED_AT = 60
"""Characters of an unknown name that are compared with the names there are."""
Upgrade = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of event. `upgrades[i]` turns the fields of version i + 1 into those of version i + 2."""

    name: str
    topic: Topic
    payload: type[p.Payload]
    token: str
    """The payload's field that is the event's token."""
    upgrades: tuple[Upgrade, ...] = ()
    version: int = field(init=False)
    """The version that is written now: 1, and one more for each upgrade."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "version", len(self.upgrades) + 1)


_TABLE: tuple[tuple[str, str, type[p.Payload], str], ...] = (
    ("price.tick", "price.ticks", p.Tick, "symbol"),
    ("price.quote", "price.ticks", p.Quote, "symbol"),
    ("funding.due", "price.ticks", p.FundingDue, "symbol"),
    ("candle.closed", "market.candles", p.Candle, "symbol"),
    ("signal.generated", "signal.generated", p.Signal, "symbol"),
    ("signal.consensus", "signal.consensus", p.Consensus, "symbol"),
    ("decision.taken", "order.events", p.DecisionTaken, "account"),
    ("order.changed", "order.events", p.OrderChange, "account"),
    ("trade.executed", "trade.executed", p.Trade, "account"),
    ("position.changed", "state.changes", p.PositionChange, "account"),
    ("balance.changed", "state.changes", p.BalanceChange, "account"),
    ("portfolio.snapshot", "state.changes", p.PortfolioSnapshot, "account"),
    ("portfolio.carried", "state.changes", p.PortfolioCarried, "account"),
    ("liquidation.seen", "liquidation.events", p.Liquidation, "symbol"),
    ("sentiment.updated", "sentiment.updates", p.Sentiment, "symbol"),
    ("risk.alert", "risk.alerts", p.RiskAlert, "account"),
    ("whale.seen", "whale.events", p.Whale, "symbol"),
    ("data.quality", "data.quality", p.QualityProblem, "symbol"),
    ("task.changed", "task.events", s.TaskChange, "task_id"),
    ("audit.recorded", "audit.log", s.Audit, "actor"),
    ("review.changed", "review.events", s.Review, "proposal"),
    ("sandbox.alert", "sandbox.alerts", s.SandboxAlert, "proposal"),
    ("reconciliation.finished", "reconciliation.results", s.Reconciliation, "account"),
    ("event.dead", "system.events", p.DeadLetter, "topic"),
    ("event.revived", "system.events", p.Revival, "topic"),
    ("letter.closed", "system.events", p.LetterClosed, "topic"),
    ("service.changed", "system.events", s.ServiceChange, "service"),
    ("cache.repaired", "system.events", s.CacheRepair, "service"),
    ("timer.fired", "system.events", p.TimerFired, "service"),
    ("session.changed", "system.events", p.SessionChange, "service"),
    ("session.checkpoint", "system.events", p.SessionCheckpoint, "service"),
)

EVENT_TYPES: dict[str, EventType] = {
    name: EventType(name, TOPICS[topic], payload, token) for name, topic, payload, token in _TABLE
}
"""Every event type by its name."""


TRAVELLING: dict[type[p.Payload], Callable[[Topic], str]] = {
    p.DeadLetter: lambda topic: topic.dead_letters,
    p.LetterClosed: lambda topic: topic.dead_letters,
    p.Revival: lambda topic: topic.name,
}
"""Payloads that name the topic which they belong to, and where an event with one travels."""


def topic_of(event: Event[Any]) -> str:
    """The topic that an event travels on: its type's, or for one about another event that one's, or its dead letters.

    Raises BadInput where it names a topic that is not there.
    """
    where = TRAVELLING.get(type(event.data))
    return EVENT_TYPES[event.type].topic.name if where is None else where(_topic(event.data.topic))


def types_on(topic: str) -> tuple[str, ...]:
    """The types of the events that travel on a topic, or with its dead letters."""
    if topic.endswith(DEAD_LETTERS):
        return ("event.dead", "letter.closed")
    own = (kind.name for kind in EVENT_TYPES.values() if kind.topic.name == topic and kind.payload not in TRAVELLING)
    return (*own, "event.revived")


def numbers_by_topic(events: Iterable[Event[Any]]) -> Mapping[str, int]:
    """How many of these events travel on each topic."""
    events, found = tuple(events), Counter[str]()
    for name, number in Counter([event.type for event in events]).items():
        if EVENT_TYPES[name].payload in TRAVELLING:
            found.update(topic_of(event) for event in events if event.type == name)
        else:
            found[EVENT_TYPES[name].topic.name] += number
    return found


def place_of(event: Event[Any]) -> tuple[str, int]:
    """The topic and the partition that an event belongs to."""
    found = _usual_place(event.type, event.token)
    if found is None:
        topic = topic_of(event)
        return topic, partition_of(event.token, partitions_of(topic))
    return found


@lru_cache(PLACES_REMEMBERED_MAX)
def _usual_place(type_: str, token: str) -> tuple[str, int] | None:
    """Where events of a type and a token belong, whatever they say; None where that depends on it."""
    kind = EVENT_TYPES[type_]
    if kind.payload in TRAVELLING:
        return None
    return kind.topic.name, partition_of(token, kind.topic.partitions)


def partitions_of(topic: str) -> int:
    """How many parts a topic, or its dead letters, has. Raises BadInput where there is none of this name."""
    return _topic(topic.removesuffix(DEAD_LETTERS)).partitions


def _topic(name: str) -> Topic:
    found = TOPICS.get(name)
    if found is None:
        raise BadInput(f"there is no topic {name!r}", fix=f"There are: {', '.join(TOPICS)}")
    return found


def event_type(name: str) -> EventType:
    """The type of this name. Raises BadInput that names the nearest ones."""
    found = EVENT_TYPES.get(name) if isinstance(name, str) else None
    if found is None:
        from difflib import get_close_matches  # noqa: PLC0415 - only for the message

        near = get_close_matches(str(name)[:NAME_LOOKED_AT], EVENT_TYPES, 1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(EVENT_TYPES)}"
        raise BadInput(f"there is no event type {name!r:.60}", fix=hint)
    return found
