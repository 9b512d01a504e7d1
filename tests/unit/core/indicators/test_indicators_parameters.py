"""A wrong parameter ends in one sentence that says what, where and what to do."""

import math

import numpy as np
import pytest

from tradewind.core import indicators as ti
from tradewind.core.domain.errors import BadInput

WRONG = [
    (lambda: ti.SMA(0), r"SMA: length must be from 1 to 1000000, found 0\. Choose a length of at least 1"),
    (lambda: ti.SMA(-3), "SMA: length must be from 1"),
    (lambda: ti.SMA(2_000_000), "SMA: length must be from 1 to 1000000"),
    (lambda: ti.EMA(10.5), r"EMA: length must be a whole number, found 10\.5"),
    (lambda: ti.EMA(math.nan), "EMA: length must be a whole number, found nan"),
    (lambda: ti.WMA("10"), "WMA: length must be a whole number, found '10'"),
    (lambda: ti.HMA(True), "HMA: length must be a whole number, found True"),
    (lambda: ti.DEMA(None), "DEMA: length must be a whole number"),
    (lambda: ti.TEMA(0), "TEMA: length"),
    (lambda: ti.VWMA(0), "VWMA: length"),
    (lambda: ti.KAMA(10, fast=30, slow=30), "KAMA: fast must be below slow, found fast=30 and slow=30"),
    (lambda: ti.KAMA(0), "KAMA: length"),
    (lambda: ti.RSI(1), "RSI: length must be from 2"),
    (lambda: ti.Stochastic(5, 0, 3), "Stochastic: smooth_k must be from 1"),
    (lambda: ti.Stochastic(5, 3, 0), "Stochastic: smooth_d must be from 1"),
    (lambda: ti.StochasticRSI(1), "StochasticRSI: rsi_length must be from 2"),
    (lambda: ti.StochasticRSI(14, 0), "StochasticRSI: length must be from 1"),
    (lambda: ti.MACD(26, 12), "MACD: fast must be below slow, found fast=26 and slow=12"),
    (lambda: ti.MACD(12, 26, 0), "MACD: signal must be from 1"),
    (lambda: ti.CCI(1), "CCI: length must be from 2"),
    (lambda: ti.WilliamsR(0), "WilliamsR: length"),
    (lambda: ti.MFI(1), "MFI: length must be from 2"),
    (lambda: ti.ROC(0), "ROC: length"),
    (lambda: ti.ADX(1), "ADX: length must be from 2"),
    (lambda: ti.Aroon(1), "Aroon: length must be from 2"),
    (lambda: ti.PSAR(0.0), "PSAR: step must be a finite number above 0"),
    (lambda: ti.PSAR(0.3, 0.2), r"PSAR: step must not exceed step_max, found step=0\.3 and step_max=0\.2"),
    (lambda: ti.Supertrend(10, math.nan), "Supertrend: multiplier must be a finite number above 0, found nan"),
    (lambda: ti.Supertrend(0), "Supertrend: length"),
    (lambda: ti.ATR(0), "ATR: length"),
    (lambda: ti.BollingerBands(1), "BollingerBands: length must be from 2"),
    (lambda: ti.BollingerBands(20, -2.0), "BollingerBands: deviations must be a finite number above 0"),
    (lambda: ti.BollingerBands(20, "2"), "BollingerBands: deviations must be a number, found '2'"),
    (lambda: ti.Keltner(20, 0), "Keltner: atr_length must be from 1"),
    (lambda: ti.Keltner(20, 10, math.inf), "Keltner: multiplier must be a finite number above 0, found inf"),
    (lambda: ti.Donchian(0), "Donchian: length"),
    (lambda: ti.Highest(0), "Highest: length"),
    (lambda: ti.Lowest(0), "Lowest: length"),
    (lambda: ti.VWAP("1x"), "VWAP: period is an unknown timeframe '1x'"),
    (lambda: ti.VWAP(86_400), "VWAP: period must be a timeframe, found 86400"),
    (lambda: ti.AnchoredVWAP("yesterday"), "AnchoredVWAP: since must be a time, found 'yesterday'"),
    (lambda: ti.AnchoredVWAP(1.5), r"AnchoredVWAP: since must be a time, found 1\.5"),
    (lambda: ti.StandardDeviation(1), "StandardDeviation: length must be from 2"),
    (lambda: ti.ZScore(1), "ZScore: length must be from 2"),
    (lambda: ti.LinearRegressionSlope(1), "LinearRegressionSlope: length must be from 2"),
    (lambda: ti.PivotPoints("0d"), "PivotPoints: period is an unknown timeframe '0d'"),
    (lambda: ti.Ichimoku(26, 26), "Ichimoku: tenkan_length must be below kijun_length"),
    (lambda: ti.Ichimoku(9, 60, 52), "Ichimoku: kijun_length must be below senkou_length"),
    (lambda: ti.Ichimoku(displacement=0), "Ichimoku: displacement must be from 1"),
    (lambda: ti.VolumeSMA(0), "VolumeSMA: length"),
]


@pytest.mark.parametrize(("make", "says"), WRONG, ids=[says.split(r"\.")[0][:60] for _, says in WRONG])
def test_a_wrong_parameter_is_refused_with_what_where_and_what_to_do(make, says):
    with pytest.raises(BadInput, match=says) as caught:
        make()
    assert caught.value.where
    assert caught.value.fix


def test_whole_numbers_of_numpy_are_taken_as_lengths():
    assert ti.SMA(np.int64(5)).length == 5
    assert type(ti.SMA(np.int64(5)).length) is int
    assert type(ti.BollingerBands(20, np.float64(2.5)).deviations) is float
    assert type(ti.BollingerBands(20, 2).deviations) is float


def test_every_length_an_optimiser_may_try_first_is_checked():
    for name in ti.__all__:
        cls = getattr(ti, name)
        if isinstance(cls, type) and "length" in cls.__init__.__annotations__:
            for wrong in (0, -1, 2.5, math.nan, "7", None):
                with pytest.raises((BadInput, TypeError) if cls is ti.Indicator else BadInput):
                    cls(length=wrong)
