"""How much history a strategy needs: what is measured, for indicators, columns and decisions."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.core.domain.errors import BadInput, StrategyFailed
from tradewind.core.domain.market_data import Bars, Funding
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.core.engine.rules import MarketRules
from tradewind.core.indicators import ATR, EMA, OBV, SMA
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.backtest import Market, instrument_for, join
from tradewind.research.frames import to_pandas
from tradewind.research.recursive import DEPENDS, SETTLES, STEADY, recursive
from tradewind.research.reports.recursive_page import recursive_document, recursive_study
from tradewind.research.reports.study import render_study
from tradewind.research.settling import ENDLESS, FORGETS, NEVER, settling_of
from tradewind.research.settling import STEADY as ALWAYS
from tradewind.research.shown_less import begun_at

MADE = synthetic_market(SyntheticMarket(("BTC/USDT:USDT", "ETH/USDT:USDT"), "1h", bars=900, seed=4))
ONE, OTHER = (s for s in MADE if isinstance(s, Bars))


class Averages(Strategy):
    length = param(20, low=2, high=200)

    def setup(self):
        self.simple = SMA(self.length)
        self.exponential = EMA(self.length)
        self.sum = OBV()

    def on_bar(self, bar):
        if self.simple.crossed_above(self.exponential):
            self.buy()
        elif self.simple.crossed_below(self.exponential):
            self.close()


def named(result):
    return {s.name: s for s in result.settlings}


@pytest.mark.parametrize("length", [2, 20, 50])
def test_a_simple_average_is_right_when_it_is_ready_and_a_sum_never(length):
    result = recursive(Averages, ONE, length=length)
    values = named(result)
    simple = values["simple"]
    assert (simple.declared, simple.ready_after, simple.settled_after) == (length, length - 1, length - 1)
    assert simple.words == ALWAYS
    assert simple.off_when_ready < 1e-9
    assert values["exponential"].words == FORGETS
    assert values["exponential"].settled_after > length
    assert (values["sum"].settled_after, values["sum"].words) == (None, ENDLESS)
    assert (result.verdict, result.history_needed) == (DEPENDS, None)


def test_an_exponential_average_forgets_by_its_own_factor_at_each_bar():
    class One(Averages):
        def setup(self):
            self.mean = EMA(self.length)

        def on_bar(self, bar):
            pass

    result = recursive(One, ONE, length=30, starts=1)
    far = named(result)["mean"].distances[29:150]
    assert far[1:] / far[:-1] == pytest.approx(1.0 - 2.0 / 31.0, rel=1e-5)
    assert result.verdict == SETTLES
    assert result.history_needed == named(result)["mean"].settled_after


def test_a_tighter_tolerance_needs_more_history():
    needed = [named(recursive(Averages, ONE, tolerance=t))["exponential"].settled_after for t in (0.1, 0.01, 0.001)]
    assert needed == sorted(needed)
    assert needed[0] < needed[-1]


class OfColumns(Strategy):
    def prepare(self, bars):
        close = to_pandas(bars).close
        return {"rolling": close.rolling(25).mean(), "expanding": close.expanding(5).mean()}

    def on_bar(self, bar):
        pass


def test_columns_of_prepare_are_measured_too():
    values = named(recursive(OfColumns, ONE))
    assert (values["rolling"].settled_after, values["rolling"].declared) == (24, None)
    assert values["expanding"].words == ENDLESS


def test_with_several_symbols_each_ones_column_is_measured():
    class Two(OfColumns):
        symbols = 2

    names = set(named(recursive(Two, [ONE, OTHER])))
    assert names == {f"{c} of {s.symbol}" for c in ("rolling", "expanding") for s in (ONE, OTHER)}


def test_a_column_that_knows_the_future_is_not_taken_for_one_that_needs_history():
    class Ahead(OfColumns):
        def prepare(self, bars):
            return {"later": to_pandas(bars).close.shift(-2)}

    assert named(recursive(Ahead, ONE))["later"].settled_after == 0


def test_decisions_settle_with_what_they_are_made_of():
    class Fast(Averages):
        def setup(self):
            self.simple = SMA(self.length)
            self.exponential = SMA(3 * self.length)

    result = recursive(Fast, ONE, length=10)
    assert result.verdict == STEADY
    assert result.decisions > 10
    assert result.decisions_settled is not None
    assert result.history_needed == max(29, result.decisions_settled)


def test_a_strategy_that_counts_its_bars_depends_on_its_beginning():
    class Counts(Strategy):
        def setup(self):
            self.seen = 0

        def on_bar(self, bar):
            self.seen += 1
            if self.seen % 17 == 0:
                self.buy(0.001)

    result = recursive(Counts, ONE)
    assert (result.verdict, result.decisions_settled) == (DEPENDS, None)


def test_an_indicator_that_waits_for_its_feed_is_counted_in_bars():
    class Slow(Strategy):
        def setup(self):
            self.day = self.feed(timeframe="1d")
            self.range = ATR(2).on(self.day)

        def on_bar(self, bar):
            pass

    value = named(recursive(Slow, ONE, starts=10))["range"]
    assert value.declared == 3
    assert 2 * 24 < value.ready_after <= 3 * 24, "the day in which the data begins counts, as far as it is there"


def test_an_indicator_that_never_has_a_number_is_told_and_decides_nothing():
    class Never(Strategy):
        def setup(self):
            self.mean = SMA(5_000)

        def on_bar(self, bar):
            pass

    result = recursive(Never, ONE)
    assert named(result)["mean"].words == NEVER
    assert result.verdict == STEADY
    assert any("never asked for an order" in note for note in result.notes)


def test_chance_is_told_instead_of_measured():
    class Chance(Strategy):
        def on_bar(self, bar):
            if random.random() < 0.2:
                self.buy(0.001)

    with pytest.raises(StrategyFailed, match="two runs on the same bars differ"):
        recursive(Chance, ONE)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"starts": 0}, "starts must be from 1"),
        ({"seed": -1}, "a seed is a whole number"),
        ({"tolerance": 0.0}, "tolerance must be between 0 and 1"),
        ({"length": 1}, "1 is outside 2 to 200"),
    ],
)
def test_what_is_asked_wrongly_is_refused(asked, words):
    with pytest.raises(BadInput, match=words):
        recursive(Averages, ONE, **asked)


def test_too_little_data_is_refused():
    with pytest.raises(BadInput, match=r"149 bars are too few.*takes 150"):
        recursive(Averages, ONE.rows(slice(0, 149)))
    assert recursive(Averages, ONE.rows(slice(0, 150)), length=5).horizon == 50


@given(st.lists(st.sampled_from([0.0, 0.5, 2.0, np.nan]), min_size=2, max_size=12))
@settings(max_examples=80)
def test_a_value_is_settled_at_the_first_bar_after_which_all_are_near(values):
    part = np.array(values)
    whole = np.zeros(len(part))
    whole[-1] = 1.0  # a spread that is not zero
    found = settling_of("x", "indicator", 1, [(whole, part)], 0.75)
    near = [bool(abs(a - b) / whole.std() <= 0.75) for a, b in zip(part, whole, strict=True)]
    assert found.settled_after == next((k for k in range(len(near)) if all(near[k:])), None)
    assert found.ready_after == next((k for k, value in enumerate(values) if not np.isnan(value)), None)


def test_data_that_begins_later_is_paid_no_earlier_funding():
    paid = next(s for s in MADE if isinstance(s, Funding))
    data = join(Market(ONE, instrument_for(ONE.symbol), paid), MarketRules()).merged
    later = begun_at(data, 400)
    first, end = later.funding_range[0]
    assert data.funding_range[0][1] == end
    assert data.funding_time[first] >= ONE.time[400] > data.funding_time[first - 1]


def test_the_page_and_the_document_hold_what_was_found():
    result = recursive(Averages, ONE)
    page = render_study(recursive_study(result))
    assert "It depends on where the data begins" in page
    assert "How it forgets" in page
    document = recursive_document(result)
    assert (document["kind"], document["outcome"], document["history_needed"]) == ("recursive", DEPENDS, None)
    assert [v["name"] for v in document["values"]] == ["simple", "exponential", "sum"]
