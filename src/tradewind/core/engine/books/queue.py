"""The queue at a price: where an order stands in it, and what brings it forward.

An order arrives at the back of its level. Trades at its price consume what stands ahead, then the order. What
disappears from the level without a trade was cancelled: by the proportional model ahead of the order and behind it, as
much on each side as stands there; by the other, behind it only. Nothing can stand ahead that is not there at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.core.engine.books.answers import fill
from tradewind.core.engine.matching import reached

if TYPE_CHECKING:
    from tradewind.core.engine.books.exchange import BookExchange
    from tradewind.core.engine.books.state import VenueOrder


def join(x: BookExchange, v: VenueOrder) -> None:
    """Rest at the back of the level."""
    v.rests = True
    v.level = own_side(x, v)
    v.ahead = v.level
    v.traded = 0.0
    x.resting += 1
    x.counts.rested += 1
    x.counts.ahead_sum += v.ahead
    if v.ahead == 0.0:
        x.counts.front += 1


def own_side(x: BookExchange, v: VenueOrder) -> float:
    """What stands at the order's price, of others."""
    levels = x.venue_book.bids if v.side > 0 else x.venue_book.asks
    return levels.size_at(v.price)


def look_again(x: BookExchange, v: VenueOrder) -> None:
    """The book has changed: what of the level has gone without a trade was cancelled."""
    now = own_side(x, v)
    expected = max(0.0, v.level - v.traded)
    if x.cancels_count_ahead and now < expected:
        v.ahead *= now / expected
    v.ahead = min(v.ahead, now)
    v.level = now
    v.traded = 0.0


def lost_sight(x: BookExchange) -> None:
    """After a gap nothing is known of the queues: every order stands at the back of its level again."""
    for i in range(x.live):
        v = x.venue_orders[x.queue[i]]
        if v.rests:
            v.level = own_side(x, v)
            v.ahead = v.level
            v.traded = 0.0


def look_at_all(x: BookExchange) -> None:
    """Every resting order looks at its level again; one that the other side has come to is filled there."""
    for i in range(x.live):
        v = x.venue_orders[x.queue[i]]
        if v.rests:
            look_again(x, v)
    if x.venue_book.tradable:
        crossed(x, 1)
        crossed(x, -1)


def first_in_line(x: BookExchange, side: int, after: int) -> int:
    """The slot of the resting order of a side that is next in line after the one in slot `after`, or -1.

    Better prices come first; at one price, the order with less ahead of it, then the one made first.
    """
    found = -1
    for i in range(x.live):
        slot = x.queue[i]
        v = x.venue_orders[slot]
        if not v.rests or v.side != side or (after >= 0 and not before(x, after, slot)):
            continue
        if found < 0 or before(x, slot, found):
            found = slot
    return found


def before(x: BookExchange, a: int, b: int) -> bool:
    """Whether the order in slot `a` stands in line before the one in slot `b`."""
    one = x.venue_orders[a]
    other = x.venue_orders[b]
    if one.price != other.price:
        return one.side * one.price > one.side * other.price
    if one.ahead != other.ahead:
        return one.ahead < other.ahead
    return one.id < other.id


def crossed(x: BookExchange, side: int) -> None:
    """Orders of the other side that came to rest at or through ours would have met ours: it is their maker."""
    levels = x.venue_book.asks if side > 0 else x.venue_book.bids
    slot = first_in_line(x, side, -1)
    while slot >= 0 and levels.count > 0:
        v = x.venue_orders[slot]
        if not reached(side, levels.best, v.price):
            return
        size = x.instruments[0].round_size(min(v.remaining, levels.best_size))
        if size <= 0.0:
            levels.take(levels.best_size)  # less than a lot
            continue
        levels.take(size)
        x.counts.crossed_fills += 1
        fill(x, slot, size, v.price, True, 0.0)
        if v.gone:
            slot = first_in_line(x, side, -1)


def traded(x: BookExchange, side: int, price: float, size: float) -> None:
    """A trade: ours that rest at a better price than it, or stand in front at its price, were in its way.

    `side` is the aggressor's. All fills together are no more than the trade. A trade through our price fills whoever
    was the aggressor: a resting order at that price would have met ours before.
    """
    if not x.venue_book.tradable:
        return
    left = through(x, 1, price, size)
    left = through(x, -1, price, left)
    at_price(x, -side, price, left, size)


def through(x: BookExchange, side: int, price: float, size: float) -> float:
    """Fill what rests at strictly better prices than a trade's, at most `size`; what is left of it."""
    s = x.instruments[0]
    slot = first_in_line(x, side, -1)
    while slot >= 0 and size > 0.0:
        v = x.venue_orders[slot]
        if not side * v.price > side * price:
            return size
        part = s.round_size(min(v.remaining, size))
        if part <= 0.0:
            return size
        size -= part
        x.counts.through_fills += 1
        fill(x, slot, part, v.price, True, 0.0)
        if v.gone:
            slot = first_in_line(x, side, -1)
    return size


def at_price(x: BookExchange, side: int, price: float, size: float, whole: float) -> None:
    """A trade at the price of ours: what is ahead goes first, then ours, each in its place in the line.

    `size` of the `whole` trade came as far as this price.
    """
    s = x.instruments[0]
    ours = 0.0
    slot = first_in_line(x, side, -1)
    while slot >= 0:
        v = x.venue_orders[slot]
        following = first_in_line(x, side, slot)
        if v.price == price:
            reach = size - ours - v.ahead
            v.traded += whole
            v.ahead = max(0.0, v.ahead - max(0.0, size - ours))
            part = s.round_size(min(v.remaining, reach)) if reach > 0.0 else 0.0
            if part > 0.0:
                ours += part
                fill(x, slot, part, price, True, 0.0)
        slot = following
