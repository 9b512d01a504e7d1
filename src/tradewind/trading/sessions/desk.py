"""The desk: a strategy at work. One input in, what was decided on it out; the same inputs give the same decisions.

It asks no clock and draws no random number, so a session and its replay are this class twice. Of the engine it uses
what a backtest uses: the strategy's plan, the driver's text, the intake of orders, the account.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MethodType
from typing import Any

import numpy as np

from tradewind.core.domain.candle_building import CandleBuilder, CandleRules
from tradewind.core.domain.errors import BadInput, Corrupt, StrategyFailed, TradewindError
from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.instants import instant_text
from tradewind.core.domain.records import DECISION
from tradewind.core.domain.timeframes import timeframe_ns
from tradewind.core.engine import constants as k
from tradewind.core.engine import intake
from tradewind.core.engine.driver import driver_text
from tradewind.core.engine.interpreted import NAMES
from tradewind.core.engine.journal import UNLIMITED, drain
from tradewind.core.engine.plan import plan_of
from tradewind.core.engine.prepared import prepares
from tradewind.core.engine.run import call_hook, decision_hash, failure
from tradewind.core.engine.setup import set_up, settle_rules
from tradewind.core.engine.state import Order
from tradewind.core.strategy.strategy import Strategy
from tradewind.trading.sessions import stops
from tradewind.trading.sessions.account import SessionExchange, book_fill, order_in, size_by_stake
from tradewind.trading.sessions.terms import SessionTerms

CANDLE_TIMER, STRATEGY_TIMER = "candle", "strategy"
ON_ITS_WAY_NS = 1
"""The engine ends a cancelled order at once where there is no latency. Here the venue says when."""
ENDS = {"REJECTED": k.REJECTED, "CANCELED": k.CANCELED, "EXPIRED": k.EXPIRED}
WHY = {"REJECTED": k.NO_BOOK, "CANCELED": k.ASKED, "EXPIRED": k.TIME_OUT}
"""The engine's word for an order that a venue ended."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the venue is to be told: a new order as it stands, or the number of one to cancel."""

    order: int
    new: Order | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What came of one input: rows of `records.DECISION` and, in the same order, what the venue is to be told."""

    decisions: list[tuple[Any, ...]]
    asked: list[Asked]


NOTHING = Step([], [])


class Desk:
    """A strategy, its candles and its account. `take` every input in the order in which it was recorded."""

    def __init__(self, strategy_type: type[Strategy], terms: SessionTerms) -> None:
        """Raises BadInput or StrategyFailed where the strategy cannot be run in a session."""
        owner = strategy_type.__name__
        if strategy_type.symbols != 1:
            raise BadInput(f"a session trades one symbol, and it trades {strategy_type.symbols}", where=owner)
        if prepares(strategy_type):
            raise StrategyFailed(
                "it has a prepare, and a session has no whole history to show it", where=owner, fix="Use indicators"
            )
        self.step_ns = timeframe_ns(terms.timeframe)
        self.x = SessionExchange(self.step_ns, terms.rules.orders_max)
        settle_rules(self.x, [terms.instrument], terms.rules)
        self.x.latency = ON_ITS_WAY_NS
        self.strategy = strategy_type(**terms.parameters)
        set_up(self.strategy, self.x)
        plan = plan_of(self.strategy, 1, bool(strategy_type.timer), False, False)
        self.x.timer_next = k.EVER
        self.x.wants_updates = "on_order_update" in plan.hooks
        self.hears_fills = "on_fill" in plan.hooks
        names = dict(NAMES)
        exec(compile(driver_text(plan), "<driver>", "exec"), names)  # noqa: S102 - the engine's own text, as it runs it
        self._drive = names["drive"]
        self._builder = CandleBuilder(terms.instrument.symbol, CandleRules((terms.timeframe,), terms.wait_ns))
        self._hears = {kind: MethodType(hear, self) for kind, hear in HEARS.items()}
        self._symbol, self._terms, self._begun = terms.instrument.symbol, terms, False
        self._decided: list[tuple[Any, ...]] = []
        self._all: list[tuple[Any, ...]] = []
        self._stirred = False
        self._told: set[int] = set()
        self._cancelling: set[int] = set()
        call_hook(self.strategy.on_start, self.strategy)

    def take(self, event: Event[Any]) -> Step:
        """One input. Raises StrategyFailed where the strategy breaks, Corrupt for an answer that fits no order."""
        data, time = event.data, event.time_event
        hear = self._hears.get(type(data))
        if hear is None:
            raise Corrupt(f"a session does not act on {event.type}", where=event.event_id)
        self.x.time_now = time
        try:
            hear(data, time)
        except TradewindError:
            raise
        except (Exception, SystemExit) as error:
            raise failure(error, self.strategy) from error
        return self._step() if self._decided or self._stirred else NOTHING

    def stop(self) -> str:
        """Call `on_stop`; the hash over all decisions."""
        self.x.finished = True
        call_hook(self.strategy.on_stop, self.strategy)
        return self.decision_hash

    @property
    def decision_hash(self) -> str:
        """The hash over everything the strategy has asked for, as `core.engine.run.decision_hash` takes it."""
        return decision_hash(np.array(self._all, DECISION))

    @property
    def decisions(self) -> int:
        """How many decisions there have been."""
        return len(self._all)

    def _hear_tick(self, tick: p.Tick, time: int) -> None:
        if tick.symbol != self._symbol:
            raise Corrupt(f"a tick of {tick.symbol} in a session on {self._symbol}")
        builder = self._builder
        price = tick.price
        builder.take(time, price, tick.size, tick.trade_id)
        if builder._closed:  # asked at every tick
            for candle in builder.closed():
                self._bar(candle)
        x = self.x
        x.last_price = price
        if x.live:
            self._meet(price)

    def _hear_candle(self, candle: p.Candle, time: int) -> None:  # noqa: ARG002
        if (candle.symbol, candle.timeframe) == (self._terms.instrument.symbol, self._terms.timeframe):
            self.x.last_price = candle.close
            self._meet(candle.close)
            self._bar(candle)

    def _meet(self, price: float) -> None:
        if stops.meet(self.x, price):
            self._stirred = True
            self._tell_updates()

    def _hear_timer(self, timer: p.TimerFired, time: int) -> None:
        """The strategy's own timer is heard as in a backtest: after the indicators of a candle that closes with it."""
        self._builder.advance(time)
        closed, due = self._builder.closed(), timer.timer == STRATEGY_TIMER
        for i, candle in enumerate(closed):
            self.x.timer_next = 0 if due and i == len(closed) - 1 else k.EVER
            self._bar(candle)
        self.x.timer_next = k.EVER
        if due and not closed and self._begun:
            self.strategy.on_timer(time)
            self._drain()

    def _hear_trade(self, trade: p.Trade, time: int) -> None:  # noqa: ARG002
        self._stirred = True
        o = self._order_of(trade.order_id)
        book_fill(self.x, o, float(trade.size), float(trade.price), float(trade.fee), trade.maker)
        if self.hears_fills:
            for i in range(self.x.fill_count):
                self.strategy.on_fill(self.x.fills[i])
        self._tell_updates()

    def _hear_order(self, change: p.OrderChange, time: int) -> None:  # noqa: ARG002
        state = ENDS.get(change.state)
        if state is None:
            return
        o = self._order_of(change.order_id)
        intake.finish(self.x, o, state, WHY[change.state])
        intake.sweep(self.x)
        self._tell_updates()

    def _order_of(self, order_id: str) -> Order:
        number = order_id.rpartition("-")[2]
        o = order_in(self.x, int(number)) if number.isdigit() else None
        if o is None:
            raise Corrupt(f"the venue speaks of order {order_id}, which is not open", fix="Reconcile with the venue")
        return o

    def _tell_updates(self) -> None:
        told = 0
        while told < self.x.update_count:
            self.strategy.on_order_update(self.x.updates[told])
            told += 1
        self.x.update_count = 0
        self._drain()

    def _bar(self, c: p.Candle) -> None:
        """A candle has closed: the driver of a backtest, over one bar."""
        self._begun = True
        self._drive(
            self.strategy, [c.time], [c.open], [c.high], [c.low], [c.close], [c.volume], [], [], [], [], [],
            self._decided, [], UNLIMITED, 0, 1,
        )  # fmt: skip

    def _drain(self) -> None:
        drain(self.x, 0, [], self._decided, UNLIMITED)

    def _step(self) -> Step:
        decided, self._decided, self._stirred = self._decided, [], False
        self._all += decided
        asked = self._asked()
        return Step(decided, asked) if decided or asked else NOTHING

    def _asked(self) -> list[Asked]:
        """What has changed in the table of orders since the venue was told last."""
        x, asked = self.x, []
        for o in stops.open_orders(x):
            if o.kind in stops.WATCHED:
                _check(x, o)
                if o.cancels != k.EVER:
                    intake.finish(x, o, k.CANCELED, k.ASKED)
            elif o.id not in self._told:
                self._told.add(o.id)
                _check(x, o)
                if size_by_stake(x, o):
                    asked.append(Asked(o.id, o))
            if o.state != k.FREE and o.id in self._told and o.cancels != k.EVER and o.id not in self._cancelling:
                self._cancelling.add(o.id)
                asked.append(Asked(o.id))
        intake.sweep(x)
        return asked


def _check(x: SessionExchange, o: Order) -> None:
    if o.post_only or o.tif != k.GTC:
        raise StrategyFailed(
            "a session takes orders that are good till cancelled and may take, and no others yet",
            where=f"order {o.id} at {instant_text(x.time_now)}",
            fix="Leave post_only and tif out, and cancel by a timer",
        )


HEARS: dict[type, Callable[[Desk, Any, int], None]] = {
    p.Tick: Desk._hear_tick,
    p.Candle: Desk._hear_candle,
    p.TimerFired: Desk._hear_timer,
    p.Trade: Desk._hear_trade,
    p.OrderChange: Desk._hear_order,
}
"""Who hears of which input."""
