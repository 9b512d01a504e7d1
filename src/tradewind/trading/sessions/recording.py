"""A session as it happens: inputs as they come, each written down, acted on, and then sent on.

Write first, send second: what the strategy asked for is in the store, with every input before it, when the venue hears
of it. What the venue says is in the store before the next input is taken, for it is owed; some of the market's ticks
may wait a moment for the next write, and nobody was told anything because of them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID

from tradewind.core.domain.errors import BadInput, TradewindError
from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.events.envelope import Event, Mode
from tradewind.core.domain.timeframes import SECOND_NS, timeframe_ns
from tradewind.core.strategy.strategy import Strategy
from tradewind.ports.event_store import EventQuery, EventStore
from tradewind.trading.sessions.desk import CANDLE_TIMER, NOTHING, STRATEGY_TIMER, Desk, Step
from tradewind.trading.sessions.journal import (
    CLOCK,
    MARKET,
    SESSION,
    VENUE,
    Journal,
    decision_of,
    order_id_of,
    told,
)
from tradewind.trading.sessions.terms import SessionTerms, written
from tradewind.trading.sessions.timers import Timers
from tradewind.trading.sessions.venue import Venue

UNWRITTEN_MAX = 1_000
"""Inputs of the market without a decision that wait to be written together, at most; and for how long, by the clock."""
UNWRITTEN_NS_MAX = SECOND_NS
QUIET_MAX = 2
"""Ends of candles without a trade that are still recorded: the one that closes the last candle is among them."""
CAUSES_MAX = 20_000
"""Orders whose last event is remembered as the cause of the next."""

MarketData = p.Tick | p.Quote | p.Candle


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
        self._timer = strategy_type.timer
        self._causes: OrderedDict[str, Event[Any]] = OrderedDict()
        self._numbers = {symbol: i for i, symbol in enumerate(terms.symbols)}
        self._last_order: str | None = None
        self._stored_ns = self._quiet = 0
        self.inputs = self.fills = 0

    async def run(self, market: Iterable[tuple[int, MarketData]], until_ns: int = 0) -> Recorded:
        """Run until the market ends, and timers on to `until_ns`.

        Raises StrategyFailed where the strategy breaks; what it acted on is kept.

        `market` gives each input with its own time (ns UTC). One that was overtaken comes with a time before that of
        the last: a candle that still waits for it (`terms.wait_ns`) takes it. Answers of the venue that are on their
        way when the market ends still arrive. Raises NameTaken, and writes nothing, where there is a session of this
        name; of two that begin at once only one does.
        """
        timers, now = None, 0
        try:
            for time, data in market:
                if timers is None:
                    await self._begin(time)
                    timers = Timers(self._lengths(), time)
                now = max(now, time)
                await self._until(now, timers)
                self._quiet = 0
                await self._input(MARKET, data, time)
                self._show(data, now)
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

    def _show(self, data: MarketData, now: int) -> None:
        """The venue sees the market too, but for quotes: it fills by trades."""
        if isinstance(data, p.Tick):
            self.venue.see(self._numbers[data.symbol], data.price, data.size, now)
        elif isinstance(data, p.Candle):
            self.venue.see(self._numbers[data.symbol], data.close, data.volume, now)

    def _lengths(self) -> dict[str, tuple[int, int]]:
        own = {STRATEGY_TIMER: (timeframe_ns(self._timer), self.terms.wait_ns)} if self._timer else {}
        return {**own, CANDLE_TIMER: (timeframe_ns(self.terms.timeframe), self.terms.wait_ns)}

    async def _until(self, time: int, timers: Timers) -> None:
        """Timers that fire and answers that arrive before the market's next input, by their times."""
        while True:
            answers = self.venue.next_answer_ns()
            if answers is not None and answers <= min(time, timers.fires_ns):
                await self._answer()
            elif timers.fires_ns <= time:
                fires, name, due = timers.fire()
                if name == CANDLE_TIMER:
                    self._quiet += 1
                    if self._quiet > QUIET_MAX:
                        continue  # nothing has traded, so there is no candle to close
                await self._input(CLOCK, p.TimerFired(service=self.session, timer=name, due=due), fires)
            else:
                return

    async def _answer(self) -> None:
        answer = self.venue.answer()
        order_id = answer.data.order_id
        self.fills += isinstance(answer.data, p.Trade)
        event = await self._input(VENUE, answer.data, answer.time, self._causes.get(order_id))
        self._remember(order_id, event)

    async def _input(self, source: str, data: p.Payload, time: int, cause: Event[Any] | None = None) -> Event[Any]:
        """Write an input down, act on it, and send what was asked for once that is on disk."""
        self.inputs += 1
        event = self.journal.write(source, data, time, cause)
        try:
            step = self.desk.take(event)
        except TradewindError as problem:
            self._write_end("failed", time, self.desk.decision_hash, str(problem))
            raise
        if step is not NOTHING:
            await self._send(step, event)
        elif source == VENUE or len(self.journal.unwritten) >= UNWRITTEN_MAX or self._waits_long(event):
            await self._store()
        return event

    def _waits_long(self, event: Event[Any]) -> bool:
        return event.time_recorded >= self._stored_ns + UNWRITTEN_NS_MAX

    async def _send(self, step: Step, cause: Event[Any]) -> None:
        time = cause.time_event
        for row in step.decisions:
            decision = self.journal.write(SESSION, decision_of(row, self.session, self.terms), time, cause)
            self._remember(decision.data.order_id, decision)
        for asked in step.asked:
            order_id = order_id_of(self.session, asked.order.id)
            if asked.new:
                self._last_order = order_id
            why = self._causes.get(order_id, cause) if asked.new else cause
            change = told(asked.order, self.session, self.terms, new=asked.new)
            self._remember(order_id, self.journal.write(SESSION, change, time, why))
        await self._store()
        for asked in step.asked:
            order_id = order_id_of(self.session, asked.order.id)
            if asked.new:
                self.venue.place(asked.order, order_id, self.desk.x.time_now)
            else:
                self.venue.cancel(order_id, self.desk.x.time_now)

    def _remember(self, order_id: str, event: Event[Any]) -> None:
        self._causes[order_id] = event
        self._causes.move_to_end(order_id)
        if len(self._causes) > CAUSES_MAX:
            self._causes.popitem(last=False)

    async def _begin(self, time: int) -> None:
        """Take the name. The beginning's id follows from it, and no event is stored twice: so only one session has it.

        The beginning stands alone until it is known whose it is; then it is sealed with what comes after it.
        """
        begun = p.SessionChange(
            service=self.session,
            state="begun",
            strategy=self.terms.strategy,
            code_hash=self.terms.code_hash,
            parameters=dict(self.terms.parameters),
            terms=written(self.terms),
        )
        own = self.journal.write(SESSION, begun, time, event_id=_beginning(self.journal.tenant, self.session))
        written_by_us, self.journal.unwritten = self.journal.unwritten, []
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
        self.journal.unwritten = written_by_us
        await self._store()

    async def _end(self, time: int) -> Recorded:
        try:
            reached = self.desk.stop()
        except TradewindError as problem:
            self._write_end("failed", time, self.desk.decision_hash, str(problem))
            raise
        self._write_end("ended", time, reached)
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

    def _write_end(self, state: Literal["ended", "failed"], time: int, reached: str, reason: str = "") -> None:
        end = p.SessionChange(
            service=self.session,
            state=state,
            strategy=self.terms.strategy,
            code_hash=self.terms.code_hash,
            decision_hash=reached,
            reason=reason,
        )
        self.journal.write(SESSION, end, time)

    async def _store(self) -> None:
        self._stored_ns = self.journal.clock_ns()
        events = self.journal.sealed()
        if events:
            await self.store.append(events)


def _beginning(tenant: str, session: str) -> str:
    """The id of a session's first event: a UUID of its tenant and its name."""
    return str(UUID(bytes=sha256(f"{tenant}\n{session}".encode()).digest()[:16], version=5))
