"""A real recording of a perpetual's book: rebuilt, it must say what the venue's own quotes say."""

import gzip
import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tradewind import Strategy, book_backtest
from tradewind.adapters.book_recordings.binance_raw import BinanceRaw
from tradewind.core.domain.book_sequence import EventKind
from tradewind.core.domain.ledger import Ledger, exact, fold
from tradewind.core.domain.order_book import OrderBook
from tradewind.core.engine.books.hearing import hear
from tradewind.core.engine.books.rules import BookRules
from tradewind.core.engine.books.tape import AT_VENUE, HEARD, as_lists, tape_of
from tradewind.operations.strategies import strategy_named
from tradewind.research.book_summary import trade_sums

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


def test_trades_are_counted_and_averaged_as_the_raw_lines_say(recording):
    """Worked out again from the text of the messages, in decimals."""
    seen, sums = {}, {True: [0, Decimal(0), Decimal(0)], False: [0, Decimal(0), Decimal(0)]}
    with gzip.open(RECORDING) as file:
        for line in file:
            if b'"e":"trade"' in line:
                data = json.loads(line.partition(b" ")[2])["data"]
                seen[data["t"]] = (data["m"], Decimal(data["p"]), Decimal(data["q"]))
    for sold, price, size in seen.values():
        of = sums[sold]
        of[0], of[1], of[2] = of[0] + 1, of[1] + size, of[2] + price * size
    found = trade_sums(recording)
    assert (found.sells, found.buys, found.count) == (sums[True][0], sums[False][0], len(seen))
    assert found.size == pytest.approx(float(sums[True][1] + sums[False][1]), rel=1e-14)
    whole = (sums[True][2] + sums[False][2]) / (sums[True][1] + sums[False][1])
    assert found.vwap == pytest.approx(float(whole), rel=1e-14)
    assert found.buy_vwap == pytest.approx(float(sums[False][2] / sums[False][1]), rel=1e-14)
    assert found.sell_vwap == pytest.approx(float(sums[True][2] / sums[True][1]), rel=1e-14)


@pytest.mark.slow
def test_the_market_maker_quotes_in_it_alike_in_both_engines_and_to_the_ledgers_last_unit(recording, capsys):
    strategy = strategy_named(str(Path(__file__).parents[2] / "examples" / "market_maker.py"))
    done = {engine: book_backtest(strategy, recording, engine=engine) for engine in ("compiled", "interpreted")}
    one, other = done["compiled"], done["interpreted"]
    assert one.run.engine == "compiled"
    assert one.run.decision_hash == other.run.decision_hash
    assert one.run.fills.tobytes() == other.run.fills.tobytes()
    assert one.queue == other.queue
    folded = fold(Ledger(exact(one.rules.cash)), one.run.fills)
    assert float(folded.cash) == pytest.approx(one.run.cash, abs=1e-9 * float(folded.turnover))
    with capsys.disabled():
        print(f"\n  {one!r}, {int(one.queue['maker_fills'])} as maker, decisions {one.run.decision_hash}")
    assert one.queue["maker_fills"] > 300
    assert one.queue["taker_fills"] == 0
    assert 0 < abs(one.inventory).max() <= 0.06 + 1e-9


@pytest.mark.slow
def test_no_faster_way_and_no_kinder_queue_makes_the_same_quotes_worse_served(recording):
    """A quote that is placed once: cancellations that count ahead, and an earlier arrival, never fill it later."""

    class Once(Strategy):
        """One bid at the best price of the second valid book it hears of, and nothing else."""

        def setup(self):
            self.heard = 0

        def on_book(self, book):
            self.heard += 1
            if self.heard == 200:
                self.buy(0.5, limit=book.bid, post_only=True)

    def filled_at(**ways):
        fills = book_backtest(Once, recording, close_at_end=False, cash=100_000.0, report_ms=0.0, **ways).run.fills
        return int(fills["time"][0]) if len(fills) else 2**62

    kind = filled_at(order_ms=1.0, queue="proportional")
    assert kind < 2**62
    assert kind <= filled_at(order_ms=1.0, queue="back")
    assert kind <= filled_at(order_ms=40.0, queue="proportional")
