"""Runs longer than a chunk of bars and a full journal: nothing may show where one ended and the next began."""

import numpy as np
import pytest
from engine_scripts import CACHE, FREE, MINUTE, RULES, START, assert_same

from tradewind.core.domain.market_data import Bars
from tradewind.core.engine import compiled
from tradewind.core.engine import run as running
from tradewind.core.engine.market_data import SymbolData, merge
from tradewind.core.engine.run import run
from tradewind.core.performance.hold import hold_equity, hold_return
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.backtest import backtest

BARS = 3_000
ROWS_OF_JOURNAL = 1024
"""What one symbol's journal holds at least."""


class Restless(Strategy):
    """In at one bar, out at the next, over and over."""

    def setup(self):
        self.bars = 0

    def on_bar(self, bar):
        self.bars += 1
        if self.bars % 2 == 1:
            self.buy(size=1.0)
        else:
            self.close()


def columns(bars=BARS):
    close = 100.0 + np.sin(np.arange(bars))
    time = START + MINUTE * np.arange(bars, dtype=np.int64)
    return {"time": time, "open": close, "high": close + 1, "low": close - 1, "close": close, "volume": np.ones(bars)}


def restless(engine):
    return run(Restless, merge([SymbolData("A/USDT:USDT", **columns())], MINUTE), [FREE], RULES, engine, CACHE)


@pytest.mark.parametrize("engine", ["interpreted", "compiled"])
def test_a_fill_names_its_row_of_the_whole_run(engine):
    fills = restless(engine).fills
    assert len(fills) == BARS - 1
    assert np.array_equal(fills["bar"], np.arange(1, BARS))
    assert np.array_equal(fills["time"], START + MINUTE * fills["bar"])


def test_chunks_of_any_length_give_the_same_run(monkeypatch):
    whole = restless("interpreted")
    for bars in (1, 7, 2_999):
        monkeypatch.setattr(running, "CHUNK_BARS", bars)
        monkeypatch.setattr(running, "CHUNK_BARS_INTERPRETED", bars)
        assert_same(whole, restless("interpreted"))
        assert_same(whole, restless("compiled"))


def test_a_journal_that_fills_up_loses_nothing(monkeypatch):
    whole = restless("compiled")
    monkeypatch.setattr(compiled, "JOURNAL_ROWS_MIN", 1)
    monkeypatch.setattr(compiled, "JOURNAL_ROWS_MAX", 1)
    assert len(whole.fills) > 2 * ROWS_OF_JOURNAL
    assert_same(whole, restless("compiled"))


@pytest.mark.parametrize("engine", ["interpreted", "compiled"])
def test_one_symbols_columns_are_run_on_as_they_are_and_left_as_they_were(engine):
    given = columns()
    kept = {name: column.copy() for name, column in given.items()}
    data = merge([SymbolData("A/USDT:USDT", **given)], MINUTE)
    assert data.close is given["close"]
    run(Restless, data, [FREE], RULES, engine, CACHE)
    assert all(np.array_equal(given[name], kept[name]) for name in kept)


def test_columns_of_another_kind_run_the_same_and_are_not_compiled_for_again():
    given = columns(200)
    plain = run(Restless, merge([SymbolData("A/USDT:USDT", **given)], MINUTE), [FREE], RULES, "compiled", CACHE)
    odd = {name: np.repeat(column, 2)[::2] for name, column in given.items()}
    for column in odd.values():
        column.flags.writeable = False
    again = run(Restless, merge([SymbolData("A/USDT:USDT", **odd)], MINUTE), [FREE], RULES, "compiled", CACHE)
    assert_same(plain, again)
    assert again.cached


def test_what_holding_gains_is_where_its_curve_ends():
    one = Bars("A/USDT:USDT", "1m", **columns(50))
    other = Bars("B/USDT:USDT", "1m", **{**columns(50), "close": np.linspace(100, 90, 50)})
    curve = hold_equity(one.time, [one, other], 500.0)
    assert hold_return([one, other]) == pytest.approx(curve[-1] / 500.0 - 1.0, rel=1e-12)
    assert curve[-1] != 500.0


def test_a_backtest_holds_beside_itself_what_holding_would_have_been_worth():
    result = backtest(Restless, Bars("A/USDT:USDT", "1m", **columns(50)), engine="interpreted", cash=500.0)
    assert np.array_equal(result.hold, hold_equity(result.time, [result.markets[0].bars], 500.0))
    assert result.metrics["buy_and_hold"] == pytest.approx(result.hold[-1] / 500.0 - 1.0, rel=1e-12)


class Asking(Strategy):
    """Turns three symbols round at every bar, and asks for much whenever it hears of a fill."""

    symbols = 3

    def on_fill(self, fill):
        for _ in range(120):
            self.cancel(1)

    def on_bar(self, bar):
        if self.net_size(bar.symbol) > 0.0:
            self.close()
        else:
            self.buy(size=1.0)


def test_what_is_asked_for_at_the_fills_of_several_symbols_fits_the_journal(monkeypatch):
    monkeypatch.setattr(compiled, "JOURNAL_ROWS_MIN", 1)
    monkeypatch.setattr(compiled, "JOURNAL_ROWS_MAX", 1)
    data = merge([SymbolData(f"{name}/USDT:USDT", **columns(100)) for name in "ABC"], MINUTE)
    one = run(Asking, data, [FREE] * 3, RULES, "interpreted")
    assert len(one.decisions) > 120 * len(one.fills) > 20_000
    assert_same(one, run(Asking, data, [FREE] * 3, RULES, "compiled", CACHE))
