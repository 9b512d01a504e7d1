"""Every indicator against its textbook formula (naive.py) on seeded bars, so a clone alone proves them."""

import naive
import numpy as np
import pytest
from indicator_bars import HOUR_NS, on_ticks, random_bars

from tradewind.core import indicators
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
    VWAP,
    VWMA,
    WMA,
    AccumulationDistribution,
    AnchoredVWAP,
    Aroon,
    BollingerBands,
    Donchian,
    Highest,
    Ichimoku,
    Keltner,
    LinearRegressionSlope,
    Lowest,
    PivotPoints,
    StandardDeviation,
    Stochastic,
    StochasticRSI,
    Supertrend,
    TrueRange,
    VolumeSMA,
    WilliamsR,
    ZScore,
    smart_money,
)  # fmt: skip
from tradewind.core.indicators.batch import batch


def named(names, lines):
    return dict(zip(names.split(), lines, strict=True))


def cases(bars):
    """Indicators, and what the formulas say of their outputs on these bars."""
    H, L, C, V, T = (bars[name] for name in ("high", "low", "close", "volume", "time"))
    day = T // (24 * HOUR_NS)
    spread = naive.rolled(C, 20, np.std)
    anchored = naive.padded(naive.vwap(H[90:], L[90:], C[90:], V[90:], T[90:] * 0), 90)
    return [
        *[(SMA(n), {"value": naive.sma(C, n)}) for n in (1, 2, 7, 64, 65)],
        *[(EMA(n), {"value": naive.ema(C, n)}) for n in (1, 2, 20)],
        *[(WMA(n), {"value": naive.wma(C, n)}) for n in (1, 2, 9, 70)],
        *[(HMA(n), {"value": naive.hma(C, n)}) for n in (4, 9, 20, 55)],
        (DEMA(12), {"value": naive.dema(C, 12)}),
        (TEMA(12), {"value": naive.tema(C, 12)}),
        (KAMA(10), {"value": naive.kama(C, 10)}),
        (KAMA(6, 3, 20), {"value": naive.kama(C, 6, 3, 20)}),
        (VWMA(20), {"value": naive.vwma(C, V, 20)}),
        (VolumeSMA(20), {"value": naive.sma(V, 20)}),
        (RSI(14), {"value": naive.rsi(C, 14)}),
        (RSI(2), {"value": naive.rsi(C, 2)}),
        (Stochastic(14, 3, 3), named("k d", naive.stochastic(H, L, C, 14, 3, 3))),
        (Stochastic(5, 1, 4), named("value d", naive.stochastic(H, L, C, 5, 1, 4))),
        (StochasticRSI(14, 10, 3, 3), named("k d", naive.stochastic_rsi(C, 14, 10, 3, 3))),
        (MACD(12, 26, 9), named("macd signal histogram", naive.macd(C, 12, 26, 9))),
        (CCI(20), {"value": naive.cci(H, L, C, 20)}),
        (WilliamsR(14), {"value": naive.williams_r(H, L, C, 14)}),
        (MFI(14), {"value": naive.mfi(H, L, C, V, 14)}),
        (ROC(10), {"value": naive.roc(C, 10)}),
        (ADX(14), named("value plus_di minus_di", naive.adx(H, L, C, 14))),
        (ADX(2), named("value plus_di minus_di", naive.adx(H, L, C, 2))),
        (Aroon(14), named("up down value", naive.aroon(H, L, 14))),
        (Aroon(70), named("up down oscillator", naive.aroon(H, L, 70))),
        (PSAR(), {"value": naive.psar(H, L, 0.02, 0.2)}),
        (PSAR(0.05, 0.1), {"value": naive.psar(H, L, 0.05, 0.1)}),
        (Supertrend(10, 3.0), named("value direction", naive.supertrend(H, L, C, 10, 3.0))),
        (Supertrend(7, 1.0), named("value direction", naive.supertrend(H, L, C, 7, 1.0))),
        (TrueRange(), {"value": naive.true_range(H, L, C)}),
        (ATR(14), {"value": naive.atr(H, L, C, 14)}),
        (BollingerBands(20, 2.0), named("middle upper lower width percent", naive.bollinger(C, 20, 2.0))),
        (Keltner(20, 10, 2.0), named("middle upper lower", naive.keltner(H, L, C, 20, 10, 2.0))),
        (Keltner(5, 30, 1.5), named("value upper lower", naive.keltner(H, L, C, 5, 30, 1.5))),
        (Donchian(20), named("value upper lower", naive.donchian(H, L, 20))),
        (Highest(33), {"value": naive.rolled(C, 33, np.max)}),
        (Lowest(33), {"value": naive.rolled(C, 33, np.min)}),
        (OBV(), {"value": naive.obv(C, V)}),
        (AccumulationDistribution(), {"value": naive.accumulation_distribution(H, L, C, V)}),
        (VWAP("1d"), {"value": naive.vwap(H, L, C, V, day)}),
        (VWAP("4h"), {"value": naive.vwap(H, L, C, V, T // (4 * HOUR_NS))}),
        (AnchoredVWAP(int(T[90]) - 5), {"value": anchored}),
        (StandardDeviation(20), {"value": spread}),
        (ZScore(20), {"value": (C - naive.sma(C, 20)) / spread}),
        (LinearRegressionSlope(14), {"value": naive.slope(C, 14)}),
        (PivotPoints("1d"), named("value r1 s1 r2 s2 r3 s3", naive.pivots(H, L, C, day))),
        (
            Ichimoku(9, 26, 52, 26),
            named("tenkan kijun senkou_a senkou_b chikou_reference", naive.ichimoku(H, L, C, 9, 26, 52, 26)),
        ),
    ]


MARKETS = {"fine": random_bars(seed=11, rows=300), "coarse": on_ticks(random_bars(seed=12, rows=300), 0.5)}
CASES = [(name, *case) for name, bars in MARKETS.items() for case in cases(bars)]


@pytest.mark.parametrize(
    ("market", "indicator", "expected"), CASES, ids=[f"{type(i).__name__}-{m}" for m, i, _ in CASES]
)
def test_an_indicator_equals_its_textbook_formula(market, indicator, expected):
    got = batch(indicator, engine="interpreted", **MARKETS[market])
    for output, values in expected.items():
        np.testing.assert_allclose(got[output], values, rtol=1e-9, atol=1e-9, err_msg=output)


def test_every_indicator_has_a_formula_to_be_held_against():
    # Smart money is held against rows drawn by hand and against what another library printed.
    exported = {getattr(indicators, name) for name in set(indicators.__all__) - set(smart_money.__all__)}
    classes = {c for c in exported if isinstance(c, type)} - {indicators.Indicator}
    assert classes == {type(indicator) for _, indicator, _ in CASES}
