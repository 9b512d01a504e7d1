"""Windows keep their digits: small spreads on large prices, outliers that left, flat and silent markets."""

import math

import numpy as np
import pytest
from indicator_bars import flat_bars, random_bars

from tradewind.core import indicators as ti
from tradewind.core.indicators import smart_money
from tradewind.core.indicators.batch import batch


def run(indicator, **bars):
    return batch(indicator, engine="interpreted", **bars)


def exact_window_std(x, n):
    return np.array([np.std(w) for w in np.lib.stride_tricks.sliding_window_view(x, n)])


def small_spread(rows=500):
    """Prices around 1e5 that differ by cents, as exact multiples of 1/1024 so that the reference is exact too."""
    return 1e5 + np.random.default_rng(1).integers(-10, 11, rows) / 1024


def test_a_standard_deviation_keeps_its_digits_on_a_large_price():
    x = small_spread()
    got = run(ti.StandardDeviation(20), close=x)["value"][19:]
    np.testing.assert_allclose(got, exact_window_std(x - 1e5, 20), rtol=1e-11)


def test_a_z_score_and_a_slope_keep_their_digits_on_a_large_price():
    x = small_spread()
    near = x - 1e5
    z = run(ti.ZScore(20), close=x)["value"][19:]
    means = np.lib.stride_tricks.sliding_window_view(near, 20).mean(axis=1)
    np.testing.assert_allclose(z, (near[19:] - means) / exact_window_std(near, 20), rtol=1e-8, atol=1e-9)
    slope = run(ti.LinearRegressionSlope(14), close=x)["value"]
    np.testing.assert_allclose(slope, run(ti.LinearRegressionSlope(14), close=near)["value"], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("length", [5, 20, 64, 100])
def test_a_jump_to_another_level_leaves_no_trace_in_the_deviation(length):
    near = small_spread(400) - 1e5
    x = np.r_[near[:137] + 100.0, near[137:] + 2e5]
    got = run(ti.StandardDeviation(length), close=x)["value"]
    after = 137 + length - 1
    np.testing.assert_allclose(got[after:], exact_window_std(near, length)[137:], rtol=1e-10)


@pytest.mark.parametrize("outlier", [1e12, 1e20, -1e20])
@pytest.mark.parametrize("at", [50, 57, 63])
def test_an_outlier_leaves_no_trace_once_it_has_left_the_window(outlier, at):
    clean = random_bars(seed=3, rows=200)["close"]
    dirty = clean.copy()
    dirty[at] = outlier
    for make in (ti.SMA, ti.WMA, ti.Highest, ti.Lowest, ti.StandardDeviation, ti.ZScore, ti.LinearRegressionSlope):
        length = 14
        got, expected = (run(make(length), close=x)["value"] for x in (dirty, clean))
        np.testing.assert_allclose(
            got[at + length :], expected[at + length :], rtol=1e-10, atol=1e-12, err_msg=str(make)
        )
    bands, expected = (run(ti.BollingerBands(14), close=x) for x in (dirty, clean))
    np.testing.assert_allclose(bands["upper"][at + 14 :], expected["upper"][at + 14 :], rtol=1e-12)


def test_a_value_that_is_not_a_number_leaves_windows_when_they_have_turned_over():
    x = random_bars(seed=3, rows=200)["close"].copy()
    clean = x.copy()
    x[60] = math.nan
    for make in (ti.SMA, ti.WMA, ti.StandardDeviation):
        got, expected = (run(make(10), close=c)["value"] for c in (x, clean))
        np.testing.assert_allclose(got[60 + 20 :], expected[60 + 20 :], rtol=1e-12)


def test_a_long_history_does_not_drift():
    x = random_bars(seed=8, rows=30_000)["close"]
    for indicator, reference in ((ti.SMA(37), np.mean), (ti.StandardDeviation(37), np.std)):
        got = run(indicator, close=x)["value"][-500:]
        expected = [reference(w) for w in np.lib.stride_tricks.sliding_window_view(x[-536:], 37)]
        np.testing.assert_allclose(got, expected, rtol=1e-13 if reference is np.mean else 1e-11)


FLAT = [
    (ti.RSI(5), "value", 0.0),
    (ti.Stochastic(5), "k", 0.0),
    (ti.Stochastic(5), "d", 0.0),
    (ti.StochasticRSI(4, 5), "k", 0.0),
    (ti.CCI(5), "value", 0.0),
    (ti.WilliamsR(5), "value", 0.0),
    (ti.MFI(5), "value", 0.0),
    (ti.ROC(5), "value", 0.0),
    (ti.ADX(5), "value", 0.0),
    (ti.ADX(5), "plus_di", 0.0),
    (ti.Aroon(5), "up", 100.0),
    (ti.Aroon(5), "down", 100.0),
    (ti.PSAR(), "value", 100.1),
    (ti.KAMA(5), "value", 100.1),
    (ti.StandardDeviation(5), "value", 0.0),
    (ti.LinearRegressionSlope(5), "value", 0.0),
    (ti.ATR(5), "value", 0.0),
    (ti.AccumulationDistribution(), "value", 0.0),
    (ti.OBV(), "value", 5.0),
    (ti.BollingerBands(5), "upper", 100.1),
    (ti.BollingerBands(5), "width", 0.0),
    (ti.Supertrend(5), "value", 100.1),
]


@pytest.mark.parametrize(("indicator", "output", "expected"), FLAT, ids=[f"{type(i).__name__}-{o}" for i, o, _ in FLAT])
def test_a_flat_market_gives_what_talib_gives(indicator, output, expected):
    got = run(indicator, **flat_bars())[output]
    np.testing.assert_array_equal(got[indicator.warmup - 1 :], np.full(80 - indicator.warmup + 1, expected))


def test_what_a_flat_market_leaves_undefined_is_not_a_number():
    bars = flat_bars()
    assert np.isnan(run(ti.ZScore(5), **bars)["value"]).all()
    assert np.isnan(run(ti.BollingerBands(5), **bars)["percent"]).all()


def test_a_market_that_goes_flat_has_no_deviation_from_the_bar_its_window_is_flat():
    x = np.r_[random_bars(seed=3, rows=61)["close"], np.full(40, 100.1)]
    got = run(ti.StandardDeviation(7), close=x)["value"]
    assert (got[61 + 6 :] == 0.0).all()
    assert (got[6 : 61 + 6] > 0.0).all()


def test_an_unchanged_price_leaves_an_rsi_exactly_where_it_was():
    x = np.r_[random_bars(seed=3, rows=40)["close"], np.full(20_000, 97.3)]
    rsi = run(ti.RSI(14), close=x)["value"]
    assert 0.0 < rsi[40] < 100.0
    assert (rsi[41:] == rsi[40]).all()
    assert (run(ti.StochasticRSI(14, 5), close=x)["k"][46:] == 0.0).all()


def test_typical_prices_that_differ_by_rounding_alone_have_not_moved():
    # Three equal sums in decimal, whose binary thirds differ in the last digit.
    high = np.array([102600.0, 102710.1, 102699.9])
    low = np.array([102600.0, 102658.3, 102674.9])
    close = np.array([102600.0, 102681.3, 102674.9])
    typical = (high + low + close) / 3
    assert typical[1] != typical[2]
    assert run(ti.MFI(2), high=high, low=low, close=close, volume=[1.0, 2.0, 3.0])["value"][2] == 100.0
    assert run(ti.CCI(2), high=high, low=low, close=close)["value"][2] == 0.0
    assert run(ti.WilliamsR(1), high=typical[2:], low=typical[1:2], close=typical[2:])["value"][0] == 0.0


def test_a_close_that_only_touches_the_supertrend_neither_flips_nor_loosens_it():
    high, low = [101.0, 101.0, 97.0, 101.0, 101.0], [99.0, 99.0, 95.0, 97.0, 99.0]
    got = run(ti.Supertrend(1, 1.0), high=high, low=low, close=[100.0, 100.0, 96.0, 101.0, 100.0])
    assert got["value"][1:].tolist() == [98.0, 101.0, 101.0, 101.0]
    assert got["direction"][1:].tolist() == [1.0, -1.0, -1.0, -1.0]


def test_without_volume_an_average_weighted_by_it_is_undefined_until_there_is_some():
    bars = random_bars(rows=60)
    bars["volume"] = np.where(np.arange(60) < 30, 0.0, 10.0)
    day_of_30 = run(ti.VWAP("1d"), **bars)["value"]
    assert np.isnan(day_of_30[:30]).all()
    assert np.isfinite(day_of_30[30:]).all()
    weighted = run(ti.VWMA(5), **bars)["value"]
    assert np.isnan(weighted[:30]).all()
    assert np.isfinite(weighted[30:]).all()
    assert (run(ti.MFI(5), **bars)["value"][5:30] == 0.0).all()
    assert (run(ti.OBV(), **bars)["value"][:30] == 0.0).all()


def test_the_smallest_numbers_there_are_divide_nothing_by_zero():
    tiny = np.tile([0.0, 5e-324, 1e-323], 30)
    bars = {
        "open": tiny,
        "high": tiny,
        "low": tiny,
        "close": tiny,
        "volume": tiny,
        "time": np.arange(90) * 3_600_000_000_000,
    }
    for name in ti.__all__:
        cls = getattr(ti, name)
        if isinstance(cls, type) and cls is not ti.Indicator and name not in ("AnchoredVWAP", *smart_money.__all__):
            needs_length = "length" in cls.__init__.__annotations__
            run(cls(5) if needs_length else cls(), **bars)


def test_bands_and_oscillators_stay_in_their_ranges():
    bars = random_bars(seed=6, rows=400)
    for indicator, low, high in (
        (ti.RSI(5), 0.0, 100.0),
        (ti.Stochastic(5), 0.0, 100.0),
        (ti.StochasticRSI(5, 5), 0.0, 100.0),
        (ti.MFI(5), 0.0, 100.0),
        (ti.WilliamsR(5), -100.0, 0.0),
        (ti.ADX(5), 0.0, 100.0),
        (ti.Aroon(5), -100.0, 100.0),
    ):
        values = run(indicator, **bars)["value"][indicator.warmup - 1 :]
        assert (values >= low - 1e-9).all(), indicator
        assert (values <= high + 1e-9).all(), indicator
