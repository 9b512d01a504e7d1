"""The batch: what it takes, what it refuses, and composition."""

import numpy as np
import pytest
from indicator_bars import random_bars

from tradewind.core.domain.errors import BadInput
from tradewind.core.indicators import ATR, EMA, MACD, RSI, SMA, VWAP, VWMA, BollingerBands, Donchian, Indicator
from tradewind.core.indicators.batch import batch

BARS = random_bars(rows=120)
ENGINES = ["compiled", "interpreted"]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_average_of_an_rsi_is_fed_once_the_rsi_is_ready(engine):
    got = batch(EMA(5).of(RSI(7)), engine=engine, **BARS)["value"]
    rsi = batch(RSI(7), engine=engine, **BARS)["value"]
    np.testing.assert_array_equal(got[7:], batch(EMA(5), engine=engine, close=rsi[7:])["value"])
    assert np.flatnonzero(~np.isnan(got))[0] == 7 + 4


@pytest.mark.parametrize("engine", ENGINES)
def test_an_indicator_can_read_any_output_of_another(engine):
    got = batch(SMA(3).of(MACD(3, 6, 4), "histogram"), engine=engine, **BARS)["value"]
    histogram = batch(MACD(3, 6, 4), engine=engine, **BARS)["histogram"]
    np.testing.assert_allclose(got[10:], (histogram[10:] + histogram[9:-1] + histogram[8:-2]) / 3, rtol=1e-12)


def test_an_indicator_can_read_another_field_or_a_mean_of_fields():
    def of(field):
        return batch(SMA(1).of(field), engine="interpreted", **BARS)["value"]

    o, h, low, c = (BARS[name] for name in ("open", "high", "low", "close"))
    np.testing.assert_array_equal(of("volume"), BARS["volume"])
    np.testing.assert_array_equal(of("hl2"), (h + low) / 2)
    np.testing.assert_array_equal(of("hlc3"), (h + low + c) / 3)
    np.testing.assert_array_equal(of("ohlc4"), (o + h + low + c) / 4)


def test_a_weighted_average_takes_its_volume_from_the_bar_and_its_price_from_the_choice():
    highs = batch(VWMA(4).of("high"), engine="interpreted", **BARS)["value"]
    direct = batch(VWMA(4), engine="interpreted", close=BARS["high"], volume=BARS["volume"])["value"]
    np.testing.assert_array_equal(highs, direct)


def test_one_array_comes_back_for_every_output():
    got = batch(BollingerBands(10), **BARS)
    assert tuple(got) == BollingerBands.outputs
    assert {values.dtype for values in got.values()} == {np.dtype(np.float64)}
    assert {len(values) for values in got.values()} == {120}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_indicator_is_left_as_it_was_and_goes_on_from_where_it_stands(engine):
    closes = BARS["close"]
    indicator = SMA(10)
    for price in closes[:40].tolist():
        indicator.update(price)
    rest = batch(indicator, engine=engine, close=closes[40:])["value"]
    assert indicator.count == 40
    np.testing.assert_array_equal(rest, batch(SMA(10), engine=engine, close=closes)["value"][40:])


def test_lists_integers_and_strided_columns_are_taken():
    assert batch(SMA(2), close=[1, 2, 3])["value"][1:].tolist() == [1.5, 2.5]
    assert batch(SMA(2), close=np.arange(10.0)[::3])["value"][1:].tolist() == [1.5, 4.5, 7.5]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_history_without_bars_gives_empty_outputs(engine):
    assert batch(RSI(5), engine=engine, close=[])["value"].shape == (0,)


class Half(Indicator):
    """A user's own, whose parameter names nothing of a bar."""

    def __init__(self):
        super().__init__(warmup=1)

    def update(self, spread):
        self.count += 1
        self.value = spread / 2


def test_a_parameter_of_another_name_is_the_close_or_a_column_of_that_name():
    assert batch(Half(), engine="interpreted", close=[2.0])["value"].tolist() == [1.0]
    assert batch(Half(), engine="interpreted", close=[2.0], spread=[8.0])["value"].tolist() == [4.0]


class Spread(Indicator):
    """A user's own with two values no bar has."""

    def __init__(self):
        super().__init__(warmup=1)

    def update(self, near, far):
        self.count += 1
        self.value = far - near


def test_values_that_no_bar_has_are_columns_of_their_own():
    got = batch(Spread(), engine="interpreted", near=[1.0, 2.0], far=[4.0, 8.0])["value"]
    assert got.tolist() == [3.0, 6.0]
    assert batch(Half().by_hand(), engine="interpreted", spread=[8.0])["value"].tolist() == [4.0]


def test_what_another_indicator_holds_can_be_read_though_it_is_no_output():
    bars = random_bars(rows=60)
    got = batch(SMA(1).of(Donchian(5), "prev_upper"), engine="interpreted", **bars)["value"]
    upper = batch(Donchian(5), engine="interpreted", **bars)["upper"]
    np.testing.assert_array_equal(got[5:], upper[4:-1])


WRONG = [
    (lambda: batch(Spread(), close=[1.0]), "Spread takes several values that are not fields of a bar: near, far"),
    (lambda: batch(Half().by_hand(), close=[1.0]), "Half needs the column spread"),
    (lambda: batch(SMA(3)), "columns must have one length: none were given"),
    (lambda: batch(SMA(3), high=[1.0]), r"SMA needs the column close\. Write batch\(SMA"),
    (lambda: batch(ATR(3), high=[1.0], low=[1.0]), "ATR needs the column close"),
    (lambda: batch(ATR(3), high=[1.0], low=[1.0], close=[1.0, 2.0]), "one length: high 1, low 1, close 2"),
    (lambda: batch(VWAP(), high=[1.0], low=[1.0], close=[1.0], volume=[1.0]), "VWAP needs the column time"),
    (lambda: batch(SMA(3), close=["a"]), "column close does not hold numbers"),
    (lambda: batch(SMA(3), close=[[1.0]]), "column close must have one dimension, found 2"),
    (lambda: batch(SMA(3).of("hl3"), close=[1.0]), "SMA needs the column hl3"),
    (lambda: batch(SMA(3).of(RSI(3), "signal"), close=[1.0]), "RSI has no output 'signal'. Choose one of value"),
    (lambda: batch(SMA(3), engine="fast", close=[1.0]), "unknown engine 'fast'"),
]


@pytest.mark.parametrize(("call", "says"), WRONG, ids=[says for _, says in WRONG])
def test_a_wrong_call_is_refused_with_what_to_do(call, says):
    with pytest.raises(BadInput, match=says):
        call()


def test_crossings_are_told_on_the_bar_they_happen_and_never_in_warm_up():
    fast, slow = SMA(2), SMA(4)
    seen = []
    for price in [5.0, 4.0, 3.0, 2.0, 3.0, 4.0, 5.0, 4.0, 2.0, 1.0]:
        fast.update(price)
        slow.update(price)
        seen.append((fast.crossed_above(slow), fast.crossed_below(slow)))
    assert [row for row, (above, _) in enumerate(seen) if above] == [5]
    assert [row for row, (_, below) in enumerate(seen) if below] == [8]
    level = SMA(1)
    crossed = []
    for price in [1.0, 2.0, 3.0, 1.0]:
        level.update(price)
        crossed.append((level.crossed_above(2.0), level.crossed_below(2.0)))
    assert crossed == [(False, False), (False, False), (True, False), (False, True)]
