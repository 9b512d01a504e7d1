"""A book hears an event: a change, a snapshot or a quote, in the order of its place on the tape."""

from __future__ import annotations

from tradewind.core.domain.book_sequence import (
    APPLY,
    GAP,
    EventKind,
    begin,
    level,
    lose,
    remember_quote,
    settle,
    verdict,
)
from tradewind.core.domain.order_book import OrderBook
from tradewind.core.engine.books.tape import Tape

DEPTH = int(EventKind.DEPTH)
SNAPSHOT = int(EventKind.SNAPSHOT)
TRADE = int(EventKind.TRADE)
QUOTE = int(EventKind.QUOTE)


def hear(book: OrderBook, tape: Tape, row: int) -> bool:
    """Take the event of a row in; True where the book is another one now, or has become invalid."""
    event = tape.event[row]
    kind = tape.kind[event]
    changed = False
    if kind == DEPTH:
        changed = hear_change(book, tape, row, event)
    elif kind == SNAPSHOT:
        changed = hear_snapshot(book, tape, row, event)
    elif kind == QUOTE:
        changed = hear_quote(book, tape, event)
    if changed:
        settle(book, tape.time[event])
    return changed


def hear_change(book: OrderBook, tape: Tape, row: int, event: int) -> bool:
    """A change: applied, dropped as old, or a gap. While the book is invalid a later snapshot may need it."""
    if not book.valid:
        return False
    answer = verdict(book, tape.previous[event], tape.last[event])
    if answer == GAP:
        lose(book, row)
        return True
    if answer == APPLY:
        put_levels(book, tape, event)
        book.update_id = tape.last[event]
        return True
    book.old += 1
    return False


def hear_snapshot(book: OrderBook, tape: Tape, row: int, event: int) -> bool:
    """A snapshot: the book is valid again, with the changes since it became invalid that the snapshot does not hold."""
    number = tape.last[event]
    if book.valid and number <= book.update_id:
        return False
    waiting = not book.valid
    begin(book, number)
    put_levels(book, tape, event)
    if waiting:
        at = book.invalid_since
        while at < row and book.valid:
            earlier = tape.event[at]
            if tape.place[at] == tape.place[row] and tape.kind[earlier] == DEPTH and tape.last[earlier] > number:
                hear_change(book, tape, at, earlier)
            at += 1
    return True


def hear_quote(book: OrderBook, tape: Tape, event: int) -> bool:
    """The venue's best bid and ask. They are more prompt than the changes, and newer until those catch up."""
    bid = tape.begin[event]
    ask = bid + 1
    newer = remember_quote(book, tape.last[event], tape.price[bid], tape.size[bid], tape.price[ask], tape.size[ask])
    return newer and book.valid


def put_levels(book: OrderBook, tape: Tape, event: int) -> None:
    """Put all rows of an event into the book."""
    for i in range(tape.begin[event], tape.end[event]):
        level(book, tape.side[i], tape.price[i], tape.size[i])
