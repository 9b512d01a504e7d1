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

if TYPE_CHECKING:
    from tradewind.core.engine.exchange import Exchange
    from tradewind.core.engine.state import Bar, InstrumentState, Order

RANGE_BARS = 14
"""Length of the average true range that scales slippage."""


def open_phase(x: Exchange, bar: Bar) -> None:
    """The bar opens: time-outs, liquidations across the gap, market orders, and what the gap has jumped over."""
    s = x.instruments[bar.symbol]
    s.volume_left = bar.volume * x.participation if x.participation > 0.0 else math.inf
    x.matching = True
    x.open_time = bar.time
    liquidate(x, bar, bar.open, bar.open, True)
    i = 0
    while i < x.live:
        o = x.orders[x.queue[i]]
        i += 1
        if o.state == k.FREE or o.symbol != bar.symbol:
            continue
        if o.cancels <= bar.time:
            intake.finish(x, o, k.CANCELED, k.ASKED)
        elif o.expires > 0 and o.expires <= bar.time:
            intake.finish(x, o, k.EXPIRED, k.TIME_OUT)
        elif o.arrives <= bar.time:
            at_open(x, o, bar, s)


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
    if x.live > touched:
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
            take(x, o, bar.open + (worst - bar.open) * share, bar, s, o.arrives)


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
        if not liquidated_before(x, o, bar):
            price = o.stop
            if o.arrives > bar.time and reached(-o.side, bar.open, price):
                price = bar.open  # the price had passed it before it arrived
            trigger(x, o, price, bar, s, bar.close_time)


def liquidated_before(x: Exchange, o: Order, bar: Bar) -> bool:
    """Whether the position a stop protects is liquidated before the price comes to the stop."""
    p = x.positions[account.leg_of(x, o.symbol, o.side, o.reduce_only)]
    if p.size > 0.0 and o.side < 0:
        return o.stop <= p.liquidation_low and bar.low <= p.liquidation_low
    if p.size < 0.0 and o.side > 0:
        return o.stop >= p.liquidation_high and bar.high >= p.liquidation_high
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


def take(x: Exchange, o: Order, price: float, bar: Bar, s: InstrumentState, time: int) -> None:
    """Trade as a taker: at `price` made worse by slippage."""
    slipped = price
    if x.slippage_kind == k.FIXED_SLIPPAGE:
        slipped = price * (1.0 + o.side * x.slippage_amount)
    elif x.slippage_kind == k.VOLATILITY_SLIPPAGE:
        if s.range_average == s.range_average:
            slipped = price + o.side * x.slippage_amount * s.range_average
    elif x.slippage_kind == k.VOLUME_SLIPPAGE and bar.volume > 0.0:
        share = min(1.0, wanted(x, o, price) / bar.volume)
        slipped = price * (1.0 + o.side * x.slippage_amount * share)
    slipped = s.price_up(slipped) if o.side > 0 else s.price_down(slipped)
    if slipped <= 0.0:
        slipped = price
    trade(x, o, slipped, False, abs(slipped - price), bar, s, time)


def wanted(x: Exchange, o: Order, price: float) -> float:
    """What the order still wants; where the stake or the position decides, what they come to at `price`."""
    if not o.by_stake:
        return o.remaining
    if o.reduce_only:
        return abs(x.positions[account.leg_of(x, o.symbol, o.side, True)].size)
    return intake.stake_size(x, o.symbol, o.side, price, o.id)


def trade(
    x: Exchange, o: Order, price: float, maker: bool, slippage: float, bar: Bar, s: InstrumentState, time: int
) -> None:
    """Fill as much of the order as it wants, the volume allows and the account can carry."""
    size = wanted(x, o, price)
    leg = account.leg_of(x, o.symbol, o.side, o.reduce_only)
    p = x.positions[leg]
    closable = abs(p.size) if p.size * o.side < 0.0 else 0.0
    sized = not o.by_stake
    if not sized:
        o.size = o.filled + size
        o.by_stake = False
        o.staked = True
        if o.size * price < s.notional_min and closable == 0.0:
            intake.finish(x, o, k.REJECTED, k.BELOW_NOTIONAL)
            return
    if o.reduce_only or (s.spot and o.side < 0):
        if closable <= p.dust:
            nothing_left(x, o, sized)
            return
        # It can never do more than close the position, so that is all it is from now on.
        if p.dust > 0.0:
            closable = s.round_size(closable)
        o.size = min(o.size, o.filled + closable)
        size = min(size, closable)
    size = offered(x, o, size, s)
    if size == 0.0:
        return
    closing = min(size, closable)
    opening = size - closing
    if 0.0 < opening <= closing * account.HAIR:
        opening = 0.0
        o.size = min(o.size, o.filled + closing)
    rate = s.maker_fee if maker else s.taker_fee
    opening = carried(x, o, opening, closing, price, rate, s)
    if closing + opening == 0.0:
        intake.finish(x, o, k.FILLED if o.filled > 0.0 and o.staked else k.REJECTED, k.FUNDS)
        return
    if closing > 0.0:
        account.reduce_position(x, o, leg, closing, price, rate, maker, slippage * closing, time)
    if opening > 0.0:
        if closing > 0.0:
            release(x, o, leg)  # the position that turned round needs its bracket no longer
        account.increase_position(x, o, leg, opening, price, rate, maker, slippage * opening, time)
        if o.stop_loss == o.stop_loss or o.take_profit == o.take_profit or o.trail == o.trail:
            inside = bar.time if time > bar.time else -1
            trail = o.trail if o.kind != k.TRAILING_STOP else k.NAN
            intake.bracket(x, o.id, o.symbol, p, opening, o.stop_loss, o.take_profit, trail, price, inside)
    s.volume_left -= closing + opening
    settle(x, o, closing + opening, leg)


def offered(x: Exchange, o: Order, size: float, s: InstrumentState) -> float:
    """What the bar's volume leaves of `size`; 0 where the order cannot trade on this bar, or not at all."""
    if size > s.volume_left:
        if o.tif == k.FOK:
            intake.finish(x, o, k.CANCELED, k.NOT_FILLED)
            return 0.0
        size = s.round_size(s.volume_left)
    if size > 0.0 and size >= s.size_min:
        return size
    if s.volume_left < o.remaining:
        if o.tif == k.IOC or o.tif == k.FOK:
            intake.finish(x, o, k.CANCELED, k.NOT_FILLED)
    else:
        intake.finish(x, o, k.REJECTED, k.BELOW_LOT)
    return 0.0


def nothing_left(x: Exchange, o: Order, sized: bool) -> None:
    """An order that may only close finds nothing to close."""
    if o.bracket != 0 or not sized:  # `close` asked for whatever there was
        intake.finish(x, o, k.CANCELED, k.OTHER_SIDE_FILLED)
    elif o.reduce_only:
        intake.finish(x, o, k.REJECTED, k.NOTHING_TO_REDUCE)
    else:
        intake.finish(x, o, k.REJECTED, k.NO_SHORT)


def carried(
    x: Exchange, o: Order, opening: float, closing: float, price: float, rate: float, s: InstrumentState
) -> float:
    """How much of `opening` the account can carry. A stake takes what it can; of a sized order the rest is refused."""
    if opening == 0.0 or carries(x, o, opening, closing, price, rate, s):
        return opening
    if o.staked:
        opening = still_affordable(x, o, opening, price, s)
        o.size = o.filled + closing + opening
        return opening
    if closing > 0.0:
        refuse_rest(x, o)
    return 0.0


def carries(
    x: Exchange, o: Order, opening: float, closing: float, price: float, rate: float, s: InstrumentState
) -> bool:
    """Whether the account can carry `opening` more at `price`, once `closing` has been closed."""
    free = account.free_funds(x, o.id)
    if s.spot:
        fee = 0.0 if s.fee_in_base else rate
        need = opening * price * (1.0 + fee)
    else:
        need = opening * price * (1.0 / s.leverage + rate)
        if closing > 0.0:
            leg = account.leg_of(x, o.symbol, o.side, o.reduce_only)
            free += account.freed_by_closing(x, o.symbol, leg, closing, price, rate)
    return need <= free * (1.0 + 1e-9)


def still_affordable(x: Exchange, o: Order, opening: float, price: float, s: InstrumentState) -> float:
    """What a stake can still buy where the price has moved between two parts of its fill."""
    held = x.positions[account.leg_of(x, o.symbol, o.side, False)].size
    turned = abs(held) if held * o.side < 0.0 else 0.0
    affordable = intake.stake_size(x, o.symbol, o.side, price, o.id) - turned
    return s.round_size(max(0.0, min(opening, affordable)))


def refuse_rest(x: Exchange, o: Order) -> None:
    """Only the closing part of the order can be carried: count the rest as refused."""
    o.size = o.filled + min(o.remaining, abs(x.positions[account.leg_of(x, o.symbol, o.side, o.reduce_only)].size))
    if x.refused_count[k.FUNDS] == 0:
        x.refused_first[k.FUNDS] = x.now
    x.refused_count[k.FUNDS] += 1


def settle(x: Exchange, o: Order, size: float, leg: int) -> None:
    """After a fill: the order's own state, the other side of its bracket, and what its position no longer needs."""
    o.filled += size
    # A remainder smaller than the rounding of the sum is no remainder.
    if o.filled >= o.size * (1.0 - 1e-12):
        intake.finish(x, o, k.FILLED, 0)
    else:
        o.state = k.PARTIALLY_FILLED
        intake.update(x, o.id, o.symbol, o.side, k.PARTIALLY_FILLED, 0, o.size, o.filled)
        if o.tif == k.IOC:
            intake.finish(x, o, k.CANCELED, k.NOT_FILLED)
    if abs(x.positions[leg].size) <= x.positions[leg].dust:
        release(x, o, leg)
    elif o.bracket != 0:
        for i in range(x.live):
            other = x.orders[x.queue[i]]
            if other.state == k.FREE or other.bracket != o.bracket or other.symbol != o.symbol or other.side != o.side:
                continue
            if other.exit_reason != o.exit_reason:
                other.size -= size
                if other.size <= other.filled:
                    intake.finish(x, other, k.CANCELED, k.OTHER_SIDE_FILLED)


def release(x: Exchange, o: Order, leg: int) -> None:
    """The leg is flat: cancel every bracket around it."""
    for i in range(x.live):
        other = x.orders[x.queue[i]]
        if other.state == k.FREE or other.bracket == 0 or other.id == o.id or other.symbol != o.symbol:
            continue
        if account.leg_of(x, other.symbol, other.side, True) == leg:
            intake.finish(x, other, k.CANCELED, k.OTHER_SIDE_FILLED)


def liquidate(x: Exchange, bar: Bar, low: float, high: float, at_gap: bool) -> None:
    """Close what the maintenance margin no longer carries, at the price where it was reached (or the gap's)."""
    if not x.liquidates or x.exposed == 0:
        return
    if not x.isolated and account.shares_margin(x):
        margin_call(x, bar, low, high, at_gap)
        return
    for leg in range(2 * bar.symbol, 2 * bar.symbol + 2):
        p = x.positions[leg]
        # Where funding moved the liquidation price across the open, the open is what can be had.
        if p.size > 0.0 and low <= p.liquidation_low:
            liquidate_alone(x, leg, bar, bar.open if at_gap else min(p.liquidation_low, bar.open))
        elif p.size < 0.0 and high >= p.liquidation_high:
            liquidate_alone(x, leg, bar, bar.open if at_gap else max(p.liquidation_high, bar.open))


def liquidate_alone(x: Exchange, leg: int, bar: Bar, price: float) -> None:
    """Liquidate a leg that stands on its own: never at a price worse than where its margin is used up.

    What lies beyond is borne by the venue's insurance fund, and so is the part of the fee that the margin cannot pay.
    """
    p = x.positions[leg]
    backing = p.margin if x.isolated else x.cash
    used_up = p.entry_price - backing / p.size
    price = max(price, used_up) if p.size > 0.0 else min(price, used_up)
    x.liquidation_left = max(0.0, backing + p.profit_at(price))
    close_by_force(x, leg, bar, price)


def close_by_force(x: Exchange, leg: int, bar: Bar, price: float) -> None:
    """Close a leg for a fee of at most `liquidation_left`."""
    p = x.positions[leg]
    s = x.instruments[bar.symbol]
    o = x.orders_forced[0]
    side = -1 if p.size > 0.0 else 1
    x.orders_made += 1
    o.begin(x.orders_made, bar.symbol, side, k.MARKET, abs(p.size))
    o.reduce_only = True
    o.exit_reason = k.BY_LIQUIDATION
    time = bar.time if price == bar.open else bar.close_time
    account.reduce_position(x, o, leg, abs(p.size), price, s.liquidation_fee, False, 0.0, time)
    settle(x, o, o.size, leg)
    x.liquidations += 1
    if account.equity(x) <= 0.0:
        x.bankrupt = True


def margin_call(x: Exchange, bar: Bar, low: float, high: float, at_gap: bool) -> None:
    """Several legs on cross margin: liquidate all once equity, at this bar's worst price, is down to maintenance.

    This symbol's legs close at the price where that point was reached, the others at their last prices. Across a gap
    the price is no worse than where the account is used up: the venue bears the rest.
    """
    net = 0.0
    gross = 0.0
    own = 0.0
    others = x.cash
    maintained = 0.0
    for leg in range(2 * x.symbols):
        p = x.positions[leg]
        s = x.instruments[leg // 2]
        if p.size == 0.0 or s.spot:
            continue
        if leg // 2 == bar.symbol:
            net += p.size
            gross += abs(p.size) * s.maintenance
            own += p.size * p.entry_price
        else:
            price = x.price_now(leg // 2)
            others += p.size * (price - p.entry_price)
            maintained += abs(p.size) * price * s.maintenance
    if net == 0.0 and gross == 0.0:
        return
    worst = low if net - gross > 0.0 else high
    if others - maintained + net * worst - own - gross * worst > 0.0:
        return
    price = worst
    if not at_gap and net - gross != 0.0:
        # others - maintained + net p - own - gross p = 0
        price = min(max((own - others + maintained) / (net - gross), low), high)
    if net > 0.0:
        price = max(price, (own - others) / net)
    elif net < 0.0:
        price = min(price, (own - others) / net)
    x.liquidation_left = max(0.0, others + net * price - own)
    for leg in range(2 * x.symbols):
        p = x.positions[leg]
        if p.size != 0.0 and not x.instruments[leg // 2].spot:
            symbol = leg // 2
            close_by_force(x, leg, x.bars[symbol], price if symbol == bar.symbol else x.price_now(symbol))


def close_at_end(x: Exchange, symbol: int) -> None:
    """After the last bar: close what is open at its close, as a taker without slippage."""
    bar = x.bars[symbol]
    s = x.instruments[symbol]
    for leg in range(2 * symbol, 2 * symbol + 2):
        p = x.positions[leg]
        if p.size != 0.0:
            o = x.orders_forced[0]
            x.orders_made += 1
            o.begin(x.orders_made, symbol, -1 if p.size > 0.0 else 1, k.MARKET, abs(p.size))
            o.exit_reason = k.BY_END_OF_DATA
            account.reduce_position(x, o, leg, abs(p.size), bar.close, s.taker_fee, False, 0.0, bar.close_time)


def update_range(x: Exchange, bar: Bar, previous_close: float) -> None:
    """Wilder's average of the true range, for slippage that grows with volatility."""
    s = x.instruments[bar.symbol]
    true_range = bar.high - bar.low
    if previous_close == previous_close:
        true_range = max(bar.high, previous_close) - min(bar.low, previous_close)
    s.bars_seen += 1
    n = min(s.bars_seen, RANGE_BARS)
    if n == 1:
        s.range_average = true_range
    else:
        s.range_average += (true_range - s.range_average) / n
