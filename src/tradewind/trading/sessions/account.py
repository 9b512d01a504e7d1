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
    from tradewind.core.engine.state import Bar, Order

CUSHION = 0.01
"""How much dearer an order without a size may trade than the last price: the rest of the stake is kept for that."""


class SessionExchange(Exchange):
    """The exchange that a strategy sees in a session. `time_now` and `last_price` are those of the last input."""

    def __init__(self, step: int, orders_max: int) -> None:
        super().__init__(1, step, orders_max)
        self.time_now = 0
        self.last_price = k.NAN

    @property
    def now(self) -> int:
        """The time of the input in hand."""
        return self.time_now

    def price_now(self, symbol: int) -> float:  # noqa: ARG002 - a session has one
        """The price of the last tick, or the close of the last candle where there are no ticks."""
        return self.last_price

    def open_phase(self, bar: Bar) -> None:
        """Nothing: fills come from the venue."""

    def inside_phase(self, bar: Bar) -> None:
        """Nothing: fills come from the venue."""


def order_in(x: SessionExchange, number: int) -> Order | None:
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
        size = x.instruments[0].round_size(abs(x.positions[0].size))
    else:
        size = intake.stake_size(x, 0, o.side, x.last_price * (1.0 + CUSHION), o.id)
    if size <= 0.0:
        intake.finish(x, o, k.REJECTED, k.NOTHING_TO_REDUCE if o.reduce_only else k.FUNDS)
        intake.sweep(x)
        return False
    o.size, o.by_stake, o.staked = size, False, True
    return True


def book_fill(x: SessionExchange, o: Order, size: float, price: float, fee: float, maker: bool) -> None:
    """Book a fill as the venue reported it: it has happened, whatever the account would have liked.

    `fee` is in quote currency, or in base currency where the instrument's fees are.
    """
    p, s = x.positions[0], x.instruments[0]
    closing = min(size, abs(p.size)) if p.size * o.side < 0.0 else 0.0
    opening = size - closing
    if opening <= size * account.HAIR:
        closing, opening = size if closing else 0.0, 0.0 if closing else opening
    rate = fee / (size if s.fee_in_base and o.side > 0 else size * price)
    if closing > 0.0:
        account.reduce_position(x, o, 0, closing, price, rate, maker, 0.0, x.time_now)
        if abs(p.size) <= p.dust:
            stops.release(x, o)
        elif o.bracket != 0:
            stops.shrink(x, o, closing)
        intake.sweep(x)  # before new orders take the slots of those that went
    if opening > 0.0:
        account.increase_position(x, o, 0, opening, price, rate, maker, 0.0, x.time_now)
        if not o.reduce_only and has_bracket(o):
            intake.bracket(x, o.id, 0, p, opening, o.stop_loss, o.take_profit, o.trail, price, -1)
    o.filled = s.whole_lots(o.filled + size)
    if o.filled >= o.size * (1.0 - 1e-12):
        intake.finish(x, o, k.FILLED, 0)
    else:
        o.state = k.PARTIALLY_FILLED
        intake.update(x, o.id, 0, o.side, k.PARTIALLY_FILLED, 0, o.size, o.filled)
    intake.sweep(x)
