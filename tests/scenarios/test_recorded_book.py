"""A real recording of a perpetual's book: rebuilt, it must say what the venue's own quotes say."""

from pathlib import Path

import numpy as np
import pytest

from tradewind.adapters.book_recordings.binance_raw import BinanceRaw
from tradewind.core.domain.book_sequence import EventKind
from tradewind.core.domain.order_book import OrderBook
from tradewind.core.engine.books.hearing import hear
from tradewind.core.engine.books.rules import BookRules
from tradewind.core.engine.books.tape import AT_VENUE, HEARD, as_lists, tape_of

RECORDING = Path(__file__).parents[2].parent / "shared" / "data" / "l2_raw_binance" / "usdm_btcusdt_20240808.gz"


@pytest.fixture(scope="module")
def recording():
    if not RECORDING.exists():
        pytest.skip("there is no recording beside the project")
    return BinanceRaw().read(RECORDING)


def quotes_by_number(recording):
    which = recording.of(EventKind.QUOTE)
    rows = recording.begin[which]
    columns = (recording.price[rows], recording.size[rows], recording.price[rows + 1], recording.size[rows + 1])
    return recording.last[which], np.column_stack(columns)


@pytest.mark.parametrize("place", [AT_VENUE, HEARD])
def test_the_rebuilt_books_top_is_the_venues_quote_at_every_change(recording, place, capsys):
    """The book is made of snapshot and changes alone, and compared with the newest quote not younger than it."""
    numbers, quotes = quotes_by_number(recording)
    changes = recording.events(recording.kind != EventKind.QUOTE)
    tape = as_lists(tape_of(changes, BookRules()))
    book = OrderBook()
    compared = equal = same_number = 0
    for row in range(len(tape.when)):
        if tape.place[row] != place or not hear(book, tape, row):
            continue
        at = int(np.searchsorted(numbers, book.update_id, side="right")) - 1
        if at < 0:
            continue
        compared += 1
        same_number += int(numbers[at] == book.update_id)
        equal += int(tuple(quotes[at]) == (book.bid, book.bid_size, book.ask, book.ask_size))
    with capsys.disabled():
        print(f"\n  tops compared {compared}, equal {equal}, of them at the very same update number {same_number}")
    assert compared == equal
    assert compared > 6_500
    assert same_number > 600
    assert (book.gaps, book.crossed, book.valid) == (0, 0, True)


def test_the_recording_is_what_it_is_known_to_be(recording):
    assert recording.symbol == "BTC/USDT:USDT"
    assert (str(recording.tick), str(recording.lot)) == ("0.1", "0.001")
    assert {kind.name: int((recording.kind == kind).sum()) for kind in EventKind} == {
        "DEPTH": 6_551, "SNAPSHOT": 1, "TRADE": 21_313, "QUOTE": 66_089,
    }  # fmt: skip
    _, side, _, _ = recording.trades()
    assert ((side > 0).sum(), (side < 0).sum()) == (9_616, 11_697)
    assert recording.counts["missing trades"] == 0
    assert recording.clock_shift_ns == pytest.approx(1_273_402_468, abs=1_000)


@pytest.mark.slow
def test_a_change_that_is_lost_makes_the_book_invalid_for_good(recording):
    """There is one snapshot only, so nothing after the gap may be believed."""
    lost = recording.of(EventKind.DEPTH)[3_000]
    kept = np.delete(np.arange(len(recording)), lost)
    tape = as_lists(tape_of(recording.events(kept), BookRules()))
    book = OrderBook()
    for row in range(len(tape.when)):
        if tape.place[row] == AT_VENUE:
            hear(book, tape, row)
    assert (book.gaps, book.valid) == (1, False)
    assert book.bid != book.bid
