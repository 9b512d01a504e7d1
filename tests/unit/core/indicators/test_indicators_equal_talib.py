"""Every indicator that TA-Lib has, against TA-Lib's own output on real bars; skipped where those are not at hand."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tradewind.core.indicators import (
    ADX,
    ATR,
    CCI,
    DEMA,
    EMA,
    HMA,
    KAMA,
    MACD,
    MFI,
    OBV,
    PSAR,
    ROC,
    RSI,
    SMA,
    TEMA,
    VWMA,
    WMA,
    AccumulationDistribution,
    AnchoredVWAP,
    Aroon,
    BollingerBands,
    Donchian,
    Keltner,
    LinearRegressionSlope,
    StandardDeviation,
    Stochastic,
    StochasticRSI,
    Supertrend,
    TrueRange,
    WilliamsR,
)  # fmt: skip
from tradewind.core.indicators.batch import batch

FOLDER = Path(__file__).parents[4].parent / "shared" / "vectors" / "indicators_talib"

BANDS = "BBANDS(timeperiod=20,nbdevup=2.0,nbdevdn=2.0,matype=0)"
KELTNER = "KC(timeperiod=20,atrperiod=10,nbdev=2.0)"
STOCH = "STOCH(fastk_period=5,slowk_period=3,slowk_matype=0,slowd_period=3,slowd_matype=0)"
STOCH_RAW = "STOCHF(fastk_period=5,fastd_period=3,fastd_matype=0)"
STOCH_RSI = "STOCHRSI(timeperiod=14,fastk_period=5,fastd_period=3,fastd_matype=0)"
MACD_LINES = "MACD(fastperiod=12,slowperiod=26,signalperiod=9)"
TREND = "SUPERTREND(timeperiod=10,multiplier=3.0)"
CHANNEL = "DONCHIAN(timeperiod=20)"

CASES = [
    (SMA(30), {"value": "SMA(timeperiod=30).real"}),
    (EMA(30), {"value": "EMA(timeperiod=30).real"}),
    (WMA(30), {"value": "WMA(timeperiod=30).real"}),
    (HMA(20), {"value": "HMA(timeperiod=20).real"}),
    (DEMA(30), {"value": "DEMA(timeperiod=30).real"}),
    (TEMA(30), {"value": "TEMA(timeperiod=30).real"}),
    (KAMA(30), {"value": "KAMA(timeperiod=30).real"}),
    (VWMA(30), {"value": "VWMA(timeperiod=30).real"}),
    (RSI(14), {"value": "RSI(timeperiod=14).real"}),
    (Stochastic(5, 3, 3), {"k": f"{STOCH}.slowk", "d": f"{STOCH}.slowd"}),
    (Stochastic(5, 1, 3), {"k": f"{STOCH_RAW}.fastk", "d": f"{STOCH_RAW}.fastd"}),
    (StochasticRSI(14, 5, 1, 3), {"k": f"{STOCH_RSI}.fastk", "d": f"{STOCH_RSI}.fastd"}),
    (
        MACD(12, 26, 9),
        {
            "value": f"{MACD_LINES}.macd",
            "macd": f"{MACD_LINES}.macd",
            "signal": f"{MACD_LINES}.macdsignal",
            "histogram": f"{MACD_LINES}.macdhist",
        },
    ),
    (CCI(14), {"value": "CCI(timeperiod=14).real"}),
    (WilliamsR(14), {"value": "WILLR(timeperiod=14).real"}),
    (MFI(14), {"value": "MFI(timeperiod=14).real"}),
    (ROC(10), {"value": "ROC(timeperiod=10).real"}),
    (
        ADX(14),
        {
            "value": "ADX(timeperiod=14).real",
            "plus_di": "PLUS_DI(timeperiod=14).real",
            "minus_di": "MINUS_DI(timeperiod=14).real",
        },
    ),
    (
        Aroon(14),
        {
            "up": "AROON(timeperiod=14).aroonup",
            "down": "AROON(timeperiod=14).aroondown",
            "oscillator": "AROONOSC(timeperiod=14).real",
        },
    ),
    (PSAR(0.02, 0.2), {"value": "SAR(acceleration=0.02,maximum=0.2).real"}),
    (Supertrend(10, 3.0), {"value": f"{TREND}.supertrend", "direction": f"{TREND}.trend"}),
    (ATR(14), {"value": "ATR(timeperiod=14).real"}),
    (TrueRange(), {"value": "TRANGE().real"}),
    (
        BollingerBands(20, 2.0),
        {"middle": f"{BANDS}.middleband", "upper": f"{BANDS}.upperband", "lower": f"{BANDS}.lowerband"},
    ),
    (
        Keltner(20, 10, 2.0),
        {"middle": f"{KELTNER}.middleband", "upper": f"{KELTNER}.upperband", "lower": f"{KELTNER}.lowerband"},
    ),
    (
        Donchian(20),
        {"value": f"{CHANNEL}.middleband", "upper": f"{CHANNEL}.upperband", "lower": f"{CHANNEL}.lowerband"},
    ),
    (OBV(), {"value": "OBV().real"}),
    (AccumulationDistribution(), {"value": "AD().real"}),
    (AnchoredVWAP(0), {"value": "VWAP().real"}),
    (StandardDeviation(5), {"value": "STDDEV(timeperiod=5,nbdev=1.0).real"}),
    (LinearRegressionSlope(14), {"value": "LINEARREG_SLOPE(timeperiod=14).real"}),
]


@pytest.fixture(scope="module")
def vectors():
    if not FOLDER.is_dir():
        pytest.skip("TA-Lib's outputs on real bars are not beside this clone")
    return [pl.read_parquet(path) for path in sorted(FOLDER.glob("*.parquet"))]


@pytest.mark.parametrize(("indicator", "columns"), CASES, ids=[type(i).__name__ for i, _ in CASES])
def test_an_indicator_equals_talib_and_is_ready_on_the_same_bar(vectors, indicator, columns):
    for frame in vectors:
        bars = {name: frame[name].to_numpy() for name in ("open", "high", "low", "close", "volume")}
        bars["time"] = frame["date"].cast(pl.Int64).to_numpy()
        got = batch(indicator, engine="interpreted", **bars)
        for output, column in columns.items():
            expected = frame[column].cast(pl.Float64).to_numpy()
            ready = int(np.flatnonzero(~np.isnan(got[output]))[0])
            if not isinstance(indicator, AnchoredVWAP):  # it waits for a time
                assert ready == indicator.warmup - 1, output
            if output not in ("plus_di", "minus_di", "direction"):  # TA-Lib gives these before the main line
                assert ready == int(np.flatnonzero(~np.isnan(expected))[0]), output
            np.testing.assert_allclose(got[output][ready:], expected[ready:], rtol=1e-9, atol=1e-9, err_msg=column)
