"""The account of a session: the engine's own, but the market is elsewhere, and answers when it likes.

What an order is checked for, what a fill does to cash and positions is `core.engine`'s code. What differs: no bar fills
anything here; an order stands until the venue has said what became of it; the last price is that of the last tick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.core.engine import account, intake
from tradewind.core.engine import constants as k
from tradewind.core.engine.books.venue import has_bracket
from tradewind.core.engine.exchange import Exchange
from tradewind.trading.sessions import stops

if TYPE_CHECKING:
    from tradewind.core.engine.state import Bar, InstrumentState, Order

CUSHION = 0.01
"""How much dearer an order without a size may trade than the last price: the rest of the stake is kept for that."""
ROUNDED = 1e-9
"""A fee this near to the instrument's own, in proportion, is that fee, and was rounded on its way."""


class SessionExchange(Exchange):
    """The exchange that a strategy sees in a session. `time_now` and `last_prices` are those of the last inputs."""

    def __init__(self, symbols: int, step: int, orders_max: int) -> None:
        super().__init__(symbols, step, orders_max)
        self.time_now = 0
        self.last_prices = [k.NAN] * symbols

    @property
    def now(self) -> int:
        """The time of the input in hand."""
        return self.time_now

    def price_now(self, symbol: int) -> float:
        """The price of the symbol's last tick, or the close of its last candle where there are no ticks."""
        return self.last_prices[symbol]

    def open_phase(self, bar: Bar) -> None:
        """Nothing: fills come from the venue."""

    def open_bar(self, bar: Bar) -> None:
        """Nothing: fills come from the venue."""

    def open_orders(self) -> None:
        """Nothing: fills come from the venue."""

    def inside_phase(self, bar: Bar) -> None:
        """Nothing: fills come from the venue."""


def order_in(x: Exchange, number: int) -> Order | None:
    """The open order of this number."""
    for i in range(x.live):
        o = x.orders[x.queue[i]]
        if o.id == number and o.state != k.FREE:
            return o
    return None


def size_by_stake(x: SessionExchange, o: Order) -> bool:
    """Settle the size of an order that was asked for without one, for a venue must be told; False where it is none."""
    if not o.by_stake:
        return True
    if o.reduce_only:
        held = abs(x.positions[account.leg_of(x, o.symbol, o.side, True)].size)
        size = x.instruments[o.symbol].round_size(held)
    else:
        size = intake.stake_size(x, o.symbol, o.side, x.price_now(o.symbol) * (1.0 + CUSHION), o.id)
    if size <= 0.0:
        intake.finish(x, o, k.REJECTED, k.NOTHING_TO_REDUCE if o.reduce_only else k.FUNDS)
        intake.sweep(x)
        return False
    o.size, o.by_stake, o.staked = size, False, True
    return True


def book_fill(x: SessionExchange, o: Order, size: float, price: float, fee: float, maker: bool) -> None:
    """Book a fill as the venue reported it: it has happened, whatever the account would have liked.

    `fee` is in quote currency, or in base currency where the instrument's fees are. `o` may be an order that has ended
    (`o.state` is FREE): its late fill counts all the same.
    """
    leg = account.leg_of(x, o.symbol, o.side, o.reduce_only)
    p, s = x.positions[leg], x.instruments[o.symbol]
    closing = min(size, abs(p.size)) if p.size * o.side < 0.0 else 0.0
    opening = size - closing
    if opening <= size * account.HAIR:
        closing, opening = size if closing else 0.0, 0.0 if closing else opening
    rate = _rate(s, o.side, size, price, fee, maker)
    if closing > 0.0:
        account.reduce_position(x, o, leg, closing, price, rate, maker, 0.0, x.time_now)
        if abs(p.size) <= p.dust:
            stops.release(x, o, leg)
        elif o.bracket != 0:
            stops.shrink(x, o, closing)
        intake.sweep(x)  # before new orders take the slots of those that went
    if opening > 0.0:
        account.increase_position(x, o, leg, opening, price, rate, maker, 0.0, x.time_now)
        if not o.reduce_only and has_bracket(o):
            intake.bracket(x, o.id, o.symbol, p, opening, o.stop_loss, o.take_profit, o.trail, price, -1)
    o.filled = s.whole_lots(o.filled + size)
    if o.state == k.FREE:
        return
    if o.filled >= o.size * (1.0 - 1e-12):
        intake.finish(x, o, k.FILLED, 0)
    else:
        o.state = k.PARTIALLY_FILLED
        intake.update(x, o.id, o.symbol, o.side, k.PARTIALLY_FILLED, 0, o.size, o.filled)
    intake.sweep(x)


def _rate(s: InstrumentState, side: int, size: float, price: float, fee: float, maker: bool) -> float:
    """The fee as a fraction of what was traded."""
    traded = size if s.fee_in_base and side > 0 else size * price
    usual = s.maker_fee if maker else s.taker_fee
    return usual if abs(fee - traded * usual) <= ROUNDED * abs(traded * usual) else fee / traded
