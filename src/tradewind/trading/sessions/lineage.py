"""Where an order came from: from its fills back by their causes to the decision, the ticks behind it, and the code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.timeframes import bucket_start_ns, timeframe_ns
from tradewind.ports.event_store import EventQuery, EventStore, StoredEvent
from tradewind.trading.sessions.terms import SessionTerms, read_terms

OF_ORDERS = ("decision.taken", "order.changed", "trade.executed")
DEPTH_MAX = 10_000
"""Causes that are followed; a longer chain is a circle."""


@dataclass(frozen=True)
class Ticks:
    """The ticks of the candle that had closed last when the decision was taken, by their first and last event."""

    start_ns: int
    end_ns: int
    number: int
    first: StoredEvent | None
    last: StoredEvent | None


@dataclass(frozen=True)
class Lineage:
    """An order's story. `causes` leads from what came first to the order's decision, `life` is the order's own."""

    order: str
    session: str
    terms: SessionTerms
    ticks: Ticks | None
    causes: tuple[StoredEvent, ...]
    life: tuple[StoredEvent, ...]


async def lineage(store: EventStore, order: str) -> Lineage:
    """The lineage of an order of a session. Raises BadInput where there is no such order."""
    session, dash, number = order.rpartition("-")
    begun = await _first(store, EventQuery(session=session, types=("session.changed",))) if dash else None
    if begun is None or not number.isdigit():
        raise BadInput(
            f"there is no order {order!r}",
            fix="An order is its session and its number, SESSION-12. List the sessions: tradewind replay",
        )
    terms = read_terms(begun.event.data.terms, session)
    known, life = {}, []
    async for batch in store.read(EventQuery(session=session, types=OF_ORDERS)):
        for stored in batch:
            known[stored.event.event_id] = stored
            if stored.event.data.order_id == order:
                life.append(stored)
    if not life:
        last = sum(type(stored.event.data) is p.DecisionTaken for stored in known.values())
        raise BadInput(f"session {session} has no order {number}", fix=f"It has taken {last} decisions")
    causes = await _causes(store, session, life[0], known)
    return Lineage(order, session, terms, await _ticks(store, session, terms, life[0]), tuple(causes), tuple(life))


async def _causes(
    store: EventStore, session: str, event: StoredEvent, known: dict[str, StoredEvent]
) -> list[StoredEvent]:
    """What brought an event about, the first cause first."""
    found: list[StoredEvent] = []
    while (wanted := event.event.causation_id) is not None and len(found) < DEPTH_MAX:
        cause = known.get(wanted) or await _at(store, session, event.event.time_event, wanted)
        if cause is None:
            break
        found.append(cause)
        event = cause
    return found[::-1]


async def _at(store: EventStore, session: str, time: int, event_id: str) -> StoredEvent | None:
    """The event of this id. What a session decides on has the time of the decision."""
    async for batch in store.read(EventQuery(session=session, start_ns=time, end_ns=time + 1)):
        for stored in batch:
            if stored.event.event_id == event_id:
                return stored
    return None


async def _ticks(store: EventStore, session: str, terms: SessionTerms, decision: StoredEvent) -> Ticks | None:
    step = timeframe_ns(terms.timeframe)
    end = bucket_start_ns(decision.event.time_event - terms.wait_ns, step)
    number, first, last = 0, None, None
    query = EventQuery(
        session=session, types=("price.tick", "candle.closed"), start_ns=end - step, end_ns=end,
    )  # fmt: skip
    async for batch in store.read(query):
        number += len(batch)
        first, last = first or batch[0], batch[-1]
    return Ticks(end - step, end, number, first, last) if number else None


async def _first(store: EventStore, query: EventQuery) -> StoredEvent | None:
    async for batch in store.read(query, 1):
        return batch[0]
    return None


def told(stored: StoredEvent) -> str:
    """An event in a line for people."""
    return str(TOLD.get(type(stored.event.data), str)(stored.event.data))


def _decision(d: p.DecisionTaken) -> str:
    if d.action != 1:
        return "cancel " + (f"order {d.order}" if d.order else "all orders")
    size = "the stake" if d.size is None else f"{d.size:g}"
    return f"{'buy' if d.side > 0 else 'sell'} {size} {'at the market' if d.limit is None else f'at {d.limit:g}'}"


TOLD: dict[type, Any] = {
    p.Tick: lambda d: f"{d.symbol} traded {d.size:g} at {d.price:g}",
    p.Candle: lambda d: f"{d.symbol} {d.timeframe} closed at {d.close:g}",
    p.TimerFired: lambda d: f"the {d.timer} timer",
    p.DecisionTaken: _decision,
    p.OrderChange: lambda d: f"{d.state.lower()}{f': {d.reason}' if d.reason else ''}",
    p.Trade: lambda d: f"{d.side} {d.size.normalize():f} at {d.price.normalize():f}, fee {d.fee.normalize():f}",
}
"""How each kind of event is told."""
