"""The venue's answers: posted when something happens to an order there, delivered to the account later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.core.engine import constants as k
from tradewind.core.engine import filling, intake

if TYPE_CHECKING:
    from tradewind.core.engine.books.exchange import BookExchange
    from tradewind.core.engine.books.state import Report, VenueOrder
    from tradewind.core.engine.state import Order


def post(x: BookExchange, slot: int, state: int, reason: int) -> Report:
    """Send an answer about the order in a slot. All take the same time, so they arrive in order."""
    if x.report_count >= len(x.reports):
        x.bad_value = float(len(x.reports))
        raise RuntimeError("more answers of the venue are on their way than the engine keeps")
    r = x.reports[(x.report_first + x.report_count) % len(x.reports)]
    x.report_count += 1
    r.time = x.venue_time
    r.due = x.venue_time + x.report_latency
    r.slot = slot
    r.order = x.venue_orders[slot].id
    r.state = state
    r.reason = reason
    r.size = 0.0
    r.price = 0.0
    r.maker = False
    r.slippage = 0.0
    x.reports_next = x.reports[x.report_first].due
    return r


def end(x: BookExchange, slot: int, state: int, reason: int) -> None:
    """The venue is done with an order: say so."""
    leave(x, x.venue_orders[slot])
    post(x, slot, state, reason)
    if state == k.REJECTED:
        x.counts.refused_at_venue += 1


def leave(x: BookExchange, v: VenueOrder) -> None:
    """Take an order from the venue's book."""
    if v.rests:
        x.resting -= 1
    v.rests = False
    v.gone = True


def fill(x: BookExchange, slot: int, size: float, price: float, maker: bool, slippage: float) -> None:
    """The venue fills `size` of an order, whose remainder shrinks; where nothing is left it is done with it."""
    v = x.venue_orders[slot]
    s = x.instruments[0]
    left = s.whole_lots(v.remaining - size)
    if left <= v.remaining * 1e-12:
        left = 0.0
    v.remaining = left
    if maker:
        x.counts.maker_fills += 1
        x.counts.maker_size += size
        if not v.filled:
            x.counts.first_fills += 1
            waited = x.venue_time - v.arrives
            x.counts.wait_sum += waited
            x.counts.wait_max = max(x.counts.wait_max, waited)
        if x.orders[slot].cancels != k.EVER:
            x.counts.cancels_late += 1
    else:
        x.counts.taker_fills += 1
        x.counts.taker_size += size
    v.filled = True
    r = post(x, slot, k.PARTIALLY_FILLED if left > 0.0 else k.FILLED, 0)
    r.size = size
    r.price = price
    r.maker = maker
    r.slippage = slippage
    if left == 0.0:
        leave(x, v)


def deliver(x: BookExchange) -> None:
    """The account hears of the oldest answer: the same code books it that books the fills of candles."""
    r = x.reports[x.report_first]
    x.report_first = (x.report_first + 1) % len(x.reports)
    x.report_count -= 1
    x.reports_next = x.reports[x.report_first].due if x.report_count > 0 else k.EVER
    x.bars[0].time = r.due
    o = x.orders[r.slot]
    if o.state == k.FREE or o.id != r.order:
        return  # the account could not carry an earlier part of it, and has given it up
    if r.size > 0.0:
        account_for(x, o, r)
    else:
        intake.finish(x, o, r.state, r.reason)
    v = x.venue_orders[r.slot]
    if o.state == k.FREE and v.id == r.order:
        leave(x, v)
    intake.sweep(x)


def account_for(x: BookExchange, o: Order, r: Report) -> None:
    """Book a fill, as it was made at the venue."""
    s = x.instruments[0]
    s.volume_left = r.size
    s.size_min = 0.0  # which is a rule for orders, not for the parts that they trade in
    filling.trade(x, o, r.price, r.maker, r.slippage, x.bars[0], s, r.time)
    s.size_min = x.least_size
    if o.state != k.FREE and r.state == k.FILLED:
        intake.finish(x, o, k.FILLED, 0)
