"""Several symbols, higher timeframes, timers and hooks: what the strategy hears, and when."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from engine_scripts import (
    CACHE,
    FREE,
    LOG,
    MINUTE,
    RULES,
    SPOT,
    START,
    Listening,
    assert_same,
    at,
    buy,
    close,
    flat,
    play,
    script_of,
    symbol_data,
)

from tradewind.core.domain.orders import OrderState, Reason
from tradewind.core.domain.timeframes import timeframe_ns
from tradewind.core.engine import run as running
from tradewind.core.engine.market_data import SymbolData, merge
from tradewind.core.engine.run import run
from tradewind.core.indicators import SMA
from tradewind.core.strategy.strategy import Strategy

WEEK, DAY = timeframe_ns("1w"), timeframe_ns("1d")


def both(make, data, instruments=None, rules=RULES):
    """The strategy after a run in both engines, which must agree."""
    instruments = instruments or [FREE] * len(data.symbols)
    one = run(make, data, instruments, rules, "interpreted")
    other = run(make, data, instruments, rules, "compiled", CACHE)
    assert_same(one, other)
    return one.strategy


class Rows(Strategy):
    """Keeps a log of rows of four numbers."""

    def setup(self):
        self.log = [0.0] * LOG
        self.told = 0

    def note(self, a, b, c, d):
        i = 4 * self.told
        self.log[i] = a
        self.log[i + 1] = b
        self.log[i + 2] = c
        self.log[i + 3] = d
        self.told += 1

    @property
    def rows(self):
        return [tuple(self.log[4 * i : 4 * i + 4]) for i in range(self.told)]


class TwoSymbols(Rows):
    symbols = 2

    def setup(self):
        self.log = [0.0] * LOG
        self.told = 0
        self.other = self.feed(symbol=1)
        self.mean = SMA(2).on(self.other)

    def on_bar(self, bar):
        self.note(bar.symbol, (bar.time - START) // MINUTE, self.other.close, 1.0 if self.other.closed else 0.0)


def test_every_symbol_of_a_moment_is_seen_before_any_bar_is_acted_on():
    first = symbol_data([(10 + i,) * 4 for i in range(4)], "A/USDT:USDT")
    second = symbol_data([(20,) * 4, None, (22,) * 4, (23,) * 4], "B/USDT:USDT")
    rows = both(TwoSymbols, merge([first, second], MINUTE)).rows
    assert rows == [
        (0, 0, 20, 1), (1, 0, 20, 1),
        (0, 1, 20, 0),  # B has no bar: the last one is still there, and did not close now
        (0, 2, 22, 1), (1, 2, 22, 1), (0, 3, 23, 1), (1, 3, 23, 1),
    ]  # fmt: skip


def test_a_symbol_that_starts_later_or_ends_earlier_trades_while_it_is_there():
    first = symbol_data([None, None, *flat(100, 4)], "A/USDT:USDT")
    second = symbol_data([*flat(50, 4), None, None], "B/USDT:USDT")
    played = play([first, second], [buy(0, 1, symbol=1), buy(2, 1), close(3, symbol=1), close(4)])
    assert [(f[1], f[3]) for f in played.fills] == [(1, 50), (1, 100), (-1, 100)]
    # B was closed on its last bar, so its order found no market any more.
    assert played.exchange.positions[2].size == 1.0


def test_where_a_run_is_cut_into_chunks_makes_no_difference(monkeypatch):
    first = symbol_data([(10 + i,) * 4 for i in range(9)], "A/USDT:USDT")
    second = symbol_data([(20 + i,) * 4 for i in range(9)], "B/USDT:USDT")
    data = merge([first, second], MINUTE)
    whole = both(TwoSymbols, data).rows
    monkeypatch.setattr(running, "CHUNK_BARS", 3)
    assert both(TwoSymbols, data).rows == whole


class Higher(Rows):
    """Logs what its three-minute feed shows at each bar."""

    def setup(self):
        self.log = [0.0] * LOG
        self.told = 0
        self.slow = self.feed(timeframe="3m")
        self.mean = SMA(1).on(self.slow)

    def on_bar(self, bar):
        self.note((bar.time - START) // MINUTE, self.slow.count, self.slow.close, 1.0 if self.slow.closed else 0.0)
        if self.mean.ready and self.mean.value != self.slow.close:
            raise RuntimeError("the indicator and its feed disagree")


def test_a_higher_timeframe_is_seen_only_when_it_has_closed():
    rows = both(Higher, merge([symbol_data([(10 + i,) * 4 for i in range(7)])], MINUTE)).rows
    assert [r[1:] for r in rows[2:]] == [(1, 12, 1), (1, 12, 0), (1, 12, 0), (2, 15, 1), (2, 15, 0)]
    assert [r[1] for r in rows[:2]] == [0, 0]
    assert all(np.isnan(r[2]) for r in rows[:2])


def test_a_gap_closes_the_higher_bar_at_the_first_bar_after_it():
    data = merge([symbol_data([(10,) * 4, (11,) * 4, None, None, None, None, (16,) * 4, (17,) * 4])], MINUTE)
    rows = both(Higher, data).rows
    assert [r[1] for r in rows] == [0, 0, 1, 1]
    assert (rows[2][2], rows[2][3]) == (11, 1)


class Weekly(Rows):
    timer = "1w"

    def setup(self):
        self.log = [0.0] * LOG
        self.told = 0
        self.week = self.feed(timeframe="1w")

    def on_timer(self, time):
        self.note(2.0, (time - START) // DAY, 0.0, 0.0)

    def on_bar(self, bar):
        if self.week.closed:
            self.note(1.0, (self.week.time - START) // DAY, self.week.open, self.week.close)


def test_weeks_begin_on_monday():
    times = START + np.arange(-3, 18, dtype=np.int64) * DAY  # from Friday on
    price = 100.0 + np.arange(21)
    data = merge([SymbolData("BTC/USDT:USDT", times, price, price, price, price, price)], DAY)
    rows = both(Weekly, data).rows
    assert [r for r in rows if r[0] == 1.0] == [(1, -7, 100, 102), (1, 0, 103, 109), (1, 7, 110, 116)]
    assert [r[1] for r in rows if r[0] == 2.0] == [0, 7, 14], "and so do weekly timers"


def listen(acts, rows, **more):
    return play(rows, acts, cls=Listening, **more).log


def test_a_timer_comes_at_the_first_close_at_or_after_its_time():
    told = [row[1] for row in listen([], [*flat(100, 4), None, None, None, *flat(100, 3)]) if row[0] == 4.0]
    assert told == [3, 8, 9]


def test_fills_and_order_updates_are_told_in_order():
    rows = [*flat(100, 2), (100, 100, 94, 95), *flat(95, 1)]
    log = [row for row in listen([buy(0, 1, sl=95, tp=120)], rows) if row[0] < 3.0]
    fills = [row[1:] for row in log if row[0] == 1.0]
    assert fills == [(1, 1, 1, 100), (2, -1, 1, 95)]
    states = [(row[1], OrderState(int(row[2])).name, Reason(int(row[3])).name) for row in log if row[0] == 2.0]
    assert states == [
        (1, "ACCEPTED", "NONE"), (1, "FILLED", "NONE"),
        (2, "TRIGGERED", "NONE"), (2, "FILLED", "NONE"), (3, "CANCELED", "OTHER_SIDE_FILLED"),
    ]  # fmt: skip


def test_partial_fills_are_told_with_what_was_filled():
    log = listen([buy(0, 10)], flat(100, 5, volume=8.0), participation=0.5)
    states = [(OrderState(int(row[2])).name, row[4]) for row in log if row[0] == 2.0]
    assert states == [("ACCEPTED", 0.0), ("PARTIALLY_FILLED", 4.0), ("PARTIALLY_FILLED", 8.0), ("FILLED", 10.0)]


class Answering(Strategy):
    """Sells what it bought, from inside on_fill."""

    def setup(self):
        self.hits = 0

    def on_bar(self, bar):
        if self.hits == 0:
            self.hits = 1
            self.buy(1.0)

    def on_fill(self, fill):
        if fill.side > 0:
            self.sell(fill.size, limit=fill.price + 2.0)


def test_an_order_from_on_fill_reaches_the_market_at_the_next_open():
    rows = [*flat(100, 1), (100, 105, 100, 104), (101, 103, 101, 102), *flat(102, 2)]
    data = merge([symbol_data(rows)], MINUTE)
    one = run(Answering, data, [FREE], RULES, "interpreted")
    assert_same(one, run(Answering, data, [FREE], RULES, "compiled", CACHE))
    assert [(int(f["bar"]), float(f["price"])) for f in one.fills] == [(1, 100.0), (2, 102.0)]


def test_the_decision_hash_changes_with_every_field_of_a_decision():
    rows = flat(100, 3)
    seen = {play(rows, acts).result.decision_hash for acts in ([], [buy(0, 1)], [buy(0, 2)], [buy(1, 1)])}
    seen |= {
        play(rows, [buy(0, 1, **more)]).result.decision_hash
        for more in (
            {"limit": 50}, {"stop": 150}, {"sl": 50}, {"tp": 150}, {"trail": 5}, {"reduce_only": True},
            {"limit": 50, "post_only": True}, {"limit": 50, "tif": 1}, {"limit": 50, "expires": at(2)},
        )
    }  # fmt: skip
    assert len(seen) == 13
    assert len(script_of([])) > 0


class Late(Strategy):
    """Sets in `on_start` what `setup` left, with a fraction in place of a whole number."""

    def setup(self):
        self.level = 0
        self.seen = 0.0

    def on_start(self):
        self.level = 0.5
        self.more = 2.0

    def on_bar(self, bar):
        self.seen += self.level * self.more


def test_what_on_start_sets_is_the_same_in_both_engines():
    data = merge([symbol_data(flat(100, 5))], MINUTE)
    assert both(Late, data).seen == 5.0
    assert run(Late, data, [FREE], RULES, "compiled", CACHE).strategy.seen == 5.0


class Dusty(Strategy):
    """Writes down what it is told of its position."""

    def setup(self):
        self.bars = 0
        self.told = 0

    def on_bar(self, bar):
        self.bars += 1
        if self.bars == 1:
            self.buy(1.0)
        elif self.bars == 3:
            self.close()
        p = self.position
        self.told = 10 * self.told + (1 if p.is_long else 0) + (2 if p.is_short else 0) + (4 if p else 0)


def test_what_fees_leave_of_a_lot_is_neither_long_nor_short():
    coins = replace(SPOT, lot=Decimal("0.1"), taker_fee=Decimal("0.01"), fee_in_base=True)
    data = merge([symbol_data(flat(100, 6))], MINUTE)
    assert both(Dusty, data, [coins]).told == 55000


class OneOfTwo(Strategy):
    """Bids for both symbols; takes the other bid back, or guards what it holds there, when one of them has filled."""

    symbols = 2

    def setup(self):
        self.bars = 0
        self.bids = [0] * 2

    def on_fill(self, fill):
        if self.guards:
            if fill.symbol == 0:
                self.protect(sl=80.0, symbol=1)
        else:
            self.cancel(self.bids[1 - fill.symbol])

    def on_bar(self, bar):
        self.bars += 1
        if self.bars == 2:
            self.bids[0] = self.buy(1, limit=95.0, symbol=0)
            if self.guards:
                self.buy(1, sl=95.0, symbol=1)
            else:
                self.bids[1] = self.buy(1, limit=95.0, symbol=1)


@pytest.mark.parametrize("guards", [False, True], ids=["a bid", "a stop"])
def test_what_is_taken_back_at_a_fill_stands_through_the_other_symbols_bar_of_that_moment(guards):
    """Both prices fall through 95 in one bar: the strategy hears of the first fill only when that bar is over."""

    def make():
        strategy = OneOfTwo()
        strategy.guards = guards
        return strategy

    rows = [*flat(100, 2), (100, 100, 90, 92), *flat(92, 3)]
    data = merge([symbol_data(rows, name) for name in ("A/USDT:USDT", "B/USDT:USDT")], MINUTE)
    both(make, data)
    fills = run(make, data, [FREE, FREE], RULES, "interpreted").fills
    happened = [(int(f["symbol"]), int(f["side"]), float(f["price"])) for f in fills if f["price"] == 95.0]
    assert happened == [(0, 1, 95.0), (1, -1 if guards else 1, 95.0)]


A, B = 0, 1
NAMED = pytest.mark.parametrize("first", [A, B], ids=["its symbol named first", "its symbol named last"])


def pair(rows_a, rows_b, first):
    """Two symbols, A and B, in the order in which the run names them; and the number that each has in it."""
    data = {A: symbol_data(rows_a, "A/USDT"), B: symbol_data(rows_b, "B/USDT")}
    named = [A, B] if first == A else [B, A]
    return merge([data[which] for which in named], MINUTE), {which: named.index(which) for which in (A, B)}


@NAMED
def test_money_that_comes_free_inside_a_bar_cannot_pay_for_what_trades_at_that_bars_open(first):
    """A's target is met inside bar 2, and B was to be bought at bar 2's open, when all the money was still in A."""
    rows_a = [*flat(100, 2), (100, 120, 100, 120), *flat(120, 2)]
    data, number = pair(rows_a, flat(50, 5), first)
    acts = [buy(0, 90, tp=120, symbol=number[A]), buy(1, 100, symbol=number[B])]
    played = play(data, acts, SPOT)
    assert [(f[1], f[3]) for f in played.fills] == [(1, 100), (-1, 120)]
    assert sum(played.refused.values()) == 1, "and B's order found too little"


class Rotating(Strategy):
    """Puts all its money into one symbol, then asks in one breath to sell it and to buy the other."""

    symbols = 2

    def setup(self):
        self.calls = 0

    def on_bar(self, bar):
        self.calls += 1
        if self.calls == 1:
            self.buy(100, symbol=self.held)
        elif self.calls == 5:
            self.close(symbol=self.held)
            self.buy(190, symbol=1 - self.held)


@NAMED
def test_orders_of_one_open_trade_in_the_order_they_were_made_whatever_their_symbols(first):
    """All the money is in A: selling it at an open pays for B at that open."""
    data, number = pair(flat(100, 5), flat(50, 5), first)

    def make():
        strategy = Rotating()
        strategy.held = number[A]
        return strategy

    both(make, data, [SPOT, SPOT])
    result = run(make, data, [SPOT, SPOT], RULES, "interpreted")
    traded = [(int(f["symbol"]), int(f["side"])) for f in result.fills]
    assert traded == [(number[A], 1), (number[A], -1), (number[B], 1)]
    assert result.refusals == ()


class Hearing(Strategy):
    """Writes down what the other symbol's feed shows when it hears of a fill."""

    symbols = 2

    def setup(self):
        self.feeds = [self.feed(symbol=0), self.feed(symbol=1)]
        self.seen = [0.0, 0.0]
        self.calls = 0

    def on_fill(self, fill):
        self.seen[fill.symbol] = self.feeds[1 - fill.symbol].close

    def on_bar(self, bar):
        self.calls += 1
        if self.calls <= 2:
            self.buy(1)


def test_a_fill_is_told_when_every_symbols_bar_is_known():
    rows = [[(p + i,) * 4 for i in range(3)] for p in (10, 20)]
    data = merge([symbol_data(r, name) for r, name in zip(rows, ("A/USDT:USDT", "B/USDT:USDT"), strict=True)], MINUTE)
    assert both(Hearing, data).seen == [21, 11]
