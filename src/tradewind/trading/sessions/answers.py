"""What a venue says about the session's orders, whenever it says it: late, twice, out of order, or about nobody's.

An order stands until the venue has said what became of it. An outcome that is not known (UNKNOWN) ends nothing: the
order is not sent again, and evidence that comes later is heard as if it had come at once. A trade counts once, by its
id, also when its order has ended: a cancellation and a fill may cross on their way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradewind.core.domain.errors import Corrupt
from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.orders import REASON_TEXT, OrderState
from tradewind.core.engine import constants as k
from tradewind.core.engine import intake
from tradewind.trading.sessions.account import book_fill, order_in

if TYPE_CHECKING:
    from tradewind.core.engine.state import Order
    from tradewind.trading.sessions.desk import Desk

ENDS = {"REJECTED": k.REJECTED, "CANCELED": k.CANCELED, "EXPIRED": k.EXPIRED}
UNKNOWN = int(OrderState.UNKNOWN)
REASONS = {text: int(reason) for reason, text in REASON_TEXT.items() if text}
"""A venue's words, where they are the engine's own. Others are no reason that a strategy could look up."""
RECONCILE = "Stop trading, and reconcile the account with the venue"


def hear_trade(desk: Desk, trade: p.Trade) -> list[tuple[Any, ...]]:
    """Book a fill; its rows of `records.FILL`, none for a repetition. Raises Corrupt for one that fits no order."""
    o = _order_of(desk, trade.order_id)
    symbol = desk.terms.symbols[o.symbol]
    if trade.symbol != symbol or (trade.side == "buy") != (o.side > 0) or trade.size <= 0 or trade.price <= 0:
        raise Corrupt(
            f"the venue has order {trade.order_id} trade as: {trade.side} {trade.size} {trade.symbol} at {trade.price}",
            where=f"trade {trade.trade_id}", fix=RECONCILE,
        )  # fmt: skip
    _in_known_currency(desk, trade, o)
    if not desk.sent.is_new(trade.trade_id):
        return []
    x = desk.x
    desk.stirred = True
    book_fill(x, o, float(trade.size), float(trade.price), float(trade.fee), trade.maker)
    if desk.hears_fills:
        x.symbol_now = o.symbol
        for i in range(x.fill_count):
            desk.strategy.on_fill(x.fills[i])
    rows: list[tuple[Any, ...]] = []
    desk.drain(rows)
    desk.tell_updates()
    return rows


def hear_order(desk: Desk, change: p.OrderChange) -> None:
    """An order is in another state. Raises Corrupt for one that nobody has sent."""
    o, x = _order_of(desk, change.order_id), desk.x
    if o.state == k.FREE:
        return  # it has ended, and this is what came late or twice
    end = ENDS.get(change.state)
    if end is not None:
        desk.stirred = True
        intake.finish(x, o, end, _reason(o, change))
        intake.sweep(x)
        desk.tell_updates()
    elif change.state == "UNKNOWN":
        desk.stirred = True
        intake.update(x, o.id, o.symbol, o.side, UNKNOWN, 0, o.size, o.filled)
        desk.tell_updates()


def _order_of(desk: Desk, order_id: str) -> Order:
    session, _, digits = order_id.rpartition("-")
    number = int(digits) if digits.isascii() and digits.isdigit() and session == desk.session else 0
    found = order_in(desk.x, number) if number in desk.sent.open else desk.sent.ended(number)
    if found is None:
        raise Corrupt(f"the venue speaks of order {order_id}, which this session has not sent", fix=RECONCILE)
    return found


def _reason(o: Order, change: p.OrderChange) -> int:
    """The engine's word for why an order ended; 0 where it has none."""
    known = REASONS.get(change.reason)
    if known is not None:
        return known
    if change.state == "EXPIRED":
        return k.TIME_OUT
    return k.ASKED if change.state == "CANCELED" and o.cancels != k.EVER else 0


def _in_known_currency(desk: Desk, trade: p.Trade, o: Order) -> None:
    """A fee in a third currency would be booked as if it were quote currency: rather nothing at all."""
    base, _, rest = trade.symbol.partition("/")
    expected = base if desk.x.instruments[o.symbol].fee_in_base and o.side > 0 else rest.partition(":")[0]
    if trade.fee and trade.fee_currency != expected:
        raise Corrupt(
            f"its fee is in {trade.fee_currency}, and this account's are in {expected}",
            where=f"trade {trade.trade_id}", fix="Have fees paid in that currency, or set fee_in_base as the venue has",
        )  # fmt: skip
