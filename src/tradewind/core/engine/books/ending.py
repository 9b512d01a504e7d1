"""The end of a replay: answers on their way arrive, and what is open is closed in the book as it then stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.core.engine import account
from tradewind.core.engine import constants as k
from tradewind.core.engine.books.answers import deliver

if TYPE_CHECKING:
    from tradewind.core.engine.books.exchange import BookExchange


def arrive_all(x: BookExchange) -> None:
    """Deliver what the venue has answered: it happened, whether or not the strategy hears of it any more."""
    while x.report_count > 0:
        deliver(x)


def value_at_venue(x: BookExchange) -> None:
    """Value what is held by the last middle of the venue's book."""
    bar = x.bars[0]
    if x.venue_mid == x.venue_mid:
        bar.open = bar.high = bar.low = bar.close = x.venue_mid


def close_in_book(x: BookExchange) -> None:
    """Close what is open as a taker, level by level; what the book does not hold stays open."""
    p = x.positions[0]
    s = x.instruments[0]
    if abs(p.size) <= p.dust or not x.venue_book.tradable:
        return
    o = x.orders_forced[0]
    x.orders_made += 1
    side = -1 if p.size > 0.0 else 1
    o.begin(x.orders_made, 0, side, k.MARKET, s.round_size(abs(p.size)))
    o.exit_reason = k.BY_END_OF_DATA
    levels = x.venue_book.asks if side > 0 else x.venue_book.bids
    best = levels.best
    while o.remaining > o.size * account.HAIR and levels.count > 0 and x.fill_count < len(x.fills):
        price = levels.best
        size = s.round_size(min(s.whole_lots(o.remaining), levels.best_size))
        if size <= 0.0:
            levels.take(levels.best_size)  # less than a lot
            continue
        levels.take(size)
        slipped = abs(price - best) * size
        account.reduce_position(x, o, 0, size, price, s.taker_fee, False, slipped, x.venue_time)
        o.filled += size
