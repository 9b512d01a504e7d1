"""Positions that are closed without being asked: at the maintenance margin, and at the end of the data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tradewind.core.engine import account
from tradewind.core.engine import constants as k
from tradewind.core.engine.filling import settle

if TYPE_CHECKING:
    from tradewind.core.engine.exchange import Exchange
    from tradewind.core.engine.state import Bar


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
    net, gross, own, others, maintained = margin_sums(x, bar.symbol)
    if net == 0.0 and gross == 0.0:
        return
    worst = low if net - gross > 0.0 else high
    if others - maintained + net * worst - own - gross * worst > 0.0:
        return
    price = worst
    if not at_gap and net - gross != 0.0:
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


def margin_sums(x: Exchange, symbol: int) -> tuple[float, float, float, float, float]:
    """What a cross account is worth as a line in one symbol's price p: (net, gross, own, others, maintained).

    Its equity is others + net p - own, the margin it must keep maintained + gross p.
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
        if leg // 2 == symbol:
            net += p.size
            gross += abs(p.size) * s.maintenance
            own += p.size * p.entry_price
        else:
            price = x.price_now(leg // 2)
            others += p.size * (price - p.entry_price)
            maintained += abs(p.size) * price * s.maintenance
    return net, gross, own, others, maintained


def expect_margin_call(x: Exchange, bar: Bar) -> None:
    """Tell the symbol's legs where its price would bring a margin call, so that no stop beyond it fills first."""
    if not x.liquidates or x.isolated or x.exposed == 0 or not account.shares_margin(x):
        return
    net, gross, own, others, maintained = margin_sums(x, bar.symbol)
    slope = net - gross
    for leg in range(2 * bar.symbol, 2 * bar.symbol + 2):
        p = x.positions[leg]
        p.liquidation_low = 0.0
        p.liquidation_high = math.inf
        if slope > 0.0:
            p.liquidation_low = (own - others + maintained) / slope
        elif slope < 0.0:
            p.liquidation_high = (own - others + maintained) / slope


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
