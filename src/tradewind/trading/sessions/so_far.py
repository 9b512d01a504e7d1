"""How far a session has come, beside its desk: its timers, what it has counted, and which event caused the next."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.timeframes import timeframe_ns
from tradewind.core.strategy.strategy import Strategy
from tradewind.trading.sessions.desk import Step
from tradewind.trading.sessions.journal import order_id_of
from tradewind.trading.sessions.terms import SessionTerms
from tradewind.trading.sessions.timers import CANDLE_TIMER, STRATEGY_TIMER, Timers
from tradewind.trading.sessions.venue import Venue

CAUSES_MAX = 20_000
"""Orders whose last event is remembered as the cause of the next."""


class SoFar:
    """Of one session. Whoever records it and whoever folds its record back say the same things to it."""

    def __init__(self, strategy_type: type[Strategy], terms: SessionTerms, session: str, venue: Venue) -> None:
        self.session, self.terms, self.venue = session, terms, venue
        self.inputs = self.fills = 0
        self.last_order: str | None = None
        self.timers: Timers | None = None
        self._own_timer = strategy_type.timer
        self._causes: OrderedDict[str, Event[Any]] = OrderedDict()
        self._numbers = {symbol: i for i, symbol in enumerate(terms.symbols)}

    def start_timers(self, time: int) -> Timers:
        """The market has begun."""
        own = {STRATEGY_TIMER: (timeframe_ns(self._own_timer), self.terms.wait_ns)} if self._own_timer else {}
        self.timers = Timers({**own, CANDLE_TIMER: (timeframe_ns(self.terms.timeframe), self.terms.wait_ns)}, time)
        return self.timers

    def cause_of(self, order_id: str) -> Event[Any] | None:
        """The last event of an order."""
        return self._causes.get(order_id)

    def remember(self, event: Event[Any]) -> None:
        """An event of an order is the cause of the next."""
        order_id = event.data.order_id
        self._causes[order_id] = event
        self._causes.move_to_end(order_id)
        if len(self._causes) > CAUSES_MAX:
            self._causes.popitem(last=False)
        if type(event.data) is p.OrderChange and event.data.state == "SUBMITTED":
            self.last_order = order_id

    def hand_over(self, step: Step, now: int) -> None:
        """The venue is told what was asked for."""
        for asked in step.asked:
            order_id = order_id_of(self.session, asked.order.id)
            if asked.new:
                self.venue.place(asked.order, order_id, now)
            else:
                self.venue.cancel(order_id, now)

    def show(self, data: p.Payload, now: int) -> None:
        """The venue sees the market too, but for quotes: it fills by trades."""
        if isinstance(data, p.Tick):
            self.venue.see(self._numbers[data.symbol], data.price, data.size, now)
        elif isinstance(data, p.Candle):
            self.venue.see(self._numbers[data.symbol], data.close, data.volume, now)
        elif isinstance(data, p.FundingDue) and self.terms.rules.funding:
            self.venue.fund(self._numbers[data.symbol], data.rate, data.price, now)
