"""Is a recording whole? Its book is rebuilt from snapshots and changes, and compared with the venue's own quotes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tradewind.core.domain.book_sequence import EventKind
from tradewind.core.domain.order_book import LEVELS_MAX, OrderBook
from tradewind.core.domain.recording import Recording
from tradewind.core.engine.books.hearing import hear
from tradewind.core.engine.books.rules import BookRules
from tradewind.core.engine.books.tape import HEARD, tape_of


class TopCheck:
    """A book, and how often its top was the venue's quote. `first_differs` is the event of the first that was not."""

    def __init__(self, levels_max: int = LEVELS_MAX) -> None:
        self.book = OrderBook(levels_max)
        self.compared = 0
        self.equal = 0
        self.same_number = 0
        self.first_differs = -1
        self.valid_from = 0
        self.invalid_ns = 0
        self.lost_at = 0
        self.spread_sum = 0.0
        self.spread_count = 0
        self.spread_max = 0.0

    def see(self, tape: Any, quote: Any, row: int) -> None:
        """Take a row in, and compare with the newest quote that is no younger than the book."""
        if tape.place[row] != HEARD:
            return
        was_valid = self.book.valid
        if not hear(self.book, tape, row):
            return
        event = tape.event[row]
        if self.book.valid and not was_valid:
            if self.valid_from == 0:
                self.valid_from = tape.when[row]
            elif self.lost_at > 0:
                self.invalid_ns += tape.when[row] - self.lost_at
                self.lost_at = 0
        if was_valid and not self.book.valid:
            self.lost_at = tape.when[row]
        if not self.book.valid:
            return
        self.spread_sum += self.book.spread
        self.spread_count += 1
        self.spread_max = max(self.spread_max, self.book.spread)
        self.compare(tape, quote[event], event)

    def compare(self, tape: Any, which: int, event: int) -> None:
        """Compare the top with the quote of event `which`. A snapshot may have brought later changes in with it."""
        if which < 0 or tape.last[event] != self.book.update_id:
            return
        i = tape.begin[which]
        self.compared += 1
        if tape.last[which] == self.book.update_id:
            self.same_number += 1
        if (
            tape.price[i] == self.book.bid
            and tape.size[i] == self.book.bid_size
            and tape.price[i + 1] == self.book.ask
            and tape.size[i + 1] == self.book.ask_size
        ):
            self.equal += 1
        elif self.first_differs < 0:
            self.first_differs = event


ROWS_AT_ONCE = 1_000_000
"""How soon Ctrl-C is heard in compiled code."""
TEXT = """
def drive(s, tape, quote, row, stop):
    see = s.see
    while row < stop:
        see(tape, quote, row)
        row += 1
    return row
"""


@dataclass(frozen=True)
class Checked:
    """What came of it; the check itself, and whether compiled code made it."""

    check: TopCheck
    compiled: bool


def check_tops(recording: Recording, cache: Path | None = None, *, compiled: bool = True) -> Checked:
    """Rebuild the book in the order in which the recorder heard of it, and compare its top after every change."""
    tape = tape_of(recording, BookRules())
    # Quotes are what is compared with: the book must not hear of them.
    tape = tape._replace(kind=np.where(recording.kind == EventKind.QUOTE, -1, recording.kind).astype(np.int8))
    quote = newest_quotes(recording)
    check = TopCheck()
    if compiled:
        from tradewind.core.compiler.kernel import build_kernel
        from tradewind.core.compiler.layout import CannotCompile

        try:
            kernel = build_kernel(check, TEXT, {}, (tape, quote, 0, 0), cache)
        except CannotCompile:
            compiled = False
        else:
            state = kernel.state_of(check)
            for row in range(0, len(tape.when), ROWS_AT_ONCE):
                kernel.entry(state, tape, quote, row, min(row + ROWS_AT_ONCE, len(tape.when)))
            kernel.restore(state, check)
    if not compiled:
        from tradewind.core.engine.books.tape import as_lists

        rows, quotes = as_lists(tape), quote.tolist()
        for row in range(len(rows.when)):
            check.see(rows, quotes, row)
    return Checked(check, compiled)


def newest_quotes(recording: Recording) -> np.ndarray[Any, Any]:
    """For each event the quote with the highest number that is not above its own, -1 where there is none."""
    quotes = recording.of(EventKind.QUOTE)
    order = np.argsort(recording.last[quotes], kind="stable")
    at = np.searchsorted(recording.last[quotes][order], recording.last, side="right") - 1
    return np.where(at >= 0, quotes[order][np.maximum(at, 0)] if len(quotes) else -1, -1)
