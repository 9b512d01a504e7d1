"""The desk: a strategy at work. One input in, what was decided on it out; the same inputs give the same decisions.

It asks no clock and draws no random number, so a session and its replay are this class twice. Of the engine it uses
what a backtest uses: the strategy's plan, the driver's text, the intake of orders, the account.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from types import MethodType
from typing import Any

from tradewind.core.domain.errors import Corrupt, StrategyFailed, TradewindError
from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.timeframes import bucket_start_ns, timeframe_ns
from tradewind.core.engine import constants as k
from tradewind.core.engine import intake
from tradewind.core.engine.books.state import QuoteSeen, TradeSeen
from tradewind.core.engine.driver import driver_text
from tradewind.core.engine.interpreted import NAMES
from tradewind.core.engine.journal import UNLIMITED, drain
from tradewind.core.engine.plan import Plan, plan_of
from tradewind.core.engine.prepared import prepares
from tradewind.core.engine.run import call_hook, failure
from tradewind.core.engine.setup import set_up, settle_rules
from tradewind.core.engine.state import Order
from tradewind.core.strategy.strategy import Strategy
from tradewind.trading.sessions import answers, stops
from tradewind.trading.sessions.account import SessionExchange, size_by_stake
from tradewind.trading.sessions.decided import Decided
from tradewind.trading.sessions.funding import settle
from tradewind.trading.sessions.moments import Moment, Moments
from tradewind.trading.sessions.sent import Sent
from tradewind.trading.sessions.terms import SessionTerms
from tradewind.trading.sessions.timers import STRATEGY_TIMER

MARKET_HOOKS = ("on_trade", "on_quote")
"""What a strategy may hear of the market between its bars."""
ON_ITS_WAY_NS = 1
"""The engine ends a cancelled order at once where there is no latency. Here the venue says when."""
SIDES = {"buy": 1, "sell": -1, None: 0}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the venue is to be told: an order as it stands, which is new, or is to be cancelled."""

    order: Order
    new: bool


@dataclass(frozen=True, slots=True)
class Step:
    """What came of one input: rows of `records.DECISION` and, in the same order, what the venue is to be told."""

    decisions: list[tuple[Any, ...]]
    asked: list[Asked]


NOTHING = Step([], [])


class Watcher:
    """Is told of what a session hears and does, as its desk hears and does it."""

    def took(self, event: Event[Any], step: Step) -> None:
        """An input was taken, and what came of it."""

    def own(self, event: Event[Any]) -> None:
        """The record has an event of the session itself, which fits: a decision, or an order sent."""

    def moment(self, moment: Moment, x: SessionExchange) -> None:
        """Candles have closed, and the strategy has decided on them."""

    def fill(self, trade: p.Trade, rows: list[tuple[Any, ...]], time: int) -> None:
        """A trade was booked: its rows of `records.FILL`, and when it was heard of."""


class Desk:
    """A strategy, its candles and its account. `take` every input in the order in which it was recorded."""

    def __init__(
        self, strategy_type: type[Strategy], terms: SessionTerms, session: str, watcher: Watcher | None = None
    ) -> None:
        """Raises BadInput or StrategyFailed where the strategy cannot be run in a session."""
        owner = strategy_type.__name__
        if prepares(strategy_type):
            raise StrategyFailed(
                "it has a prepare, and a session has no whole history to show it", where=owner, fix="Use indicators"
            )
        self.session, self.terms = session, terms
        self.x = SessionExchange(len(terms.instruments), timeframe_ns(terms.timeframe), terms.rules.orders_max)
        settle_rules(self.x, list(terms.instruments), terms.rules)
        self.x.latency = ON_ITS_WAY_NS
        self.strategy = strategy_type(**terms.parameters)
        set_up(self.strategy, self.x)
        plan = plan_of(
            self.strategy, len(terms.instruments), bool(strategy_type.timer), False, False, heard=MARKET_HOOKS
        )
        self.x.timer_next = k.EVER
        self.x.wants_updates = "on_order_update" in plan.hooks
        self._hooks = plan.hooks
        self.hears_fills = "on_fill" in plan.hooks
        self.sent, self.stirred = Sent(), False
        self._hears_trades, self._hears_quotes = (
            getattr(strategy_type, hook) is not getattr(Strategy, hook) for hook in MARKET_HOOKS
        )
        self._drive = _driver(plan)
        self._moments = Moments(terms.symbols, terms.timeframe, terms.wait_ns)
        self._hears = {kind: MethodType(hear, self) for kind, hear in HEARS.items()}
        self._numbers = {symbol: i for i, symbol in enumerate(terms.symbols)}
        builders = self._moments.builders
        self._known = {symbol: (i, builders[symbol], builders[symbol].take) for symbol, i in self._numbers.items()}
        self._begun, self._trade, self._quote = False, TradeSeen(), QuoteSeen()
        self._decided: list[tuple[Any, ...]] = []
        self._all = Decided()
        self._watcher = watcher
        self._last_ticks = [0] * len(terms.instruments)
        call_hook(self.strategy.on_start, self.strategy)

    def take(self, event: Event[Any]) -> Step:
        """One input. Raises StrategyFailed where the strategy breaks, Corrupt for an answer that fits no order."""
        data, time = event.data, event.time_event
        hear = self._hears.get(type(data))
        if hear is None:
            raise Corrupt(f"a session does not act on {event.type}", where=event.event_id)
        x = self.x
        if time > x.time_now:  # noqa: PLR1730 - at every event, and a call costs more
            x.time_now = time
        try:
            hear(data, time)
        except TradewindError:
            raise
        except (Exception, SystemExit) as error:
            raise failure(error, self.strategy) from error
        step = self._step() if self._decided or self.stirred else NOTHING
        if self._watcher is not None:
            self._watcher.took(event, step)
        return step

    def stop(self) -> str:
        """Call `on_stop`; the hash over all decisions."""
        self.x.finished = True
        call_hook(self.strategy.on_stop, self.strategy)
        return self.decision_hash

    def unwatched(self) -> Desk:
        """The same desk, that tells nobody any more."""
        self._watcher = None
        return self

    @property
    def decision_hash(self) -> str:
        """The hash over everything the strategy has asked for, as `core.engine.run.decision_hash` takes it."""
        return self._all.hash()

    @property
    def decisions(self) -> int:
        """How many decisions there have been."""
        return self._all.count

    def _number(self, symbol: str) -> int:
        number = self._numbers.get(symbol)
        if number is None:
            raise self._foreign(symbol)
        return number

    def _foreign(self, symbol: str) -> Corrupt:
        return Corrupt(f"the market speaks of {symbol} in a session on {', '.join(self._numbers)}")

    def _hear_tick(self, tick: p.Tick, time: int) -> None:
        x, price = self.x, tick.price
        known = self._known.get(tick.symbol)
        if known is None:
            raise self._foreign(tick.symbol)
        number, builder, build = known
        build(time, price, tick.size, tick.trade_id)
        if builder._closed:  # asked at every tick
            self._close(x.time_now)
        if time < self._last_ticks[number]:
            return  # it was overtaken: its candle may still take it, and the last price is another one's
        self._last_ticks[number] = time
        x.last_prices[number] = price
        if x.live:
            self._meet(number, price)
        if self._hears_trades and self._begun:
            seen = self._trade
            seen.time, seen.price, seen.size, seen.side = time, price, tick.size, SIDES[tick.aggressor]
            x.symbol_now = number
            self.strategy.on_trade(seen)
            self.drain()

    def _hear_quote(self, quote: p.Quote, time: int) -> None:
        number = self._number(quote.symbol)
        if self._hears_quotes and self._begun:
            seen = self._quote
            seen.time, seen.bid, seen.bid_size = time, quote.bid, quote.bid_size
            seen.ask, seen.ask_size = quote.ask, quote.ask_size
            self.x.symbol_now = number
            self.strategy.on_quote(seen)
            self.drain()

    def _hear_funding(self, due: p.FundingDue, time: int) -> None:
        """It is settled by the engine's own code, on what is held now."""
        number, x = self._number(due.symbol), self.x
        if not self.terms.rules.funding:
            return
        settle(x, number, due.rate, due.price, time)
        if "on_funding" in self._hooks:
            x.symbol_now = number
            if not x.bars[number].time:  # no candle has closed yet, and orders are taken all the same
                x.bars[number].time = bucket_start_ns(time, x.step)
            self.strategy.on_funding(number, x.funding_rate, x.funding_last)
            self.drain()

    def _hear_candle(self, candle: p.Candle, time: int) -> None:  # noqa: ARG002
        number = self._number(candle.symbol)
        if len(self._numbers) > 1:
            raise Corrupt("a session on several symbols takes ticks: candles of one moment do not come together")
        if candle.timeframe == self.terms.timeframe:
            self.x.last_prices[number] = candle.close
            self._meet(number, candle.close)
            self._moment([(number, candle)])

    def _meet(self, number: int, price: float) -> None:
        if stops.meet(self.x, number, price):
            self.stirred = True
            self.tell_updates()

    def _hear_timer(self, timer: p.TimerFired, time: int) -> None:
        """The strategy's own timer is heard as in a backtest: after the indicators of a candle that closes with it."""
        closed, due = self._moments.closed(time), timer.timer == STRATEGY_TIMER
        for i, moment in enumerate(closed):
            self.x.timer_next = 0 if due and i == len(closed) - 1 else k.EVER
            self._moment(moment)
        self.x.timer_next = k.EVER
        if due and not closed and self._begun:
            self.x.symbol_now = 0
            self.strategy.on_timer(time)
            self.drain()

    def _hear_trade(self, trade: p.Trade, time: int) -> None:
        rows = answers.hear_trade(self, trade)
        if rows and self._watcher is not None:
            self._watcher.fill(trade, rows, time)

    def _hear_order(self, change: p.OrderChange, time: int) -> None:  # noqa: ARG002
        answers.hear_order(self, change)

    def tell_updates(self) -> None:
        """Tell the strategy of the orders that are in another state."""
        told, x = 0, self.x
        while told < x.update_count:
            update = x.updates[told]
            x.symbol_now = update.symbol
            self.strategy.on_order_update(update)
            told += 1
        x.update_count = 0
        self.drain()

    def _close(self, now: int) -> None:
        for moment in self._moments.closed(now):
            self._moment(moment)

    def _moment(self, moment: Moment) -> None:
        """Candles have closed together: the driver of a backtest, over one moment."""
        self._begun = True
        numbers = [number for number, _ in moment]
        candles = [candle for _, candle in moment]
        self._drive(
            self.strategy, [c.time for c in candles], [c.open for c in candles], [c.high for c in candles],
            [c.low for c in candles], [c.close for c in candles], [c.volume for c in candles], numbers, [], [], [], [],
            self._decided, [], UNLIMITED, 0, len(candles),
        )  # fmt: skip
        if self._watcher is not None:
            self._watcher.moment(moment, self.x)

    def drain(self, fills: list[tuple[Any, ...]] | None = None) -> None:
        """What was decided and filled leaves the exchange: decisions for the step in hand, fills into `fills`."""
        drain(self.x, 0, [] if fills is None else fills, self._decided, UNLIMITED)

    def _step(self) -> Step:
        decided, self._decided, self.stirred = self._decided, [], False
        self._all.add(decided)
        asked = self._asked()
        return Step(decided, asked) if decided or asked else NOTHING

    def _asked(self) -> list[Asked]:
        """What has changed in the table of orders since the venue was told last."""
        x, sent, asked = self.x, self.sent, []
        sent.end(stops.open_orders(x))
        for o in stops.open_orders(x):
            if o.kind in stops.WATCHED:
                if o.cancels != k.EVER:
                    intake.finish(x, o, k.CANCELED, k.ASKED)
            elif o.id not in sent.open:
                if o.cancels != k.EVER:  # asked for and taken back before anybody heard of it
                    intake.finish(x, o, k.CANCELED, k.ASKED)
                elif size_by_stake(x, o):
                    sent.tell(o)
                    asked.append(Asked(sent.open[o.id], new=True))
            elif o.cancels != k.EVER and o.id not in sent.cancelling:
                sent.cancelling.add(o.id)
                asked.append(Asked(copy(o), new=False))
        intake.sweep(x)
        return asked


def _driver(plan: Plan) -> Callable[..., int]:
    """The loop over the bars as a backtest runs it, over the bars of a moment."""
    names = dict(NAMES)
    exec(compile(driver_text(plan), "<driver>", "exec"), names)  # noqa: S102 - the engine's own text, as it runs it
    drive: Callable[..., int] = names["drive"]
    return drive


HEARS: dict[type, Callable[[Desk, Any, int], None]] = {
    p.Tick: Desk._hear_tick,
    p.Quote: Desk._hear_quote,
    p.Candle: Desk._hear_candle,
    p.FundingDue: Desk._hear_funding,
    p.TimerFired: Desk._hear_timer,
    p.Trade: Desk._hear_trade,
    p.OrderChange: Desk._hear_order,
}
"""Who hears of which input."""
