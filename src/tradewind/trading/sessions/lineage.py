"""Where an order came from: from its fills back by their causes to the decision, the ticks behind it, and the code."""

from __future__ import annotations

from dataclasses import dataclass

from tradewind.core.domain.candle_building import CandleBuilder, CandleRules
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.timeframes import bucket_start_ns, timeframe_ns
from tradewind.ports.event_store import EventQuery, EventStore, StoredEvent
from tradewind.trading.sessions.terms import SessionTerms, read_terms

OF_ORDERS = ("decision.taken", "order.changed", "trade.executed")
OF_MARKET = ("price.tick", "candle.closed")
CASCADE_MAX = 100_000
"""Events that followed from one input and are looked through."""
LIST_THEM = "List the sessions: tradewind replay"
ENDS = frozenset(("REJECTED", "CANCELED", "EXPIRED"))


@dataclass(frozen=True)
class Ticks:
    """The ticks of the candle that had closed last when the decision was taken, and that candle, made of them again."""

    symbol: str
    start_ns: int
    end_ns: int
    number: int
    first: StoredEvent | None
    last: StoredEvent | None
    candle: p.Candle | None


@dataclass(frozen=True)
class Lineage:
    """An order's story. `causes` leads from what came first to the order's decision, `life` is the order's own.

    `fill` is the id of the trade that was asked for, where one was. `missing` are the links that the record does not
    have, each in a sentence.
    """

    order: str
    session: str
    terms: SessionTerms
    ticks: Ticks | None
    causes: tuple[StoredEvent, ...]
    life: tuple[StoredEvent, ...]
    fill: str | None
    missing: tuple[str, ...]


async def lineage(store: EventStore, what: str, *, tenant: str | None = None) -> Lineage:
    """The lineage of an order of a session (`SESSION-12`), or of a fill by its trade's id (`SESSION-t7`).

    The record is read twice and never held whole. Raises BadInput where there is nothing of this name.
    """
    order, fill = await _order_of(store, what, tenant)
    session, _, number = order.rpartition("-")
    terms = await terms_of(store, session, tenant)
    if terms is None or not (number.isascii() and number.isdigit()):
        raise BadInput(f"there is no order or fill {what!r}", fix=f"Name it as SESSION-12 or SESSION-t7. {LIST_THEM}")
    life, orders = [], 0
    async for batch in store.read(EventQuery(session=session, types=OF_ORDERS, tenant=tenant)):
        for stored in batch:
            orders = max(orders, stored.event.data.order if type(stored.event.data) is p.DecisionTaken else 0)
            if stored.event.data.order_id == order:
                life.append(stored)
    if not life:
        raise BadInput(f"session {session} has no order {number}", fix=f"Its orders are numbered up to {orders}")
    causes = await _causes(store, session, tenant, life[0])
    ticks = await _ticks(store, session, tenant, terms, life[0], life)
    told = _missing(life, causes, ticks)
    return Lineage(order, session, terms, ticks, tuple(causes), tuple(life), fill, told)


async def terms_of(store: EventStore, session: str, tenant: str | None) -> SessionTerms | None:
    """The terms of a session; None where there is none of this name."""
    begun = await first_of(store, EventQuery(session=session, types=("session.changed",), tenant=tenant))
    return None if begun is None else read_terms(begun.event.data.terms, session)


async def first_of(store: EventStore, query: EventQuery) -> StoredEvent | None:
    """The first event that fits."""
    async for batch in store.read(query, 1):
        return batch[0]
    return None


async def _order_of(store: EventStore, what: str, tenant: str | None) -> tuple[str, str | None]:
    """The order that is asked for, and the fill by which it was."""
    session, _, last = what.rpartition("-")
    if last.isascii() and last.isdigit():
        return what, None
    query = EventQuery(session=session or None, types=("trade.executed",), tenant=tenant)
    async for batch in store.read(query):
        for stored in batch:
            if stored.event.data.trade_id == what:
                return stored.event.data.order_id, what
    return what, None


async def _causes(store: EventStore, session: str, tenant: str | None, event: StoredEvent) -> list[StoredEvent]:
    """What brought an event about, the first cause first.

    All that followed from one input shares its `correlation_id`, so only that is looked through. The input itself, a
    tick or a timer, has the time of what was decided on it.
    """
    cascade: dict[str, StoredEvent] = {}
    chain = event.event.correlation_id
    async for batch in store.read(EventQuery(session=session, types=OF_ORDERS, tenant=tenant)):
        for stored in batch:
            if stored.event.correlation_id == chain and stored.position < event.position:
                cascade[stored.event.event_id] = stored
        if batch[-1].position >= event.position or len(cascade) >= CASCADE_MAX:
            break
    found: list[StoredEvent] = []
    while (wanted := event.event.causation_id) is not None:
        cause = cascade.pop(wanted, None) or await _at(store, session, tenant, event.event.time_event, wanted)
        if cause is None:
            break
        found.append(cause)
        event = cause
    return found[::-1]


async def _at(store: EventStore, session: str, tenant: str | None, time: int, event_id: str) -> StoredEvent | None:
    query = EventQuery(session=session, start_ns=time, end_ns=time + 1, tenant=tenant)
    async for batch in store.read(query):
        for stored in batch:
            if stored.event.event_id == event_id:
                return stored
    return None


async def _ticks(
    store: EventStore, session: str, tenant: str | None, terms: SessionTerms, decision: StoredEvent,
    life: list[StoredEvent],
) -> Ticks | None:  # fmt: skip
    """The ticks of the order's symbol in the candle before the decision."""
    step = timeframe_ns(terms.timeframe)
    end = bucket_start_ns(decision.event.time_event - terms.wait_ns, step)
    named = next((s.event.data.symbol for s in life if type(s.event.data) is not p.DecisionTaken), None)
    symbol = named or terms.symbols[getattr(decision.event.data, "symbol", 0)]
    number, first, last = 0, None, None
    builder, given = CandleBuilder(symbol, CandleRules((terms.timeframe,), terms.wait_ns)), None
    query = EventQuery(
        session=session, types=OF_MARKET, tokens=(symbol,), start_ns=end - step, end_ns=end, tenant=tenant
    )
    async for batch in store.read(query):
        number += len(batch)
        first, last = first or batch[0], batch[-1]
        for stored in batch:
            data = stored.event.data
            if type(data) is p.Tick:
                builder.take(stored.event.time_event, data.price, data.size, data.trade_id)
            else:
                given = data
    builder.advance(end + terms.wait_ns)
    made = builder.closed()
    return Ticks(symbol, end - step, end, number, first, last, given or (made[-1] if made else None))


def _missing(life: list[StoredEvent], causes: list[StoredEvent], ticks: Ticks | None) -> tuple[str, ...]:
    """What the record cannot say."""
    said = []
    data = [stored.event.data for stored in life]
    first = causes[0] if causes else life[0]
    if first.event.causation_id is not None:
        said.append("the event that began it is not in the store any more")
    if ticks is None or not ticks.number:
        said.append("the ticks of the candle before the decision are not in the store")
    if type(life[0].event.data) is p.DecisionTaken and len(life) == 1:
        said.append("it was never sent: the account's own checks turned it down, or it was taken back at once")
    states = [each.state for each in data if type(each) is p.OrderChange]
    filled = any(type(each) is p.Trade for each in data)
    if states and states[-1] == "UNKNOWN":
        said.append("its outcome is unknown: no evidence has come from the venue yet")
    elif states and not filled and not ENDS.intersection(states):
        said.append("the venue has not said what became of it, as far as the record goes")
    said.append("no model and no risk approval took part: a rehearsal has neither")
    return tuple(said)
