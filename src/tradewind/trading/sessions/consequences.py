"""What came of an input: what a tick, a timer or an answer of the venue brought about, and what else knew of it."""

from __future__ import annotations

from dataclasses import dataclass

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.timeframes import bucket_start_ns, timeframe_ns
from tradewind.ports.event_store import EventQuery, EventStore, StoredEvent
from tradewind.trading.sessions.lineage import LIST_THEM, OF_ORDERS, first_of, terms_of
from tradewind.trading.sessions.terms import SessionTerms

SHOWN_MAX = 1_000


@dataclass(frozen=True)
class Consequences:
    """`direct` is what followed by cause and effect, in the order of the record. `candle` is when the candle opened
    that a tick is part of; `on_candle` are the decisions taken while that candle was the last closed one. `left_out` is
    how many more of either there are.
    """

    session: str
    terms: SessionTerms
    event: StoredEvent
    direct: tuple[StoredEvent, ...]
    candle: int | None
    on_candle: tuple[StoredEvent, ...]
    left_out: int


async def consequences(store: EventStore, session: str, position: int, *, tenant: str | None = None) -> Consequences:
    """What came of the event at a position of the store. Raises BadInput where the session has none there."""
    terms = await terms_of(store, session, tenant)
    if terms is None:
        raise BadInput(f"there is no session {session!r}", fix=LIST_THEM)
    event = await first_of(store, EventQuery(session=session, after_position=position - 1, tenant=tenant))
    if event is None or event.position != position:
        raise BadInput(
            f"session {session} has no event at position {position}",
            fix="Positions are those that tradewind replay and tradewind lineage tell",
        )
    start = _candle_of(event, terms)
    known_from = None if start is None else start + timeframe_ns(terms.timeframe) + terms.wait_ns
    direct: list[StoredEvent] = []
    on_candle: list[StoredEvent] = []
    caused, left_out = {event.event.event_id}, 0
    query = EventQuery(session=session, types=OF_ORDERS, after_position=position, tenant=tenant)
    async for batch in store.read(query):
        for stored in batch:
            found = stored.event
            if found.causation_id in caused:
                caused.add(found.event_id)
                line = direct
            elif _decided_on(stored, known_from, timeframe_ns(terms.timeframe)):
                line = on_candle
            else:
                continue
            if len(line) < SHOWN_MAX:
                line.append(stored)
            else:
                left_out += 1
    return Consequences(session, terms, event, tuple(direct), start, tuple(on_candle), left_out)


def _candle_of(event: StoredEvent, terms: SessionTerms) -> int | None:
    if type(event.event.data) is not p.Tick:
        return None
    return bucket_start_ns(event.event.time_event, timeframe_ns(terms.timeframe))


def _decided_on(stored: StoredEvent, known_from: int | None, step_ns: int) -> bool:
    if known_from is None or type(stored.event.data) is not p.DecisionTaken:
        return False
    return known_from <= stored.event.time_event < known_from + step_ns
