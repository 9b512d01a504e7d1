"""Money: what a fill, a funding payment or a liquidation does to cash and positions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tradewind.core.engine import constants as k

if TYPE_CHECKING:
    from tradewind.core.engine.exchange import Exchange
    from tradewind.core.engine.state import Order

HAIR = 1e-9
"""The share of a size that sums of floats may be wrong by; less than that is no position."""


def leg_of(x: Exchange, symbol: int, side: int, reduces: bool) -> int:
    """Which leg an order acts on: with hedging a buy opens the long leg and a reducing buy closes the short one."""
    if not x.hedging:
        return 2 * symbol
    if (side > 0) != reduces:
        return 2 * symbol
    return 2 * symbol + 1


def equity(x: Exchange) -> float:
    """Cash, spot holdings at the last price, and the unrealised profit of perpetuals."""
    total = x.cash
    if x.exposed == 0:
        return total
    for leg in range(2 * x.symbols):
        p = x.positions[leg]
        if p.size != 0.0:
            price = x.price_now(leg // 2)
            if x.instruments[leg // 2].spot:
                total += p.size * price
            else:
                total += p.size * (price - p.entry_price)
    return total


def free_funds(x: Exchange, except_order: int) -> float:
    """What may be committed to new positions, after margins in use and what open orders hold (but for one of them)."""
    free = x.cash
    for leg in range(2 * x.symbols):
        p = x.positions[leg]
        if p.size != 0.0 and not x.instruments[leg // 2].spot:
            if x.isolated:
                free -= p.margin
            else:
                price = x.price_now(leg // 2)
                free += p.size * (price - p.entry_price)
                free -= abs(p.size) * price / x.instruments[leg // 2].leverage
    for i in range(x.live):
        o = x.orders[x.queue[i]]
        if o.state != k.FREE and o.kind == k.LIMIT and not o.reduce_only and o.id != except_order:
            free -= cost_of(x, o.symbol, o.side, o.remaining, o.limit)
    return free


def cost_of(x: Exchange, symbol: int, side: int, size: float, price: float) -> float:
    """The funds that opening `size` at `price` takes: margin and fee; nothing where it closes what is held."""
    s = x.instruments[symbol]
    if s.spot:
        if side < 0:
            return 0.0
        fee = 0.0 if s.fee_in_base else s.taker_fee
        return size * price * (1.0 + fee)
    opens = size
    held = x.positions[leg_of(x, symbol, side, False)].size
    if held * side < 0.0:
        opens = max(0.0, size - abs(held))
    return opens * price * (1.0 / s.leverage + s.taker_fee)


def freed_by_closing(x: Exchange, symbol: int, leg: int, size: float, price: float, rate: float) -> float:
    """What closing `size` of a leg at `price` adds to the free funds: its margin, its profit or loss, less the fee."""
    p = x.positions[leg]
    side = 1.0 if p.size > 0.0 else -1.0
    fee = size * price * rate
    if x.isolated:
        return p.margin * (size / abs(p.size)) + side * size * (price - p.entry_price) - fee
    # On cross margin the profit up to now is among the free funds already.
    now = x.price_now(symbol)
    return size * now / x.instruments[symbol].leverage + side * size * (price - now) - fee


def record_fill(
    x: Exchange, o: Order, size: float, price: float, fee: float, fee_base: float, maker: bool, slippage: float,
    realized: float, closing: bool, time: int, leg: int,
) -> None:  # fmt: skip
    """Put a fill in the outbox."""
    if x.fill_count >= len(x.fills):
        x.bad_value = float(len(x.fills))
        raise RuntimeError("more fills in one bar than the engine keeps")
    f = x.fills[x.fill_count]
    x.fill_count += 1
    x.pending = True
    p = x.positions[leg]
    f.time = time
    f.order = o.id
    f.symbol = o.symbol
    f.side = o.side
    f.reason = o.exit_reason
    f.maker = 1 if maker else 0
    f.closing = 1 if closing else 0
    if closing:
        f.leg = -o.side
    else:
        f.leg = o.side
    f.size = size
    f.price = price
    f.fee = fee
    f.fee_base = fee_base
    f.slippage = slippage
    f.realized = realized
    f.cash = x.cash
    f.position = p.size


def reduce_position(
    x: Exchange, o: Order, leg: int, size: float, price: float, rate: float, maker: bool, slippage: float, time: int
) -> None:
    """Close `size` of a leg at `price`."""
    p = x.positions[leg]
    s = x.instruments[o.symbol]
    fee = size * price * rate
    realized = -o.side * size * (price - p.entry_price)
    if o.exit_reason == k.BY_LIQUIDATION:
        fee = min(fee, x.liquidation_left)
        x.liquidation_left -= fee
    if s.spot:
        x.cash += size * price - fee
    else:
        x.cash += realized - fee
        p.margin -= p.margin * (size / abs(p.size))
    # Closed in parts, sums of floats may leave a hair, which is no position.
    if size >= abs(p.size) * (1.0 - HAIR):
        p.size = 0.0
        p.margin = 0.0
        x.exposed -= 1
    else:
        p.size = s.whole_lots(p.size + o.side * size)
    refresh_liquidation(x, leg)
    record_fill(x, o, size, price, fee, 0.0, maker, slippage, realized, True, time, leg)


def increase_position(
    x: Exchange, o: Order, leg: int, size: float, price: float, rate: float, maker: bool, slippage: float, time: int
) -> None:
    """Open or add `size` to a leg at `price`."""
    p = x.positions[leg]
    s = x.instruments[o.symbol]
    fee = size * price * rate
    fee_base = 0.0
    received = size
    if s.spot:
        x.cash -= size * price
        if s.fee_in_base:
            fee_base = size * rate
            received = size - fee_base
        else:
            x.cash -= fee
    else:
        x.cash -= fee
        p.margin += size * price / s.leverage
    held = abs(p.size)
    if held == 0.0:
        p.opened_at = time
        p.entry_price = price
        x.exposed += 1
    else:
        p.entry_price = (held * p.entry_price + received * price) / (held + received)
    p.size = s.whole_lots(p.size + o.side * received)
    refresh_liquidation(x, leg)
    record_fill(x, o, size, price, fee, fee_base, maker, slippage, 0.0, False, time, leg)


def refresh_liquidation(x: Exchange, leg: int) -> None:
    """Set the prices at which a leg is liquidated, where one leg decides alone.

    An isolated long of q at entry e with margin M and maintenance rate m is liquidated at (q e - M) / (q (1 - m)),
    where its margin and loss equal m times its value; a short at (q e + M) / (q (1 + m)). On cross margin M is cash.
    Several legs on cross margin decide together: `forced_closing.margin_call` looks at every bar.
    """
    p = x.positions[leg]
    s = x.instruments[leg // 2]
    p.liquidation_low = 0.0
    p.liquidation_high = math.inf
    if p.size == 0.0 or s.spot or not x.liquidates or (not x.isolated and shares_margin(x)):
        return
    backing = p.margin if x.isolated else x.cash
    q = abs(p.size)
    if p.size > 0.0:
        p.liquidation_low = (q * p.entry_price - backing) / (q * (1.0 - s.maintenance))
    else:
        p.liquidation_high = (q * p.entry_price + backing) / (q * (1.0 + s.maintenance))


def shares_margin(x: Exchange) -> bool:
    """Whether several legs stand on the same cash."""
    return x.symbols > 1 or x.hedging


def fund(x: Exchange, rate: float, price: float, leg: int) -> float:
    """Settle funding: longs pay shorts at a positive rate, on the position's value at `price`. What was paid."""
    p = x.positions[leg]
    paid = p.size * price * rate
    x.cash -= paid
    x.funding_paid += paid
    if x.isolated:
        p.margin -= paid
    refresh_liquidation(x, leg)
    watch(x)
    return paid


def watch(x: Exchange) -> None:
    """Decide whether the next bar can matter to the account at all: most bars of most runs cannot."""
    x.busy = x.live > 0 or (x.exposed > 0 and shares_margin(x))
    x.watch_low = x.positions[0].liquidation_low
    x.watch_high = x.positions[0].liquidation_high
