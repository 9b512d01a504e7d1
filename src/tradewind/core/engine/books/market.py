"""One row of the tape: what happens at the venue, or what the strategy hears."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradewind.core.engine.books.hearing import QUOTE, TRADE, hear
from tradewind.core.engine.books.queue import look_at_all, lost_sight, traded

if TYPE_CHECKING:
    from tradewind.core.engine.books.exchange import BookExchange
    from tradewind.core.engine.books.tape import Tape


def at_venue(x: BookExchange, tape: Tape, row: int) -> None:
    """An event happens at the venue: its book changes, orders in it trade or move up in their queues."""
    x.venue_time = tape.when[row]
    event = tape.event[row]
    if tape.kind[event] == TRADE:
        if x.resting > 0:
            i = tape.begin[event]
            traded(x, tape.side[i], tape.price[i], tape.size[i])
        return
    was_valid = x.venue_book.valid
    if not hear(x.venue_book, tape, row):
        return
    if x.resting > 0 and x.venue_book.valid:
        if not was_valid:
            lost_sight(x)
        look_at_all(x)
    if x.venue_book.tradable:
        x.venue_mid = x.venue_book.mid


def mark(x: BookExchange, high: Any, low: Any, close: Any) -> None:
    """Keep the middle of the venue's book for its moment: the highest, the lowest and the last of it."""
    price = x.venue_mid
    i = (x.venue_time - x.marks_from) // x.marks_step
    close[i] = price
    if not price <= high[i]:
        high[i] = price
    if not price >= low[i]:
        low[i] = price


def heard(x: BookExchange, tape: Tape, row: int) -> bool:
    """The strategy's side hears of an event; True where there is something to tell it."""
    bar = x.bars[0]
    bar.time = tape.when[row]
    event = tape.event[row]
    kind = tape.kind[event]
    i = tape.begin[event]
    if kind == TRADE:
        x.trade.time = tape.time[event]
        x.trade.side = tape.side[i]
        x.trade.price = tape.price[i]
        x.trade.size = tape.size[i]
        return True
    changed = hear(x.book, tape, row)
    if changed:
        x.no_book = not x.book.tradable
        if not x.no_book:
            price = x.book.mid
            bar.open = price
            bar.high = price
            bar.low = price
            bar.close = price
    if kind == QUOTE:
        x.quote.time = tape.time[event]
        x.quote.bid = tape.price[i]
        x.quote.bid_size = tape.size[i]
        x.quote.ask = tape.price[i + 1]
        x.quote.ask_size = tape.size[i + 1]
        return True
    return changed


def in_danger(x: BookExchange) -> bool:
    """Whether the price has come to where the position is liquidated."""
    price = x.bars[0].close
    return x.exposed > 0 and (price <= x.watch_low or price >= x.watch_high)
