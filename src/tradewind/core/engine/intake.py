"""What happens to an order before the market sees it: written down, checked, rounded, given a slot in the table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tradewind.core.engine import account
from tradewind.core.engine import constants as k

if TYPE_CHECKING:
    from tradewind.core.engine.exchange import Exchange
    from tradewind.core.engine.state import Order, Position

PROTECT = 3


class OrderRefused(ValueError):
    """The strategy asked for something that is not an order at all."""


def submit(
    x: Exchange, symbol: int, side: int, size: float, sized: bool, limit: float, stop: float, stop_loss: float,
    take_profit: float, trail: float, reduce_only: bool, post_only: bool, tif: int, expires: int,
) -> int:  # fmt: skip
    """Take an order in; its number, or 0 where the market would refuse it (counted, with the reason)."""
    check_open(x)
    check_symbol(x, symbol)
    check_tif(x, tif, expires)
    if sized and not (size > 0.0 and size < math.inf):
        x.bad_value = size
        raise OrderRefused("an order's size must be a number above zero")
    check_price(x, limit)
    check_price(x, stop)
    check_price(x, stop_loss)
    check_price(x, take_profit)
    check_price(x, trail)
    kind = kind_of(limit, stop, trail, reduce_only)
    x.orders_made += 1
    number = x.orders_made
    flags = (1 if reduce_only else 0) + (2 if post_only else 0) + 4 * tif
    write_down(
        x, number, symbol, k.SUBMIT, side, kind, flags, size, limit, stop, stop_loss, take_profit, trail, expires
    )
    s = x.instruments[symbol]
    if sized:
        size = s.round_size(size)
    if side > 0:
        limit = s.price_down(limit) if limit == limit else limit
        stop = s.price_up(stop) if stop == stop else stop
    else:
        limit = s.price_up(limit) if limit == limit else limit
        stop = s.price_down(stop) if stop == stop else stop
    staked = False
    if not sized and not reduce_only and kind == k.LIMIT:
        size = stake_size(x, symbol, side, limit, number)
        sized = True
        staked = True
    reason = why_not(x, symbol, side, size, sized, limit, stop, kind, reduce_only)
    if staked and size == 0.0 and reason == k.BELOW_LOT:
        reason = k.FUNDS
    if reason == 0 and post_only and kind != k.LIMIT and kind != k.STOP_LIMIT:
        reason = k.WOULD_TAKE
    if reason != 0:
        refuse(x, number, symbol, side, size, reason)
        return 0
    slot = free_slot(x)
    if slot < 0:
        refuse(x, number, symbol, side, size, k.TOO_MANY)
        return 0
    o = x.orders[slot]
    o.begin(number, symbol, side, kind, size if sized else 0.0)
    o.by_stake = not sized
    o.limit = limit
    o.stop = stop
    o.trail = trail
    o.stop_loss = stop_loss
    o.take_profit = take_profit
    o.reduce_only = reduce_only
    o.post_only = post_only
    o.tif = tif
    o.expires = expires
    o.arrives = x.now + x.latency
    if kind == k.TRAILING_STOP:
        o.stop = x.price_now(symbol) + side * trail
    enqueue(x, slot)
    update(x, number, symbol, side, k.ACCEPTED, 0, o.size, 0.0)
    return number


def check_open(x: Exchange) -> None:
    """Orders are taken while there is a market: not in `setup`, `on_start` or `on_stop`."""
    bar = x.bars[x.symbol_now]
    if x.finished or (bar.time == 0 and bar.open != bar.open):
        raise RuntimeError("orders are taken from the first bar to the last, not before and not after")


def check_symbol(x: Exchange, symbol: int) -> None:
    """Symbols are numbered from 0, in the order the run names them."""
    if symbol < 0 or symbol >= x.symbols:
        x.bad_value = float(symbol)
        raise OrderRefused("this run has no symbol of that number")


def check_tif(x: Exchange, tif: int, expires: int) -> None:
    """A time in force is one of four, and a date is a date."""
    if tif < k.GTC or tif > k.GTD:
        x.bad_value = float(tif)
        raise OrderRefused("an order's time in force must be 0 GTC, 1 IOC, 2 FOK or 3 GTD")
    if expires < 0 or (tif == k.GTD and expires == 0):
        x.bad_value = float(expires)
        raise OrderRefused("an order that is good till a date needs expires=, in nanoseconds")


def check_price(x: Exchange, price: float) -> None:
    """A price that is given must be one; NaN stands for one that is not given."""
    if price == price and not (price > 0.0 and price < math.inf):
        # A strategy hands a price that it gave and that is NaN over as minus infinity.
        x.bad_value = k.NAN if price == -math.inf else price
        raise OrderRefused("an order's prices must be numbers above zero")


def kind_of(limit: float, stop: float, trail: float, reduce_only: bool) -> int:
    """The kind of order that these prices describe; a trail on an order that opens belongs to its bracket."""
    if trail == trail and reduce_only:
        return k.TRAILING_STOP
    if stop == stop:
        return k.STOP_LIMIT if limit == limit else k.STOP
    return k.LIMIT if limit == limit else k.MARKET


def write_down(
    x: Exchange, number: int, symbol: int, action: int, side: int, kind: int, flags: int, size: float, limit: float,
    stop: float, stop_loss: float, take_profit: float, trail: float, expires: int,
) -> None:  # fmt: skip
    """Put a request in the outbox; the decision hash is taken over these."""
    if x.decision_count >= len(x.decisions):
        x.bad_value = float(len(x.decisions))
        raise OrderRefused("more requests in one bar than are allowed")
    d = x.decisions[x.decision_count]
    x.decision_count += 1
    x.pending = True
    d.time = x.now
    d.order = number
    d.symbol = symbol
    d.action = action
    d.side = side
    d.kind = kind
    d.flags = flags
    d.size = size
    d.limit = limit
    d.stop = stop
    d.stop_loss = stop_loss
    d.take_profit = take_profit
    d.trail = trail
    d.expires = expires


def why_not(
    x: Exchange, symbol: int, side: int, size: float, sized: bool, limit: float, stop: float, kind: int,
    reduce_only: bool,
) -> int:  # fmt: skip
    """The reason to refuse the order now, or 0."""
    s = x.instruments[symbol]
    if x.bankrupt or x.now < x.trade_from:
        return k.BANKRUPT if x.bankrupt else k.WARMING_UP
    if x.no_book or math.isnan(x.price_now(symbol)):
        return k.NO_BOOK if x.no_book else k.BAD_PRICE  # it has not traded yet
    held = x.positions[account.leg_of(x, symbol, side, reduce_only)].size
    if s.spot and side < 0 and held <= 0.0:
        return k.NO_SHORT
    if reduce_only or not sized:
        return 0
    if limit <= 0.0 or stop <= 0.0:
        return k.BAD_PRICE
    if size <= 0.0 or size < s.size_min:
        return k.BELOW_LOT
    price = x.price_now(symbol)
    if limit == limit:
        price = limit
    elif stop == stop:
        price = stop
    if size * price < s.notional_min:
        return k.BELOW_NOTIONAL
    if s.spot and side < 0 and size > held * (1.0 + 1e-12):
        return k.NO_SHORT
    cost = account.cost_of(x, symbol, side, size, price)
    if kind == k.LIMIT:
        if cost > account.free_funds(x, 0) * (1.0 + account.HAIR):
            return k.FUNDS
    elif cost > account.equity(x) * (1.0 + account.HAIR):
        return k.FUNDS  # whatever else is closed first, the account cannot carry this
    return 0


def stake_size(x: Exchange, symbol: int, side: int, price: float, number: int) -> float:
    """The size that the stake buys at `price`: what is held on the other side, and the stake's share of free funds."""
    s = x.instruments[symbol]
    held = x.positions[account.leg_of(x, symbol, side, False)].size
    if s.spot:
        if side < 0:
            return abs(held)
        fee = 0.0 if s.fee_in_base else s.taker_fee
        return s.round_size(max(0.0, account.free_funds(x, number)) * x.stake / (price * (1.0 + fee)))
    turned = 0.0
    free = account.free_funds(x, number)
    if held * side < 0.0:
        turned = abs(held)
        # Turning round sets these funds free before the new position needs them.
        leg = account.leg_of(x, symbol, side, False)
        free += account.freed_by_closing(x, symbol, leg, turned, price, s.taker_fee)
    opens = max(0.0, free) * x.stake / (price * (1.0 / s.leverage + s.taker_fee))
    return turned + s.round_size(opens)


def free_slot(x: Exchange) -> int:
    """A slot of the table that holds no order and stands in no line, or -1.

    One whose order has gone stands in the line until the next sweep: given out before, it would stand there twice.
    """
    if x.live >= x.orders_max:
        return -1
    for slot in range(x.orders_max):
        if x.orders[slot].state == k.FREE and not x.orders[slot].in_line:
            return slot
    return -1


def enqueue(x: Exchange, slot: int) -> None:
    """Put a slot at the end of the line: orders trade in the order they were made."""
    x.queue[x.live] = slot
    x.orders[slot].in_line = True
    x.live += 1
    x.busy = True


def refuse(x: Exchange, number: int, symbol: int, side: int, size: float, reason: int) -> None:
    """Count a refusal, and remember when the first of its kind was."""
    if x.refused_count[reason] == 0:
        x.refused_first[reason] = x.now
    x.refused_count[reason] += 1
    update(x, number, symbol, side, k.REJECTED, reason, size, 0.0)


def update(
    x: Exchange, number: int, symbol: int, side: int, state: int, reason: int, size: float, filled: float
) -> None:
    """Tell the strategy of an order's new state, where it listens."""
    if not x.wants_updates:
        return
    if x.update_count >= len(x.updates):
        x.bad_value = float(len(x.updates))
        raise OrderRefused("more order updates in one bar than are allowed")
    u = x.updates[x.update_count]
    x.update_count += 1
    u.order = number
    u.symbol = symbol
    u.side = side
    u.state = state
    u.reason = reason
    u.size = size
    u.filled = filled


def finish(x: Exchange, o: Order, state: int, reason: int) -> None:
    """End an order's life; its slot is swept when the phase is over."""
    update(x, o.id, o.symbol, o.side, state, reason, o.size, o.filled)
    o.state = k.FREE
    if state == k.REJECTED:
        if x.refused_count[reason] == 0:
            x.refused_first[reason] = x.now
        x.refused_count[reason] += 1


def sweep(x: Exchange) -> None:
    """Close up the line after orders have gone from it."""
    kept = 0
    for i in range(x.live):
        slot = x.queue[i]
        if x.orders[slot].state == k.FREE:
            x.orders[slot].in_line = False
        else:
            x.queue[kept] = slot
            kept += 1
    x.live = kept
    account.watch(x)


def cancel(x: Exchange, number: int) -> int:
    """Cancel one order or, with 0, all of them; with latency the market may still fill them on the way."""
    write_down(x, number, 0, k.CANCEL, 0, 0, 0, k.NAN, k.NAN, k.NAN, k.NAN, k.NAN, k.NAN, 0)
    found = 0
    for i in range(x.live):
        o = x.orders[x.queue[i]]
        if o.state != k.FREE and (number == 0 or o.id == number):
            found += 1
            withdraw(x, o)
    sweep(x)
    return found


def withdraw(x: Exchange, o: Order) -> None:
    """Take an order back, as soon as the market can hear of it."""
    if x.latency == 0:
        finish(x, o, k.CANCELED, k.ASKED)
    else:
        o.cancels = min(o.cancels, x.now + x.latency)


def protect(x: Exchange, symbol: int, stop_loss: float, take_profit: float, trail: float) -> None:
    """Put a bracket around the whole of the symbol's position, in place of any that it has."""
    check_open(x)
    check_symbol(x, symbol)
    check_price(x, stop_loss)
    check_price(x, take_profit)
    check_price(x, trail)
    x.orders_made += 1
    number = x.orders_made
    write_down(x, number, symbol, PROTECT, 0, 0, 0, k.NAN, k.NAN, k.NAN, stop_loss, take_profit, trail, 0)
    for i in range(x.live):
        o = x.orders[x.queue[i]]
        if o.state != k.FREE and o.symbol == symbol and o.bracket != 0:
            withdraw(x, o)
    sweep(x)
    placed = 0
    for leg in range(2 * symbol, 2 * symbol + 2):
        p = x.positions[leg]
        if p.size != 0.0:
            placed += 1
            bracket(x, number, symbol, p, abs(p.size), stop_loss, take_profit, trail, x.price_now(symbol), -1)
    if placed == 0:
        refuse(x, number, symbol, 0, 0.0, k.NOTHING_TO_REDUCE)
    for i in range(x.live):
        o = x.orders[x.queue[i]]
        if o.bracket == number:
            o.arrives = x.now + x.latency


def bracket(
    x: Exchange, group: int, symbol: int, p: Position, size: float, stop_loss: float, take_profit: float, trail: float,
    price: float, inside: int,
) -> None:  # fmt: skip
    """Add the orders that close `size` of a position: a stop, a trailing stop, a target, one cancelling the others.

    `inside` is the row of the bar inside which the position was opened, or -1 where the whole bar came after.
    """
    side = -1 if p.size > 0.0 else 1
    s = x.instruments[symbol]
    if stop_loss == stop_loss:
        stop = s.price_down(stop_loss) if side < 0 else s.price_up(stop_loss)
        if inside >= 0 and side * stop < side * price:
            stop = price  # passed already when the position was opened: met at once
        child(x, group, symbol, side, k.STOP, size, stop, k.NAN, k.BY_STOP_LOSS, inside)
    if trail == trail:
        child(x, group, symbol, side, k.TRAILING_STOP, size, price + side * trail, trail, k.BY_TRAILING_STOP, inside)
    if take_profit == take_profit:
        stop = s.price_up(take_profit) if side < 0 else s.price_down(take_profit)
        if inside >= 0 and side * stop > side * price:
            stop = price
        child(x, group, symbol, side, k.TAKE_PROFIT, size, stop, k.NAN, k.BY_TAKE_PROFIT, inside)


def child(
    x: Exchange, group: int, symbol: int, side: int, kind: int, size: float, stop: float, trail: float, reason: int,
    inside: int,
) -> None:  # fmt: skip
    """Add one order of a bracket, or enlarge the one that is there already."""
    for i in range(x.live):
        o = x.orders[x.queue[i]]
        if o.state != k.FREE and o.bracket == group and o.kind == kind and o.symbol == symbol and o.side == side:
            o.size += size
            return
    slot = free_slot(x)
    x.orders_made += 1
    if slot < 0:
        refuse(x, x.orders_made, symbol, side, size, k.TOO_MANY)
        return
    o = x.orders[slot]
    o.begin(x.orders_made, symbol, side, kind, size)
    o.stop = stop
    o.trail = trail
    o.reduce_only = True
    o.bracket = group
    o.exit_reason = reason
    o.born_inside = inside
    o.arrives = x.open_time  # the venue holds the bracket: it is live as soon as its order fills
    enqueue(x, slot)
