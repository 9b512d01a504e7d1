"""The venue: orders and cancellations arrive, take what stands in the book, or join the end of a queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.core.engine import constants as k
from tradewind.core.engine.books.answers import end, fill
from tradewind.core.engine.books.queue import join
from tradewind.core.engine.filling import wanted
from tradewind.core.engine.intake import OrderRefused
from tradewind.core.engine.matching import reached

if TYPE_CHECKING:
    from tradewind.core.engine.books.exchange import BookExchange
    from tradewind.core.engine.state import Order


def register(x: BookExchange) -> None:
    """After the strategy has asked for something: what is new goes on its way to the venue."""
    for i in range(x.live):
        slot = x.queue[i]
        o = x.orders[slot]
        v = x.venue_orders[slot]
        if o.state == k.FREE or v.id == o.id:
            continue
        if (o.kind != k.MARKET and o.kind != k.LIMIT) or has_bracket(o):
            x.bad_value = float(o.kind)
            raise OrderRefused(
                "an order-book replay takes market and limit orders, without stops, targets or trails: watch the book "
                "and send an order"
            )
        v.begin(o.id, o.side, o.arrives)
    expect(x)


def has_bracket(o: Order) -> bool:
    """Whether an order brings a stop, a target or a trail with it."""
    return o.stop_loss == o.stop_loss or o.take_profit == o.take_profit or o.trail == o.trail


def expect(x: BookExchange) -> None:
    """Work out when the next order, cancellation or expiry meets the venue."""
    soonest = k.EVER
    for i in range(x.live):
        slot = x.queue[i]
        o = x.orders[slot]
        v = x.venue_orders[slot]
        if o.state == k.FREE or v.id != o.id or v.gone:
            continue
        soonest = min(soonest, next_of(x, slot))
    x.acts_next = soonest


def next_of(x: BookExchange, slot: int) -> int:
    """When the venue next has to do something about an order, but for what its market does."""
    o = x.orders[slot]
    if not x.venue_orders[slot].rests:
        return o.arrives
    if o.expires > 0:
        return min(o.cancels, o.expires)
    return o.cancels


def act(x: BookExchange) -> None:
    """Do what is due at the venue now: the order that was made first goes first."""
    x.venue_time = x.acts_next
    for i in range(x.live):
        slot = x.queue[i]
        o = x.orders[slot]
        v = x.venue_orders[slot]
        if o.state == k.FREE or v.id != o.id or v.gone or next_of(x, slot) > x.venue_time:
            continue
        if not v.rests:
            arrive(x, slot)
        elif o.cancels <= x.venue_time:
            x.counts.cancelled += 1
            end(x, slot, k.CANCELED, k.ASKED)
        else:
            end(x, slot, k.EXPIRED, k.TIME_OUT)
    expect(x)


def arrive(x: BookExchange, slot: int) -> None:
    """An order meets the book: what it may take it takes, and what is left of a limit order rests."""
    o = x.orders[slot]
    v = x.venue_orders[slot]
    if not x.venue_book.tradable:
        end(x, slot, k.REJECTED, k.NO_BOOK)
        return
    if o.expires > 0 and o.expires <= x.venue_time:
        end(x, slot, k.EXPIRED, k.TIME_OUT)
        return
    best = x.venue_book.ask if o.side > 0 else x.venue_book.bid
    v.price = o.limit
    v.remaining = x.instruments[0].round_size(wanted(x, o, best))
    if v.remaining <= 0.0:
        end(x, slot, k.CANCELED if o.reduce_only else k.REJECTED, k.OTHER_SIDE_FILLED if o.reduce_only else k.FUNDS)
        return
    tif = o.tif
    o.tif = k.GTC  # the venue sees to it here; the account only books what happened
    if o.kind == k.MARKET or reached(o.side, best, o.limit):
        if o.post_only:
            end(x, slot, k.REJECTED, k.WOULD_TAKE)
            return
        if tif == k.FOK and on_offer(x, o) < v.remaining:
            end(x, slot, k.CANCELED, k.NOT_FILLED)
            return
        take(x, slot, best)
    if v.gone:
        return
    if o.kind == k.MARKET or tif == k.IOC or tif == k.FOK:
        end(x, slot, k.CANCELED, k.NOT_FILLED)
    else:
        join(x, v)


def on_offer(x: BookExchange, o: Order) -> float:
    """What stands in the book for an order at its limit and better."""
    levels = x.venue_book.asks if o.side > 0 else x.venue_book.bids
    return levels.volume_to(o.limit)


def take(x: BookExchange, slot: int, best: float) -> None:
    """Walk the book from its best price on, a fill for each level. What is taken is gone until its level was empty."""
    o = x.orders[slot]
    v = x.venue_orders[slot]
    levels = x.venue_book.asks if o.side > 0 else x.venue_book.bids
    while not v.gone and levels.count > 0:
        price = levels.best
        if o.kind == k.LIMIT and not reached(o.side, price, o.limit):
            return
        size = x.instruments[0].round_size(min(v.remaining, levels.best_size))
        if size <= 0.0:
            levels.take(levels.best_size)  # less than a lot
            continue
        levels.take(size)
        fill(x, slot, size, price, False, abs(price - best))
