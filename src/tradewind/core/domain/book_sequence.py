"""Which changes may be applied to a book: the venue numbers them, and a gap in the numbers makes the book invalid.

The rules are those of Binance's "How to manage a local order book correctly" (USDS-margined futures). Each change
carries the numbers of its first and last update (U, u) and the last number of the change before it (pu). A snapshot
carries the number up to which it holds (lastUpdateId). What ends before a snapshot is old; the first change applied
must span it; each further one must begin where the last one ended.
"""

from __future__ import annotations

from enum import IntEnum

from tradewind.core.domain.order_book import OrderBook


class EventKind(IntEnum):
    """What a recorded event is."""

    DEPTH = 0
    """What changed in the book; a size is the new total at its price, and 0 removes the level."""
    SNAPSHOT = 1
    """The whole book, as far as the venue shows it."""
    TRADE = 2
    """A trade; its side is the aggressor's."""
    QUOTE = 3
    """The best bid and the best ask."""


OLD = 0
"""The book holds it already."""
APPLY = 1
GAP = 2
"""Something is missing between the book and it."""


def verdict(book: OrderBook, previous: int, last: int) -> int:
    """What to do with a change that follows update `previous` and ends with update `last`.

    A change may begin before where the book is: its sizes are totals. So the one that spans a snapshot is taken, and
    one that begins right after it.
    """
    if last <= book.update_id:
        return OLD
    if previous <= book.update_id:
        return APPLY
    return GAP


def lose(book: OrderBook, row: int) -> None:
    """The book is invalid from here on, until a snapshot; `row` is where, for changes that the snapshot may need."""
    book.valid = False
    book.gaps += 1
    book.invalid_since = row
    book.quote_id = 0


def begin(book: OrderBook, last: int) -> None:
    """Empty the book for a snapshot that holds up to update `last`."""
    book.bids.clear()
    book.asks.clear()
    book.update_id = last
    book.valid = True
    book.snapshots += 1


def level(book: OrderBook, side: int, price: float, size: float) -> None:
    """Put one price level."""
    if side > 0:
        book.bids.put(price, size)
    else:
        book.asks.put(price, size)


def remember_quote(book: OrderBook, number: int, bid: float, bid_size: float, ask: float, ask_size: float) -> bool:
    """Keep the venue's best bid and ask, which may be newer than the changes; False where they are older."""
    if number <= book.quote_id or number <= book.update_id:
        return False
    book.quote_id = number
    book.quote_bid = bid
    book.quote_bid_size = bid_size
    book.quote_ask = ask
    book.quote_ask_size = ask_size
    return True


def settle(book: OrderBook, time: int) -> None:
    """After an event: where the quote is newer than the changes, the top of the book is the quote's."""
    book.time = time
    if book.valid and book.quote_id > book.update_id:
        book.bids.trim(book.quote_bid)
        book.asks.trim(book.quote_ask)
        book.bids.put(book.quote_bid, book.quote_bid_size)
        book.asks.put(book.quote_ask, book.quote_ask_size)
    if book.valid and book.bid >= book.ask:
        book.crossed += 1
