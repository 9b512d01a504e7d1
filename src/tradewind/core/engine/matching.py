"""How the market answers: which orders a bar fills, at what price, in what order.

A bar says where it opened, how far it went and where it closed, not by which way. What is unknown is decided against
the strategy: a stop that was touched was hit, before a target that was touched; a gap fills at the open; what was
opened inside the bar reaches its target in it only where the close proves it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tradewind.core.engine import account, intake
from tradewind.core.engine import constants as k
from tradewind.core.engine.filling import take, trade
from tradewind.core.engine.forced_closing import expect_margin_call, liquidate

if TYPE_CHECKING:
    from tradewind.core.engine.exchange import Exchange
    from tradewind.core.engine.state import Bar, InstrumentState, Order


def open_phase(x: Exchange, bar: Bar) -> None:
    """The bar of the only symbol opens."""
    open_bar(x, bar)
    open_orders(x)


def open_bar(x: Exchange, bar: Bar) -> None:
    """One symbol's bar opens: its volume is there to be taken, and a gap may have jumped over a liquidation price."""
    s = x.instruments[bar.symbol]
    s.volume_left = bar.volume * x.participation if x.participation > 0.0 else math.inf
    x.matching = True
    x.open_time = bar.time
    liquidate(x, bar, bar.open, bar.open, True)


def open_orders(x: Exchange) -> None:
    """Orders meet the opens of this moment in the order in which they were made, whatever their symbols.

    Time-outs, market orders, and what the gap has jumped over.
    """
    i = 0
    while i < x.live:
        o = x.orders[x.queue[i]]
        i += 1
        bar = x.bars[o.symbol]
        if o.state == k.FREE or bar.time != x.open_time:
            continue
        if o.cancels <= bar.time:
            intake.finish(x, o, k.CANCELED, k.ASKED)
        elif o.expires > 0 and o.expires <= bar.time:
            intake.finish(x, o, k.EXPIRED, k.TIME_OUT)
        elif o.arrives <= bar.time:
            at_open(x, o, bar, x.instruments[o.symbol])
    intake.sweep(x)


def at_open(x: Exchange, o: Order, bar: Bar, s: InstrumentState) -> None:
    """One order meets the opening price."""
    price = bar.open
    first = not o.rests
    if o.kind == k.MARKET:
        take(x, o, price, bar, s, bar.time)
    elif o.kind == k.LIMIT:
        if reached(o.side, price, o.limit):
            if o.post_only and first:
                intake.finish(x, o, k.REJECTED, k.WOULD_TAKE)
            else:
                trade(x, o, price, not first, 0.0, bar, s, bar.time)
        elif first and (o.tif == k.IOC or o.tif == k.FOK):
            intake.finish(x, o, k.CANCELED, k.NOT_FILLED)
    elif o.kind == k.TAKE_PROFIT:
        if reached(-o.side, o.stop, price):
            trigger(x, o, price, bar, s, bar.time)
    elif reached(-o.side, price, o.stop):
        trigger(x, o, price, bar, s, bar.time)
    if o.state != k.FREE:
        o.rests = True


def inside_phase(x: Exchange, bar: Bar) -> None:
    """The bar runs its course: stops and liquidation first, then limits and targets."""
    s = x.instruments[bar.symbol]
    late_arrivals(x, bar, s)
    stops(x, bar, s, -1)
    liquidate(x, bar, bar.low, bar.high, False)
    touched = x.live
    traded = x.fill_count
    i = 0
    while i < touched:
        o = x.orders[x.queue[i]]
        i += 1
        if o.state == k.FREE or o.symbol != bar.symbol or o.arrives > bar.time:
            continue
        if o.kind == k.LIMIT and limit_reached(o, bar):
            trade(x, o, o.limit, True, 0.0, bar, s, bar.close_time)
        elif o.kind == k.TAKE_PROFIT and target_reached(o, bar):
            trigger(x, o, o.stop, bar, s, bar.close_time)
    if x.fill_count > traded:
        # What a limit order opened may be stopped out by the same move: the price went through it.
        stops(x, bar, s, touched)
        proven_targets(x, bar, s, touched)
        liquidate(x, bar, bar.low, bar.high, False)
    trail_stops(x, bar)
    x.matching = False
    intake.sweep(x)


def reached(side: int, price: float, level: float) -> bool:
    """Whether `price` is at or beyond `level` in a buyer's (side +1) or a seller's (-1) favour."""
    return price <= level if side > 0 else price >= level


def limit_reached(o: Order, bar: Bar) -> bool:
    """Whether a limit was met; for a stop-limit triggered inside this bar, whether the close proves it."""
    if o.born_inside == bar.time:
        return reached(o.side, bar.close, o.limit)
    return reached(o.side, bar.low if o.side > 0 else bar.high, o.limit)


def target_reached(o: Order, bar: Bar) -> bool:
    """Whether a target was met; for a position opened inside this bar, whether the close proves it."""
    if o.born_inside == bar.time:
        return reached(-o.side, o.stop, bar.close)
    return reached(-o.side, o.stop, bar.low if o.side > 0 else bar.high)


def late_arrivals(x: Exchange, bar: Bar, s: InstrumentState) -> None:
    """Market orders that arrive inside the bar: as much nearer to its worst price as its time has run."""
    for i in range(x.live):
        o = x.orders[x.queue[i]]
        if o.state == k.FREE or o.symbol != bar.symbol or o.kind != k.MARKET:
            continue
        if bar.time < o.arrives < bar.close_time:
            worst = bar.high if o.side > 0 else bar.low
            share = (o.arrives - bar.time) / x.step
            price = bar.open + (worst - bar.open) * share
            if not liquidated_before(x, o, price, bar):
                take(x, o, price, bar, s, o.arrives)


def stops(x: Exchange, bar: Bar, s: InstrumentState, start: int) -> None:
    """Every stop that the bar touched fills, in the order they were made; from place `start` of the line on."""
    i = max(0, start)
    while i < x.live:
        o = x.orders[x.queue[i]]
        i += 1
        if o.state == k.FREE or o.symbol != bar.symbol:
            continue
        if o.kind != k.STOP and o.kind != k.TRAILING_STOP and o.kind != k.STOP_LIMIT:
            continue
        if o.arrives >= bar.close_time or not reached(-o.side, bar.high if o.side > 0 else bar.low, o.stop):
            continue
        if not liquidated_before(x, o, o.stop, bar):
            price = o.stop
            if o.arrives > bar.time and reached(-o.side, bar.open, price):
                price = bar.open  # the price had passed it before it arrived
            trigger(x, o, price, bar, s, bar.close_time)


def liquidated_before(x: Exchange, o: Order, price: float, bar: Bar) -> bool:
    """Whether the position that an order would reduce is liquidated before the market comes to `price`."""
    expect_margin_call(x, bar)
    p = x.positions[account.leg_of(x, o.symbol, o.side, o.reduce_only)]
    if p.size > 0.0 and o.side < 0:
        return price <= p.liquidation_low and bar.low <= p.liquidation_low
    if p.size < 0.0 and o.side > 0:
        return price >= p.liquidation_high and bar.high >= p.liquidation_high
    return False


def proven_targets(x: Exchange, bar: Bar, s: InstrumentState, start: int) -> None:
    """Targets of positions opened by limit orders inside this bar, where the close proves that they were met."""
    i = start
    while i < x.live:
        o = x.orders[x.queue[i]]
        i += 1
        if o.state != k.FREE and o.symbol == bar.symbol and o.kind == k.TAKE_PROFIT and target_reached(o, bar):
            trigger(x, o, o.stop, bar, s, bar.close_time)


def trail_stops(x: Exchange, bar: Bar) -> None:
    """Trailing stops follow the bar's best price; the next bar meets them there."""
    for i in range(x.live):
        o = x.orders[x.queue[i]]
        if o.state != k.FREE and o.symbol == bar.symbol and o.kind == k.TRAILING_STOP and o.arrives < bar.close_time:
            # Of a bar inside which the position was opened only the close is known to have come after.
            known = o.born_inside != bar.time
            if o.side < 0:
                o.stop = max(o.stop, (bar.high if known else bar.close) - o.trail)
            else:
                o.stop = min(o.stop, (bar.low if known else bar.close) + o.trail)


def trigger(x: Exchange, o: Order, price: float, bar: Bar, s: InstrumentState, time: int) -> None:
    """A stop or a target has been reached at `price`."""
    if o.bracket != 0:
        end_entry(x, o)
    intake.update(x, o.id, o.symbol, o.side, k.TRIGGERED, 0, o.size, o.filled)
    if o.kind == k.STOP_LIMIT:
        o.kind = k.LIMIT
        o.rests = True
        if time > bar.time:
            o.born_inside = bar.time
        if reached(o.side, price, o.limit):
            if o.post_only:
                intake.finish(x, o, k.REJECTED, k.WOULD_TAKE)
            else:
                trade(x, o, price, False, 0.0, bar, s, time)
        elif o.tif == k.IOC or o.tif == k.FOK:
            intake.finish(x, o, k.CANCELED, k.NOT_FILLED)
    else:
        o.kind = k.MARKET
        take(x, o, price, bar, s, time)


def end_entry(x: Exchange, o: Order) -> None:
    """An exit of a bracket is due: what its entry has not bought by now it must not buy any more."""
    for i in range(x.live):
        entry = x.orders[x.queue[i]]
        if entry.state != k.FREE and entry.id == o.bracket:
            intake.finish(x, entry, k.CANCELED, k.OTHER_SIDE_FILLED)
