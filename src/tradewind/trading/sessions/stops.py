"""Stops, targets and trails of a session: watched here, tick by tick, and sent as plain orders when they are met.

Until then no venue knows of them. That they are met, and by which tick, follows from the inputs alone, so a replay
meets them at the same ticks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.core.engine import account, intake
from tradewind.core.engine import constants as k
from tradewind.core.engine.matching import reached

if TYPE_CHECKING:
    from tradewind.core.engine.exchange import Exchange
    from tradewind.core.engine.state import Order

WATCHED = frozenset((k.STOP, k.STOP_LIMIT, k.TAKE_PROFIT, k.TRAILING_STOP))
"""Kinds of orders that are not at the venue yet; when they are met they become market or limit orders."""


def open_orders(x: Exchange) -> list[Order]:
    """The orders of the table, in the order in which they were made."""
    return [o for o in (x.orders[x.queue[i]] for i in range(x.live)) if o.state != k.FREE]


def meet(x: Exchange, symbol: int, price: float) -> bool:
    """A tick: orders that it meets are to be sent, trailing stops follow it; whether any order is another now."""
    met = False
    for o in open_orders(x):
        if o.kind not in WATCHED or o.symbol != symbol or o.state == k.FREE:  # one may have gone with another just now
            continue
        if 0 < o.expires <= x.now:
            met = True
            intake.finish(x, o, k.EXPIRED, k.TIME_OUT)
        elif reached(-o.side, o.stop, price) if o.kind == k.TAKE_PROFIT else reached(-o.side, price, o.stop):
            met = True
            trigger(x, o)
        elif o.kind == k.TRAILING_STOP:
            o.stop = max(o.stop, price - o.trail) if o.side < 0 else min(o.stop, price + o.trail)
    intake.sweep(x)
    return met


def trigger(x: Exchange, o: Order) -> None:
    """An order is met. What the entry of its bracket has not bought by now it must not buy any more."""
    for entry in open_orders(x) if o.bracket else ():
        if entry.id == o.bracket:
            end(x, entry)
    intake.update(x, o.id, o.symbol, o.side, k.TRIGGERED, 0, o.size, o.filled)
    o.kind = k.LIMIT if o.kind == k.STOP_LIMIT else k.MARKET


def end(x: Exchange, o: Order) -> None:
    """An order is not wanted any more: gone at once where only we know of it, else the venue is asked."""
    if o.kind in WATCHED:
        intake.finish(x, o, k.CANCELED, k.OTHER_SIDE_FILLED)
    else:
        intake.withdraw(x, o)


def release(x: Exchange, but: Order, leg: int) -> None:
    """The leg is closed: what was around it goes, but for the order that closed it."""
    for o in open_orders(x):
        if o.bracket != 0 and o.id != but.id and account.leg_of(x, o.symbol, o.side, True) == leg:
            end(x, o)


def shrink(x: Exchange, filled: Order, size: float) -> None:
    """One side of a bracket has closed a part: the others have that much less to close.

    One that is at the venue already keeps its size: the venue fills no more of it than there is to close, and says so.
    """
    for o in open_orders(x):
        same = o.bracket == filled.bracket and o.side == filled.side and o.symbol == filled.symbol
        if o.kind in WATCHED and same and o.id != filled.id:
            o.size -= size
            if o.remaining <= size * account.HAIR:
                end(x, o)
