"""Columns that a strategy makes of whole arrays before it runs."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.core.domain.errors import StrategyFailed
from tradewind.core.domain.instruments import instrument_for
from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.core.engine.market_data import SymbolData, merge
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.setup import exchange_for, set_up
from tradewind.core.indicators import EMA, SMA
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.backtest import backtest

CACHE = Path(tempfile.mkdtemp(prefix="tradewind-prepare-"))
MARKET = SyntheticMarket(("BTC/USDT", "ETH/USDT"), "1h", bars=600, seed=3)
COLUMNS = ("time", "open", "high", "low", "close", "volume")
ROOM = ([instrument_for("BTC/USDT")], MarketRules())
ONE, OTHER = (series for series in synthetic_market(MARKET) if isinstance(series, Bars))


def rolling_mean(values, length):
    """The mean of the last `length` values, NaN before there are so many; each sum on its own."""
    mean = np.full(len(values), np.nan)
    for i in range(length - 1, len(values)):
        mean[i] = values[i - length + 1 : i + 1].sum() / length
    return mean


class Crossing(Strategy):
    """Long while one prepared average is above the other."""

    fast = param(5, low=2, high=50)
    slow = param(20, low=2, high=200)

    def prepare(self, bars):
        return {"quick": rolling_mean(bars.close, self.fast), "steady": rolling_mean(bars.close, self.slow)}

    def on_bar(self, bar):
        if self.quick.crossed_above(self.steady):
            self.buy(sl=0.9 * self.quick.value)
        elif self.quick.crossed_below(self.steady):
            self.close()


class Streaming(Strategy):
    """The same with indicators."""

    fast = param(5, low=2, high=50)
    slow = param(20, low=2, high=200)

    def setup(self):
        self.quick = SMA(self.fast)
        self.steady = SMA(self.slow)

    on_bar = Crossing.on_bar


class Each(Strategy):
    """Two symbols: a column has an item for each."""

    symbols = 2

    def prepare(self, bars):
        return {"mean": rolling_mean(bars.close, 10)}

    def on_bar(self, bar):
        mean = self.mean[bar.symbol]
        if mean.prev < bar.close and bar.close > 1.01 * mean.value and self.orders_open == 0:
            self.buy(limit=mean.value)
        elif bar.close < mean.value:
            self.close()


def runs(strategy, data, **given):
    compiled = backtest(strategy, data, engine="compiled", cache=CACHE, **given).run
    return backtest(strategy, data, engine="interpreted", **given).run, compiled


def test_columns_are_read_at_the_bar_in_hand_and_decide_as_indicators_of_the_same_values_do():
    whole = replace(ONE, **{name: np.round(getattr(ONE, name)) for name in ("open", "high", "low", "close")})
    prepared, _ = runs(Crossing, whole)
    streaming = backtest(Streaming, whole, engine="interpreted").run
    asked = ("time", "order", "action", "side")
    assert len(prepared.decisions) > 10
    assert [prepared.decisions[name].tolist() for name in asked] == [
        streaming.decisions[name].tolist() for name in asked
    ]


@pytest.mark.parametrize(("strategy", "data"), [(Crossing, ONE), (Each, [ONE, OTHER])])
def test_columns_mean_the_same_to_both_engines(strategy, data):
    interpreted, compiled = runs(strategy, data)
    assert compiled.engine == "compiled"
    assert len(interpreted.decisions) > 10
    assert interpreted.decision_hash == compiled.decision_hash
    assert interpreted.fills.tobytes() == compiled.fills.tobytes()


@given(st.lists(st.floats(width=32), min_size=3, max_size=3), st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_any_numbers_mean_the_same_to_both_engines(special, seed):
    rng = np.random.default_rng(seed)
    values = np.where(rng.random(len(ONE)) < 0.2, rng.choice(special, len(ONE)), rng.normal(size=len(ONE)))

    class Drawn(Strategy):
        def prepare(self, bars):
            return {"drawn": values}

        def setup(self):
            self.smooth = EMA(3).of(self.drawn)
            self.seen = 0

        def on_bar(self, bar):
            if self.drawn.ready:
                self.seen += 1
            if self.drawn.value > 1.0 and self.smooth.value > 0.0:
                self.buy(0.01)
            elif self.drawn.prev < -1.0:
                self.close()

    interpreted, compiled = runs(Drawn, ONE)
    assert interpreted.decision_hash == compiled.decision_hash
    assert (
        interpreted.strategy.seen == compiled.strategy.seen == int(np.isfinite(values).sum() + np.isinf(values).sum())
    )


def test_a_symbol_without_a_bar_now_keeps_its_column_where_it_was():
    sparse = OTHER.rows(np.arange(len(OTHER)) % 3 == 0)
    seen = []

    class Watching(Strategy):
        symbols = 2

        def prepare(self, bars):
            return {"number": np.arange(len(bars))}

        def on_bar(self, bar):
            if bar.symbol == 0:
                seen.append((self.number[0].value, self.number[1].value))

    backtest(Watching, [ONE, sparse], engine="interpreted")
    assert seen == [(float(i), float(i // 3)) for i in range(len(ONE))]


def test_prepare_may_do_with_its_bars_what_it_likes():
    before = ONE.close.copy()

    class Careless(Strategy):
        def prepare(self, bars):
            bars.close[:] = 0.0
            return {"nothing": bars.close}

        def on_bar(self, bar):
            assert bar.close > 0.0
            assert self.nothing.value == 0.0

    backtest(Careless, ONE, engine="interpreted")
    assert (ONE.close == before).all()


def test_prepare_knows_the_parameters_and_comes_before_setup():
    class Ordered(Crossing):
        def setup(self):
            self.smooth = EMA(5).of(self.quick)
            self.first = 0.0

        def on_bar(self, bar):
            if self.smooth.ready and self.first == 0.0:
                self.first = self.smooth.value

    interpreted, compiled = runs(Ordered, ONE, fast=7)
    quick = rolling_mean(ONE.close, 7)
    assert interpreted.strategy.first == compiled.strategy.first
    # The average of an average begins with the first number of its source, not with the first bar.
    assert interpreted.strategy.first == pytest.approx(quick[6:11].mean())


def columns(made):
    class Wrong(Strategy):
        length = param(5)

        def prepare(self, bars):
            return made(bars)

        def on_bar(self, bar):
            pass

    return Wrong


WRONG = {
    "returns nothing": (lambda _bars: None, "must return columns by their names, found NoneType"),
    "is an array": (lambda bars: bars.close, "must return columns by their names, found ndarray"),
    "is too short": (lambda bars: {"x": bars.close[1:]}, "'x' has 599 values for 600 bars"),
    "is two-dimensional": (lambda bars: {"x": np.zeros((len(bars), 2))}, r"one-dimensional, found shape \(600, 2\)"),
    "is text": (lambda bars: {"x": ["up"] * len(bars)}, "'x' holds what is no number"),
    "is text among numbers": (lambda bars: {"x": np.array([1.0, "2"] * 300, object)}, "'x' holds what is no number"),
    "is times": (lambda bars: {"x": bars.time.astype("datetime64[ns]")}, "'x' holds what is no number: datetime64"),
    "is complex": (lambda bars: {"x": bars.close * 1j}, "'x' holds what is no number: complex128"),
    "has a parameter's name": (lambda bars: {"length": bars.close}, "'length' has the name of a parameter"),
    "has a method's name": (lambda bars: {"close": bars.close}, "'close' has the name of a method"),
    "has an attribute's name": (lambda bars: {"exchange": bars.close}, "'exchange' has the name of an attribute"),
    "has no name": (lambda bars: {"my column": bars.close}, "'my column' cannot be a column's name"),
    "has a number as name": (lambda bars: {0: bars.close}, "0 cannot be a column's name"),
    "raises": (lambda bars: {"x": bars.clsoe}, "prepare raised AttributeError"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_column_that_is_wrong_is_refused_with_what_to_do(kind):
    made, words = WRONG[kind]
    with pytest.raises(StrategyFailed, match=words) as refused:
        backtest(columns(made), ONE, engine="interpreted")
    assert "Wrong" in (refused.value.where or "")


def test_values_that_are_missing_are_nan():
    class Gaps(Strategy):
        def prepare(self, bars):
            return {"x": [None, True, 2] * (len(bars) // 3)}

        def setup(self):
            self.total = 0.0

        def on_bar(self, bar):
            if self.x.ready:
                self.total += self.x.value

    assert backtest(Gaps, ONE, engine="interpreted").run.strategy.total == 3.0 * (len(ONE) // 3)


def test_setup_may_not_take_a_columns_name():
    class Twice(Crossing):
        def setup(self):
            self.quick = SMA(3)

    with pytest.raises(StrategyFailed, match=r"setup gives self\.quick another value"):
        backtest(Twice, ONE, engine="interpreted")


def test_where_there_are_no_bars_prepare_is_refused():
    x = exchange_for(merge([SymbolData("BTC/USDT", *(getattr(ONE, n) for n in COLUMNS))], ONE.step_ns), *ROOM)
    with pytest.raises(StrategyFailed, match="its prepare would never be called"):
        set_up(Crossing(), x)


def test_every_symbol_has_the_same_columns():
    class Unlike(Each):
        def prepare(self, bars):
            return {"mean" if bars.symbol == "BTC/USDT" else "average": bars.close}

    with pytest.raises(StrategyFailed, match="prepare gives average for ETH/USDT, and mean for BTC/USDT"):
        backtest(Unlike, [ONE, OTHER], engine="interpreted")
