"""A session as it happens: inputs as they come, each written down, acted on, and then sent on.

Write first, send second: what the strategy asked for is in the store, with every input before it, when the venue hears
of it. What the venue says is in the store before the next input is taken, for it is owed; some of the market's ticks
may wait a moment for the next write, and nobody was told anything because of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID

from tradewind.core.domain.errors import BadInput, TradewindError
from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.events.envelope import Event, Mode
from tradewind.core.domain.timeframes import SECOND_NS
from tradewind.core.strategy.strategy import Strategy
from tradewind.ports.event_store import EventQuery, EventStore
from tradewind.trading.sessions.desk import NOTHING, Desk, Step
from tradewind.trading.sessions.journal import (
    CLOCK,
    MARKET,
    SESSION,
    VENUE,
    Journal,
    decision_of,
    end_mark,
    order_id_of,
    told,
)
from tradewind.trading.sessions.so_far import SoFar
from tradewind.trading.sessions.terms import SessionTerms, written
from tradewind.trading.sessions.timers import Timers
from tradewind.trading.sessions.venue import Venue

UNWRITTEN_MAX = 1_000
"""Inputs of the market without a decision that wait to be written together, at most; and for how long, by the clock."""
UNWRITTEN_NS_MAX = SECOND_NS

MarketData = p.Tick | p.Quote | p.Candle | p.FundingDue


class NameTaken(BadInput):
    """There is a session of this name already."""


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
    seal: str
    """What the seals of its record come to: kept elsewhere, it tells of any change, a record that was cut off too."""


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
        self.desk = Desk(strategy_type, terms, session)
        self.journal = Journal(session, tenant, mode, clock_ns, new_id)
        self.so_far = SoFar(strategy_type, terms, session, venue)
        self._stored_ns = 0
        self._named = False

    async def run(self, market: Iterable[tuple[int, MarketData]], until_ns: int = 0) -> Recorded:
        """Run until the market ends, and timers on to `until_ns`.

        Raises StrategyFailed where the strategy breaks; what it acted on is kept.

        `market` gives each input with its own time (ns UTC). One that was overtaken comes with a time before that of
        the last: a candle that still waits for it (`terms.wait_ns`) takes it. Answers of the venue that are on their
        way when the market ends still arrive. Raises NameTaken, and writes nothing, where there is a session of this
        name; of two that begin at once only one does.
        """
        timers, now = self.so_far.timers, self.desk.x.time_now
        try:
            for time, data in market:
                if not self._named:
                    await self._begin(time)
                timers = timers or self.so_far.start_timers(time)
                now = max(now, time)
                await self._until(now, timers)
                timers.traded()
                await self._input(MARKET, data, time)
                self.so_far.show(data, now)
            if timers is not None:
                await self._until(max(now, until_ns), timers)
                now = max(now, until_ns)
            while (due := self.venue.next_answer_ns()) is not None:
                now = max(now, due)
                await self._answer()
            if timers is None:
                raise BadInput("the market is empty", where=self.session, fix="Widen --start and --end")
            return await self._end(now)
        finally:
            await self._store()

    async def go_on(self, desk: Desk, chain: str, now: int, unsealed: Event[Any] | None) -> None:
        """Take the place of the process that was cut off, with what its record was folded back to.

        `chain` is what its seals had come to, `unsealed` its beginning where none is over that yet. Raises NameTaken
        where another process goes on with it already: the ids of what is written first follow from the chain, so of
        two that go on from one place only one is stored.
        """
        self.desk, self._named, tenant = desk, True, self.journal.tenant
        self.journal.go_on(chain, unsealed)
        own = self.journal.write(
            SESSION, self._change("resumed"), now, event_id=_derived(tenant, self.session, chain, "resumed")
        )
        self.journal.whole()
        positions = await self._store(_derived(tenant, self.session, chain, "seal"))
        mine = EventQuery(session=self.session, tenant=tenant, after_position=positions[-2] - 1)
        async for batch in self.store.read(mine, 1):
            if batch[0].event.correlation_id != own.correlation_id:
                raise NameTaken(
                    f"another process goes on with session {self.session!r}", fix="Look at it: tradewind replay"
                )
            break

    async def _until(self, time: int, timers: Timers) -> None:
        """Timers that fire and answers that arrive before the market's next input, by their times."""
        while True:
            answers = self.venue.next_answer_ns()
            if answers is not None and answers <= min(time, timers.fires_ns):
                await self._answer()
            elif timers.fires_ns <= time:
                fired = timers.fire()
                if fired.told:
                    timer = p.TimerFired(service=self.session, timer=fired.name, due=fired.due)
                    await self._input(CLOCK, timer, fired.time)
            else:
                return

    async def _answer(self) -> None:
        answer = self.venue.answer()
        self.so_far.fills += isinstance(answer.data, p.Trade)
        event = await self._input(VENUE, answer.data, answer.time, self.so_far.cause_of(answer.data.order_id))
        self.so_far.remember(event)

    async def _input(self, source: str, data: p.Payload, time: int, cause: Event[Any] | None = None) -> Event[Any]:
        """Write an input down, act on it, and send what was asked for once that is on disk."""
        event = self.journal.write(source, data, time, cause)
        try:
            step = self.desk.take(event)
        except TradewindError as problem:
            self._write_end("failed", time, self.desk.decision_hash, str(problem))
            raise
        self.so_far.inputs += 1
        if step is not NOTHING:
            self._write_step(step, event)
        self.journal.whole()
        if step is not NOTHING:
            await self._store()
            self.so_far.hand_over(step, self.desk.x.time_now)
        elif source == VENUE or len(self.journal.unwritten) >= UNWRITTEN_MAX or self._waits_long(event):
            await self._store()
        return event

    def _waits_long(self, event: Event[Any]) -> bool:
        return event.time_recorded >= self._stored_ns + UNWRITTEN_NS_MAX

    def _write_step(self, step: Step, cause: Event[Any]) -> None:
        """Write down what was decided and what is to be sent."""
        time, so_far = cause.time_event, self.so_far
        for row in step.decisions:
            so_far.remember(self.journal.write(SESSION, decision_of(row, self.session, self.terms), time, cause))
        for asked in step.asked:
            why = so_far.cause_of(order_id_of(self.session, asked.order.id)) if asked.new else None
            change = told(asked.order, self.session, self.terms, new=asked.new)
            so_far.remember(self.journal.write(SESSION, change, time, why or cause))

    async def _begin(self, time: int) -> None:
        """Take the name. The beginning's id follows from it, and no event is stored twice: so only one session has it.

        The beginning stands alone until it is known whose it is; then it is sealed with what comes after it.
        """
        begun = self._change("begun", parameters=dict(self.terms.parameters), terms=written(self.terms))
        own = self.journal.write(SESSION, begun, time, event_id=_derived(self.journal.tenant, self.session))
        mine = EventQuery(session=self.session, tenant=self.journal.tenant)
        free = await self.store.count(mine) == 0
        if free:
            await self.store.append([own])
        async for batch in self.store.read(mine, 1):
            if not free or batch[0].event.correlation_id != own.correlation_id:
                raise NameTaken(
                    f"there is a session {self.session!r} already", where="--name", fix="Choose another name"
                )
            break
        self._named = True
        self.journal.whole()
        await self._store()

    async def _end(self, time: int) -> Recorded:
        try:
            reached = self.desk.stop()
        except TradewindError as problem:
            self._write_end("failed", time, self.desk.decision_hash, str(problem))
            raise
        self._write_end("ended", time, reached)
        positions = await self._store()
        await self.store.mark(end_mark(self.journal.tenant, self.session), positions[-1])
        so_far = self.so_far
        return Recorded(
            self.session,
            so_far.inputs,
            self.desk.decisions,
            so_far.fills,
            reached,
            float(self.desk.x.equity()),
            so_far.last_order,
            self.journal.chain,
        )

    def _write_end(self, state: Literal["ended", "failed"], time: int, reached: str, reason: str = "") -> None:
        self.journal.write(SESSION, self._change(state, decision_hash=reached, reason=reason), time)
        self.journal.whole()

    def _change(self, state: Literal["begun", "resumed", "ended", "failed"], **more: Any) -> p.SessionChange:
        return p.SessionChange(
            service=self.session, state=state, strategy=self.terms.strategy, code_hash=self.terms.code_hash, **more
        )

    async def _store(self, seal_id: str = "") -> list[int]:
        self._stored_ns = self.journal.clock_ns()
        events = self.journal.sealed(seal_id)
        return await self.store.append(events) if events else []


def _derived(tenant: str, session: str, *more: str) -> str:
    """An id that follows from a session's tenant and name, as a UUID: that of its first event, for one."""
    return str(UUID(bytes=sha256("\n".join((tenant, session, *more)).encode()).digest()[:16], version=5))
