"""The class a trader writes."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from tradewind.core.domain.errors import BadInput, StrategyFailed
from tradewind.core.domain.timeframes import UNITS_NS, WEEK_ORIGIN_NS, timeframe_ns
from tradewind.core.strategy.feed import Feed
from tradewind.core.strategy.parameters import Parameter, resolve
from tradewind.core.strategy.relations import Relation, must_relate, relation_from

NAN = float("nan")
NO_PRICE = float("-inf")


def number(value: float | None) -> float:
    """A size that may be left out, as the engine takes it: NaN where it is not given."""
    if value is None:
        return NAN
    return float(value)


def price(value: float | None) -> float:
    """A price that may be left out: NaN where it is not given, NO_PRICE where it is given and is NaN.

    The limit of an indicator that is not ready must be refused: left out, it would make a market order.
    """
    if value is None:
        return NAN
    given = float(value)
    return NO_PRICE if math.isnan(given) else given


class Strategy:
    """Subclass it, declare parameters with `param`, make indicators in `setup`, decide in `on_bar`.

    `symbols` says how many symbols the strategy trades; with more than one, `on_bar` is called for each symbol's bar
    (`bar.symbol` is its number, in the order the run names them) after all indicators have seen this moment.
    Prices are absolute, sizes are in base currency. An order without a size uses the run's stake. `relations` are what
    must hold between parameters: `relations = ("fast < slow",)`; searches try no other sets.
    """

    symbols: ClassVar[int] = 1
    timer: ClassVar[str] = ""
    parameters: ClassVar[dict[str, Parameter]] = {}
    relations: ClassVar[tuple[str, ...]] = ()
    related: ClassVar[tuple[Relation, ...]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        declared = dict(cls.parameters)
        for name, value in list(vars(cls).items()):
            if isinstance(value, Parameter):
                declared[name] = Parameter(value.default, value.low, value.high, value.step, value.help, name)
                declared[name].parse(value.default, cls.__name__)
        cls.parameters = declared
        stated = vars(cls).get("relations", ())
        for text in (stated,) if isinstance(stated, str) else stated:
            cls.related = (*cls.related, relation_from(str(text), declared, cls.__name__))
        must_relate(cls.related, {name: each.default for name, each in declared.items()}, cls.__name__)

    def __init__(self, **given: Any) -> None:
        values = resolve(type(self).parameters, given, type(self).__name__)
        must_relate(type(self).related, values, type(self).__name__)
        for name, value in values.items():
            setattr(self, name, value)

    # Hooks: override what you need.

    def prepare(self, bars: Any) -> Any:  # noqa: ARG002
        """Columns made of one symbol's whole history at once, by name: one number a bar, NaN where there is none.

        Called before `setup`, for tools that work on arrays; `self.trend.value` is the column "trend" at the bar in
        hand (with several symbols `self.trend[bar.symbol].value`). It is shown bars that have not closed yet: check it
        with `tradewind lookahead`.
        """
        return {}

    def setup(self) -> None:
        """Make indicators and feeds, and give every attribute its first value."""

    def on_start(self) -> None:
        """Called once before the first bar; orders are not taken yet."""

    def on_bar(self, bar: Any) -> None:
        """A bar has closed; orders placed now reach the market at the next bar's open."""

    def on_book(self, book: Any) -> None:
        """Order-book replay: the book has changed, or is not `book.valid` any more; then its prices are NaN."""

    def on_trade(self, trade: Any) -> None:
        """Order-book replay: somebody has traded `trade.size` at `trade.price`; `trade.side` is the aggressor's."""

    def on_quote(self, quote: Any) -> None:
        """Order-book replay: the venue says its best `bid` and `ask`, with their sizes."""

    def on_fill(self, fill: Any) -> None:
        """One of the strategy's orders has traded inside the bar that has just closed."""

    def on_order_update(self, update: Any) -> None:
        """One of the strategy's orders has changed its state."""

    def on_funding(self, symbol: int, rate: float, paid: float) -> None:
        """Funding was due at `rate`; `paid` is negative where the account received it, 0 where it held nothing."""

    def on_timer(self, time: int) -> None:
        """The class's `timer` (such as "4h") has come round; called at the first close at or after it."""

    def on_stop(self) -> None:
        """Called once after the last bar; orders are not taken any more."""

    # Orders.

    def buy(
        self,
        size: float | None = None,
        limit: float | None = None,
        stop: float | None = None,
        sl: float | None = None,
        tp: float | None = None,
        trail: float | None = None,
        reduce_only: bool = False,
        post_only: bool = False,
        tif: int = 0,
        expires: int = 0,
        symbol: int | None = None,
    ) -> int:
        """Ask to buy; returns the order's number, or 0 where it was refused.

        `limit` and `stop` make a limit, stop or (both) stop-limit order. `sl`, `tp` and `trail` (a distance) become a
        bracket around what the order opens; with `reduce_only`, `trail` makes a trailing stop of the order itself.
        """
        return self._order(1, size, limit, stop, sl, tp, trail, reduce_only, post_only, tif, expires, symbol)

    def sell(
        self,
        size: float | None = None,
        limit: float | None = None,
        stop: float | None = None,
        sl: float | None = None,
        tp: float | None = None,
        trail: float | None = None,
        reduce_only: bool = False,
        post_only: bool = False,
        tif: int = 0,
        expires: int = 0,
        symbol: int | None = None,
    ) -> int:
        """Ask to sell; the mirror image of `buy`."""
        return self._order(-1, size, limit, stop, sl, tp, trail, reduce_only, post_only, tif, expires, symbol)

    def _order(
        self, side: int, size: Any, limit: Any, stop: Any, sl: Any, tp: Any, trail: Any, reduce_only: bool,
        post_only: bool, tif: int, expires: int, symbol: Any,
    ) -> int:  # fmt: skip
        x = self.exchange
        which = x.symbol_now
        if symbol is not None:
            which = symbol
        sized = False
        if size is not None:
            sized = True
        placed: int = x.submit(
            which, side, number(size), sized, price(limit), price(stop), price(sl), price(tp), price(trail),
            reduce_only, post_only, tif, expires,
        )  # fmt: skip
        return placed

    def close(self, symbol: int | None = None) -> int:
        """Ask to close the whole position at the market; with hedging both legs. 0 where there is none."""
        x = self.exchange
        which = x.symbol_now
        if symbol is not None:
            which = symbol
        placed: int = 0
        for short in range(2):
            p = x.leg(which, short)
            if abs(p.size) > p.dust:
                side = -1 if p.size > 0.0 else 1
                placed = x.submit(which, side, NAN, False, NAN, NAN, NAN, NAN, NAN, True, False, 0, 0)
        return placed

    def cancel(self, order: int | None = None) -> int:
        """Ask to cancel one order by its number or, without one, all of them, brackets too; how many there were.

        Number 0 is what a refused order returns: there is nothing to cancel.
        """
        found: int = 0
        if order is None:
            found = self.exchange.cancel(0)
        elif order != 0:
            found = self.exchange.cancel(order)
        return found

    def protect(
        self,
        sl: float | None = None,
        tp: float | None = None,
        trail: float | None = None,
        symbol: int | None = None,
    ) -> None:
        """Put a new bracket around the whole position, in place of any it has: a stop, a target, a trailing stop."""
        which = self.exchange.symbol_now
        if symbol is not None:
            which = symbol
        self.exchange.protect(which, price(sl), price(tp), price(trail))

    # What the strategy may ask.

    @property
    def position(self) -> Any:
        """The position in the symbol in hand (with hedging its long leg): `size`, `entry_price`, `is_long`, ..."""
        return self.exchange.positions[2 * self.exchange.symbol_now]

    def position_of(self, symbol: int) -> Any:
        """The position in any symbol of the run."""
        return self.exchange.leg(symbol, 0)

    def short_leg(self, symbol: int) -> Any:
        """The short leg of a symbol, which only hedging accounts have."""
        return self.exchange.leg(symbol, 1)

    def net_size(self, symbol: int) -> float:
        """What is held of any symbol of the run, long above zero and short below, with hedging both legs together."""
        p = self.exchange.leg(symbol, 0)
        size = p.size + self.exchange.leg(symbol, 1).size
        if abs(size) <= p.dust:
            return 0.0
        return float(size)

    @property
    def direction(self) -> int:
        """1 where the symbol in hand is held long, -1 short, 0 where it is not held."""
        size = self.net_size(self.exchange.symbol_now)
        if size == 0.0:
            return 0
        return 1 if size > 0.0 else -1

    @property
    def can_short(self) -> bool:
        """Whether the symbol in hand can be sold short: a perpetual can, a spot holding cannot."""
        return not self.is_spot(self.exchange.symbol_now)

    def is_spot(self, symbol: int) -> bool:
        """Whether a symbol of the run is spot (bought and held) and not a perpetual."""
        x = self.exchange
        x.leg(symbol, 0)  # which says so where there is no such symbol
        return bool(x.instruments[symbol].spot)

    @property
    def book(self) -> Any:
        """Order-book replay: the book as far as the strategy has heard of it."""
        return self.exchange.book

    @property
    def equity(self) -> float:
        """What the account is worth now, in quote currency."""
        worth: float = self.exchange.equity()
        return worth

    @property
    def cash(self) -> float:
        """The account's cash; with perpetuals its wallet balance, without unrealised profit."""
        cash: float = self.exchange.cash
        return cash

    @property
    def orders_open(self) -> int:
        """How many orders are open, those of brackets included."""
        count: int = self.exchange.live
        return count

    # Set-up.

    def feed(self, symbol: int = 0, timeframe: str = "") -> Feed:
        """Bars of another symbol or of a higher timeframe; indicators follow it with `.on(feed)`. Only in `setup`."""
        x = self.exchange
        if x.step == 0:
            raise StrategyFailed("an order-book replay has no bars to make a feed of", where=type(self).__name__)
        if not 0 <= symbol < x.symbols:
            raise StrategyFailed(
                f"feed({symbol}) asks for symbol number {symbol}, and this run has {x.symbols}",
                where=type(self).__name__,
                fix="Numbers begin at 0, in the order the run names its symbols",
            )
        length = timeframe_ns(timeframe) if timeframe else x.step
        if length % x.step != 0:
            raise BadInput(
                f"a {timeframe} feed cannot be built from this run's bars",
                where=type(self).__name__,
                fix="Ask for a multiple of the run's timeframe",
            )
        origin = WEEK_ORIGIN_NS if length % UNITS_NS["w"] == 0 else 0
        return Feed(symbol, length, origin, x.step)

    exchange: Any
