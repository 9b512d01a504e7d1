"""Which of a stream's problems were told before a restart, for who must tell the others, and none of them twice.

What is told names as its cause the last event in which it was found. So of one kind of problem everything up to that
event was told, and nothing after it, whoever told it and whatever of it comes again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.payloads import QualityProblem
from tradewind.core.domain.tick_checks import FUTURE_NS, Problem
from tradewind.ports.event_store import EventQuery, EventStore
from tradewind.trading.derived_events import Stream, stream_of
from tradewind.trading.earlier_ticks import position_of

SEEN = ("price.tick", "price.quote")


@dataclass
class ToldBefore:
    """For each kind of problem, the event up to which it was told: one that had come before, or is still to come."""

    until: dict[str, str] = field(default_factory=dict)
    to_come: dict[str, str] = field(default_factory=dict)

    def passed(self, event_id: str) -> None:
        """This event, and the silence after it, are dealt with."""
        self.to_come = {name: until for name, until in self.to_come.items() if until != event_id}

    def has(self, problem: Problem) -> bool:
        """Whether what was found now was told before already."""
        return problem.name in self.to_come

    def untold(
        self, symbol: str, found: Sequence[tuple[Event[Any], list[Problem]]]
    ) -> list[tuple[QualityProblem, int, Event[Any]]]:
        """Of what is found in events from before, in their order, what waited in a bundle when its process ended.

        Each with the time since which it goes on, and the last event in which it was found. What was never told of is
        not told now: a first problem is told before its event is committed.
        """
        place = {event.event_id: number for number, (event, _) in enumerate(found)}
        bundles: dict[str, tuple[QualityProblem, int, Event[Any]]] = {}
        for number, (event, problems) in enumerate(found):
            for problem in problems:
                if number <= place.get(self.until.get(problem.name, ""), len(found)):
                    continue
                before = bundles.get(problem.name)
                ticks, since_ns = (0, event.time_recorded) if before is None else (before[0].ticks, before[1])
                made = QualityProblem(symbol=symbol, problem=problem.name, detail=problem.detail, ticks=ticks + 1)
                bundles[problem.name] = made, since_ns, event
        return list(bundles.values())


async def told_before(store: EventStore, stream: Stream, event: Event[Any], since_ns: int) -> ToldBefore:
    """What the store says was told of a stream since then (ns UTC), seen from one of its events that comes now."""
    query = _query(stream, since_ns, "data.quality")
    until: dict[str, str] = {}
    async for batch in store.read(query):
        for stored in batch:
            told = stored.event
            if told.causation_id is not None and stream_of(told) == stream:
                until[told.data.problem] = told.causation_id
    coming = await _coming(store, stream, event, set(until.values()))
    return ToldBefore(until, {name: cause for name, cause in until.items() if cause in coming})


async def more_to_come(store: EventStore, stream: Stream, heard_ns: int) -> bool:
    """Whether the store holds ticks or quotes of a stream that were recorded after the last one that has come."""
    async for batch in store.read(_query(stream, heard_ns - FUTURE_NS, *SEEN)):
        if any(s.event.time_recorded > heard_ns and stream_of(s.event) == stream for s in batch):
            return True
    return False


async def _coming(store: EventStore, stream: Stream, event: Event[Any], wanted: set[str]) -> set[str]:
    """Those of these events that are this one, or were stored after it."""
    found = wanted & {event.event_id}
    if wanted > found:
        position = await position_of(store, event)
        async for batch in store.read(_query(stream, None, *SEEN, after_position=position)):
            found |= wanted & {stored.event.event_id for stored in batch}
            if found == wanted:
                break
    return found


def _query(stream: Stream, start_ns: int | None, *types: str, after_position: int = 0) -> EventQuery:
    return EventQuery(
        start_ns=start_ns, tokens=(stream.token,), types=types, tenant=stream.tenant, session=stream.session,
        outside_sessions=stream.session is None, after_position=after_position,
    )  # fmt: skip
