"""Watches ticks and quotes on the bus, and tells what cannot be right as `data.quality` events.

What is wrong, `core.domain.tick_checks` says. Nothing is held back here: who must not act on bad data listens to these
events. What a stream looked like before a restart, and what of it was told, the store says, where one is given. What a
session recorded for itself was looked at when it came, and a market of the past is not silent because it ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.core.domain.events.partitioning import partition_of
from tradewind.core.domain.events.payloads import QualityProblem, Tick
from tradewind.core.domain.problem_bundles import BUNDLED_NS, ProblemBundles
from tradewind.core.domain.tick_checks import Problem, TickChecks, TickRules
from tradewind.core.domain.timeframes import SECOND_NS
from tradewind.messaging.consumer import EventConsumer
from tradewind.messaging.handlers import event_handler
from tradewind.messaging.producer import EventProducer
from tradewind.ports.bus import Bus, Place
from tradewind.ports.event_store import EventStore
from tradewind.ports.metrics import Metrics
from tradewind.trading.derived_events import Outbox, Stream, stream_of
from tradewind.trading.earlier_ticks import seen_before
from tradewind.trading.most_recent import STREAMS_MAX, MostRecent
from tradewind.trading.told_before import ToldBefore, more_to_come, told_before

log = logging.getLogger(__name__)
TICKS = EVENT_TYPES["price.tick"].topic
SEEN_BEFORE = 200
"""Ticks and quotes from before a restart that the checks learn from: enough for what is usual, and for repetitions."""
LOGGED_NS = 60 * SECOND_NS
"""The log has a kind of problem of a stream once in so long; the events have all of them."""


@dataclass
class _Watched:
    checks: TickChecks
    bundles: ProblemBundles
    outbox: Outbox
    told: ToldBefore = field(default_factory=ToldBefore)
    latest: Event[Any] | None = None
    latest_with: dict[str, Event[Any]] = field(default_factory=dict)
    """The last event in which each kind of problem was found: it is the cause of what is told of them."""
    heard_ns: int = 0
    logged_ns: dict[str, int] = field(default_factory=dict)
    """When each kind of problem was last logged."""
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)


class DataQuality(EventConsumer):
    """Publishes `data.quality` for each stream. Call `advance` every second or so: silence makes no event."""

    def __init__(
        self,
        bus: Bus,
        producer: EventProducer,
        metrics: Metrics,
        *,
        member: str,
        group: str = "data-quality",
        rules: TickRules | None = None,
        rules_of: Mapping[str, TickRules] | None = None,
        bundled_ns: int = BUNDLED_NS,
        streams_max: int = STREAMS_MAX,
        store: EventStore | None = None,
        **given: Any,
    ) -> None:
        """`rules_of` has the rules of single symbols, `rules` those of all others."""
        super().__init__(bus, producer, metrics, group=group, member=member, **given)
        self.producer, self.metrics = producer, metrics
        self.rules, self.rules_of, self.bundled_ns = rules or TickRules(), rules_of or {}, bundled_ns
        self._watched: MostRecent[Stream, _Watched] = MostRecent(streams_max)
        self._leaving: deque[_Watched] = deque()
        self.store, self._losses = store, 0

    @event_handler("price.tick", "price.quote")
    async def look(self, event: Event[Any]) -> None:
        """One tick or quote, and what is wrong with it."""
        if event.session is not None:
            return
        watched = await self._watched_of(stream_of(event), event)
        async with watched.one_at_a_time:
            if watched.outbox.last_id != event.event_id:
                watched.told.passed(watched.outbox.last_id)
                problems = _checked(watched.checks, event)
                watched.latest, watched.heard_ns = event, max(watched.heard_ns, event.time_recorded)
                watched.outbox.last_id = event.event_id
                self._tell(watched, problems, event.time_recorded, event)
            await watched.outbox.publish()
        await self._tell_of_leaving()

    async def advance(self, now_ns: int) -> None:
        """Time has passed: tell of silence, and of what waited to be told. Raises Unavailable; it waits on."""
        for stream, watched in self._watched.items():
            async with watched.one_at_a_time:
                is_silent = stream.mode != "backtest" and watched.checks.is_silent(now_ns)
                if is_silent and self.store is not None:
                    # Where more is to come it is we who are late.
                    is_silent = not await more_to_come(self.store, stream, watched.heard_ns)
                if not self._watched.keeps(stream, watched):
                    continue  # it is another member's now, who hears whether it is silent
                self._tell(watched, watched.checks.silence(now_ns) if is_silent else [], now_ns, watched.latest)
                await watched.outbox.publish()
        await self._tell_of_leaving()

    async def finish(self) -> None:
        """Tell what waits to be told together, when nothing more will come. Raises Unavailable; it waits on."""
        self._leaving.extend(self._watched.values())
        await self._tell_of_leaving()

    def lost(self, places: frozenset[Place]) -> None:
        """Streams that are another member's now are not silent because they are not heard of here."""

        def theirs(stream: Stream) -> bool:
            return (TICKS.name, partition_of(stream.token, TICKS.partitions)) in places

        self._losses += 1
        self._leaving.extend(watched for stream, watched in self._watched.items() if theirs(stream))
        self._watched.drop(theirs)

    async def _tell_of_leaving(self) -> None:
        """Tell what is untold of streams that are watched no longer."""
        while self._leaving:
            watched = self._leaving[0]
            async with watched.one_at_a_time:
                for since_ns, bundle in watched.bundles.rest():
                    _send(watched.outbox, bundle, since_ns, watched.latest_with[bundle.problem])
                await watched.outbox.publish()
            if self._leaving and self._leaving[0] is watched:
                self._leaving.popleft()

    async def _watched_of(self, stream: Stream, event: Event[Any]) -> _Watched:
        watched = self._watched.get(stream)
        if watched is None:
            losses = self._losses
            rules = self.rules_of.get(stream.token, self.rules)
            bundles = ProblemBundles(stream.token, self.bundled_ns)
            watched = _Watched(TickChecks(rules), bundles, Outbox(stream, self.producer, self.store))
            if self.store is not None:
                await self._learn(watched, self.store, event)
            if losses == self._losses:
                forgotten = self._watched.put(stream, watched)
                if forgotten is not None:
                    self._leaving.append(forgotten)
        return watched

    async def _learn(self, watched: _Watched, store: EventStore, event: Event[Any]) -> None:
        """What a stream was like before an event, and what of it was told; what was left untold is told now."""
        stream = watched.outbox.stream
        earlier = await seen_before(store, stream, event, SEEN_BEFORE, 2 * self.bundled_ns)
        since_ns = min(one.time_recorded for one in (*earlier, event)) - self.bundled_ns
        watched.told = await told_before(store, stream, event, since_ns)
        found = [(one, _checked(watched.checks, one)) for one in earlier]
        for bundle, first_ns, last in watched.told.untold(stream.token, found):
            _send(watched.outbox, bundle, first_ns, last)

    def _tell(self, watched: _Watched, problems: list[Problem], now_ns: int, cause: Event[Any] | None) -> None:
        # A bundle was brought about by the ticks in it, not by the one that came when its time was over.
        for since_ns, bundle in watched.bundles.due(now_ns):
            _send(watched.outbox, bundle, since_ns, watched.latest_with[bundle.problem])
        for problem in problems:
            if cause is None or watched.told.has(problem):
                continue
            watched.latest_with[problem.name] = cause
            self.metrics.counter("data_problems", problem=problem.name)(1)
            for since_ns, told in watched.bundles.add(problem, now_ns):
                if now_ns - watched.logged_ns.get(told.problem, now_ns - LOGGED_NS) >= LOGGED_NS:
                    watched.logged_ns[told.problem] = now_ns
                    log.warning("%s: %s: %s", told.symbol, told.problem, told.detail)
                _send(watched.outbox, told, since_ns, cause)


def _checked(checks: TickChecks, event: Event[Any]) -> list[Problem]:
    check = checks.tick if isinstance(event.data, Tick) else checks.quote
    return check(event.time_event, event.time_recorded, event.data)


def _send(outbox: Outbox, told: QualityProblem, since_ns: int, cause: Event[Any]) -> None:
    outbox.add("data.quality", told, since_ns, (told.problem, cause.event_id), cause, keep=True)
