"""What an order gets when its moment has come: the price after slippage; the size wanted, offered and affordable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.core.engine import account, intake
from tradewind.core.engine import constants as k

if TYPE_CHECKING:
    from tradewind.core.engine.exchange import Exchange
    from tradewind.core.engine.state import Bar, InstrumentState, Order

RANGE_BARS = 14
"""Length of the average true range that scales slippage."""


def take(x: Exchange, o: Order, price: float, bar: Bar, s: InstrumentState, time: int) -> None:
    """Trade as a taker: at `price` made worse by slippage."""
    slipped = price
    if x.slippage_kind == k.FIXED_SLIPPAGE:
        slipped = price * (1.0 + o.side * x.slippage_amount)
    elif x.slippage_kind == k.VOLATILITY_SLIPPAGE:
        if s.range_average == s.range_average:
            slipped = price + o.side * x.slippage_amount * s.range_average
    elif x.slippage_kind == k.VOLUME_SLIPPAGE:
        share = min(1.0, wanted(x, o, price) / bar.volume) if bar.volume > 0.0 else 1.0
        slipped = price * (1.0 + o.side * x.slippage_amount * share)
    slipped = s.price_up(slipped) if o.side > 0 else s.price_down(slipped)
    if slipped <= 0.0:
        slipped = price
    trade(x, o, slipped, False, abs(slipped - price), bar, s, time)


def wanted(x: Exchange, o: Order, price: float) -> float:
    """What the order still wants; where the stake or the position decides, what they come to at `price`."""
    if not o.by_stake:
        return x.instruments[o.symbol].whole_lots(o.remaining)
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
    if o.exit_reason == k.BY_REBALANCE and (closable == 0.0 if o.reduce_only else p.size * o.side <= 0.0):
        intake.finish(x, o, k.CANCELED, k.OTHER_SIDE_FILLED)  # the position it was to resize is gone
        return
    sized = not o.by_stake
    if not sized:
        o.size = o.filled + size
        o.by_stake = False
        o.staked = True
    if o.reduce_only or (s.spot and o.side < 0):
        if closable <= p.dust:
            nothing_left(x, o, sized)
            return
        # It can never do more than close the position, so that is all it is from now on.
        if p.dust > 0.0:
            closable = s.round_size(closable)
        o.size = min(o.size, o.filled + closable)
        size = min(size, closable)
    elif not sized and closable == 0.0 and (size == 0.0 or size * price < s.notional_min):
        intake.finish(x, o, k.REJECTED, k.FUNDS if size == 0.0 else k.BELOW_NOTIONAL)
        return
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
                if other.remaining <= size * account.HAIR:
                    intake.finish(x, other, k.CANCELED, k.OTHER_SIDE_FILLED)


def release(x: Exchange, o: Order, leg: int) -> None:
    """The leg is flat: cancel every bracket around it."""
    for i in range(x.live):
        other = x.orders[x.queue[i]]
        if other.state == k.FREE or other.bracket == 0 or other.id == o.id or other.symbol != o.symbol:
            continue
        if account.leg_of(x, other.symbol, other.side, True) == leg:
            intake.finish(x, other, k.CANCELED, k.OTHER_SIDE_FILLED)


def track_range(x: Exchange, bar: Bar, previous_close: float) -> None:
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
