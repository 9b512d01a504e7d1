"""A session as it happens: inputs in the order of their times, each written down, acted on, and then sent on.

Write first, send second: what the strategy asked for is in the store, with every input before it, when the venue hears
of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.events.envelope import Event, Mode
from tradewind.core.domain.timeframes import bucket_start_ns, timeframe_ns
from tradewind.core.strategy.strategy import Strategy
from tradewind.ports.event_store import EventStore
from tradewind.trading.sessions.desk import CANDLE_TIMER, NOTHING, STRATEGY_TIMER, Desk, Step
from tradewind.trading.sessions.journal import (
    CLOCK,
    MARKET,
    SESSION,
    VENUE,
    Journal,
    decision_of,
    order_id_of,
    submitted,
)
from tradewind.trading.sessions.terms import SessionTerms, written
from tradewind.trading.sessions.venue import Venue

UNWRITTEN_MAX = 1_000
"""Inputs without a decision that wait to be written together."""


@dataclass(frozen=True)
class Recorded:
    """A session that has ended."""

    session: str
    inputs: int
    decisions: int
    fills: int
    decision_hash: str
    equity: float
    last_order: str | None


class Timers:
    """When each timer fires next: every `length_ns`, `late_ns` after the round time; of two at once the first named."""

    def __init__(self, lengths: dict[str, tuple[int, int]], now: int) -> None:
        self._rows = {
            name: (length, late, bucket_start_ns(now, length) + length) for name, (length, late) in lengths.items()
        }

    def next(self) -> tuple[int, str]:
        """When the next one fires, and which."""
        fires, _, name = min((due + late, rank, n) for rank, (n, (_, late, due)) in enumerate(self._rows.items()))
        return fires, name

    def fire(self, name: str) -> int:
        """It has fired; when it was due."""
        length, late, due = self._rows[name]
        self._rows[name] = (length, late, due + length)
        return due


class Recorder:
    """One session. `run` it over a market; every event goes into the store."""

    def __init__(
        self,
        strategy_type: type[Strategy],
        terms: SessionTerms,
        venue: Venue,
        store: EventStore,
        *,
        session: str,
        tenant: str,
        mode: Mode,
        clock_ns: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self.terms, self.venue, self.store, self.session = terms, venue, store, session
        self.desk = Desk(strategy_type, terms)
        self.journal = Journal(session, tenant, mode, clock_ns, new_id)
        self._timer = strategy_type.timer
        self._causes: dict[str, Event[Any]] = {}
        self._last_order: str | None = None
        self.inputs = self.fills = 0

    async def run(self, market: Iterable[tuple[int, p.Tick | p.Candle]]) -> Recorded:
        """Run until the market ends. Raises StrategyFailed where the strategy breaks; what it acted on is kept.

        `market` gives each input with its time (ns UTC), none of them going back. Answers of the venue that are on
        their way when it ends still arrive.
        """
        timers, last = None, 0
        try:
            for time, data in market:
                if time < last:
                    raise BadInput(f"the market's time goes back from {last} to {time}", where=self.session)
                if timers is None:
                    await self._begin(time)
                    timers = Timers(self._lengths(), time)
                await self._until(time, timers)
                last = time
                await self._input(MARKET, data, time)
                self.venue.see(data.price if isinstance(data, p.Tick) else data.close, _size(data), time)
            while (due := self.venue.next_answer_ns()) is not None:
                last = max(last, due)
                await self._answer()
            if timers is None:
                raise BadInput("the market is empty", where=self.session, fix="Widen --start and --end")
            return await self._end(last)
        finally:
            await self._store()

    def _lengths(self) -> dict[str, tuple[int, int]]:
        own = {STRATEGY_TIMER: (timeframe_ns(self._timer), self.terms.wait_ns)} if self._timer else {}
        return {**own, CANDLE_TIMER: (timeframe_ns(self.terms.timeframe), self.terms.wait_ns)}

    async def _until(self, time: int, timers: Timers) -> None:
        """Timers that fire and answers that arrive before the market's next input, by their times."""
        while True:
            fires, name = timers.next()
            answers = self.venue.next_answer_ns()
            if answers is not None and answers <= min(time, fires):
                await self._answer()
            elif fires <= time:
                await self._input(CLOCK, p.TimerFired(service=self.session, timer=name, due=timers.fire(name)), fires)
            else:
                return

    async def _answer(self) -> None:
        answer = self.venue.answer()
        self.fills += isinstance(answer.data, p.Trade)
        event = await self._input(VENUE, answer.data, answer.time, self._causes.get(answer.data.order_id))
        self._causes[answer.data.order_id] = event

    async def _input(self, source: str, data: p.Payload, time: int, cause: Event[Any] | None = None) -> Event[Any]:
        """Write an input down, act on it, and send what was asked for once that is on disk."""
        self.inputs += 1
        event = self.journal.write(source, data, time, cause)
        step = self.desk.take(event)
        if step is not NOTHING:
            await self._send(step, event)
        elif len(self.journal.unwritten) >= UNWRITTEN_MAX:
            await self._store()
        return event

    async def _send(self, step: Step, cause: Event[Any]) -> None:
        time = cause.time_event
        for row in step.decisions:
            decision = self.journal.write(SESSION, decision_of(row, self.session, self.terms), time, cause)
            self._causes[decision.data.order_id] = decision
        for asked in step.asked:
            if asked.new is not None:
                order_id = order_id_of(self.session, asked.order)
                change = submitted(asked.new, self.session, self.terms.instrument.symbol)
                self._last_order = order_id
                self._causes[order_id] = self.journal.write(SESSION, change, time, self._causes.get(order_id, cause))
        await self._store()
        for asked in step.asked:
            order_id = order_id_of(self.session, asked.order)
            if asked.new is None:
                self.venue.cancel(order_id, time)
            else:
                self.venue.place(asked.new, order_id, time)

    async def _begin(self, time: int) -> None:
        begun = p.SessionChange(
            service=self.session,
            state="begun",
            strategy=self.terms.strategy,
            code_hash=self.terms.code_hash,
            parameters=dict(self.terms.parameters),
            terms=written(self.terms),
        )
        self.journal.write(SESSION, begun, time)
        await self._store()

    async def _end(self, time: int) -> Recorded:
        reached = self.desk.stop()
        ended = p.SessionChange(
            service=self.session,
            state="ended",
            strategy=self.terms.strategy,
            code_hash=self.terms.code_hash,
            decision_hash=reached,
        )
        self.journal.write(SESSION, ended, time)
        await self._store()
        return Recorded(
            self.session,
            self.inputs,
            self.desk.decisions,
            self.fills,
            reached,
            float(self.desk.x.equity()),
            self._last_order,
        )

    async def _store(self) -> None:
        events = self.journal.sealed()
        if events:
            await self.store.append(events)


def _size(data: p.Tick | p.Candle) -> float:
    return data.size if isinstance(data, p.Tick) else data.volume
