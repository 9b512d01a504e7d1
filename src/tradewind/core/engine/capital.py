"""What the owner of an account does to it from outside: pays in, takes out, makes its positions larger or smaller.

A portfolio does this between the bars (`stepwise`). The orders that resize a position are the owner's and not the
strategy's: they are in no decision hash, and their fills say REBALANCE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.core.engine import account, intake
from tradewind.core.engine import constants as k

if TYPE_CHECKING:
    from tradewind.core.engine.exchange import Exchange


def keep_capital(x: Exchange) -> None:
    """Book what was paid in (below zero: taken out), place the orders of a resizing, and take stock.

    `x.paid_in` is an amount of cash, `x.resize_by` the change of every position as a fraction of it (-0.5 halves them).
    Afterwards `x.worth` is the account's equity at the last prices and `x.can_leave` the cash that may be taken out.
    """
    if x.paid_in != 0.0:
        x.cash += x.paid_in
        x.paid_in = 0.0
        for leg in range(2 * x.symbols):
            account.refresh_liquidation(x, leg)
        account.watch(x)
    if x.resize_by != 0.0:
        resize(x, x.resize_by)
        x.resize_by = 0.0
    x.worth = account.equity(x)
    x.can_leave = can_leave(x)


def can_leave(x: Exchange) -> float:
    """Free cash: what no margin and no open order holds. Profit that is not realised yet stays where it is."""
    free = account.free_funds(x, 0)
    if not x.isolated:
        profit = 0.0
        for leg in range(2 * x.symbols):
            if not x.instruments[leg // 2].spot and x.positions[leg].size != 0.0:
                profit += x.positions[leg].profit_at(x.price_now(leg // 2))
        free -= max(0.0, profit)
    return max(0.0, free)


def resize(x: Exchange, change: float) -> None:
    """Ask the market to change every position by the fraction `change` of it, at the next open; brackets go with it.

    What an earlier resizing still waits for is taken back first. Below a lot, or the least order's value, nothing is
    done.
    """
    for i in range(x.live):
        o = x.orders[x.queue[i]]
        if o.state != k.FREE and o.exit_reason == k.BY_REBALANCE:
            intake.finish(x, o, k.CANCELED, k.ASKED)
    intake.sweep(x)
    for leg in range(2 * x.symbols):
        p = x.positions[leg]
        if abs(p.size) > p.dust:
            size = x.instruments[leg // 2].round_size(abs(p.size) * abs(max(-1.0, change)))
            if can_trade(x, leg // 2, size):
                place(x, leg, size, change)


def can_trade(x: Exchange, symbol: int, size: float) -> bool:
    """Whether the venue would take an order of this size."""
    s = x.instruments[symbol]
    return size > 0.0 and size >= s.size_min and size * x.price_now(symbol) >= s.notional_min


def place(x: Exchange, leg: int, size: float, change: float) -> None:
    """Put the order into the line, and make the leg's brackets as much larger or smaller."""
    symbol = leg // 2
    long = x.positions[leg].size > 0.0
    side = 1 if long == (change > 0.0) else -1
    for i in range(x.live):
        other = x.orders[x.queue[i]]
        if other.bracket != 0 and other.symbol == symbol and account.leg_of(x, symbol, other.side, True) == leg:
            left = x.instruments[symbol].round_size(other.remaining * (1.0 + change))
            if left > 0.0:
                other.size = other.filled + left
    slot = intake.free_slot(x)
    x.orders_made += 1
    if slot < 0:
        intake.refuse(x, x.orders_made, symbol, side, size, k.TOO_MANY)
        return
    o = x.orders[slot]
    o.begin(x.orders_made, symbol, side, k.MARKET, size)
    o.reduce_only = change < 0.0
    o.staked = change > 0.0  # where the price has moved, as much as can be had
    o.exit_reason = k.BY_REBALANCE
    o.arrives = x.now + x.latency
    intake.enqueue(x, slot)
