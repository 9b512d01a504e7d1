"""Columns that look ahead, each as people have written it; and what the diagnosis must say of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from bias_corpus.market import by_array, by_column


def swings(d):
    """A high that is the highest of five bars on either side, marked on its own bar."""
    return (d.high == d.high.rolling(11, center=True).max()).astype(float) * -1.0 + 0.5


def next_day(d):
    """The day's own range joined to each of its hours."""
    daily = d.resample("1D").agg({"high": "max", "low": "min"})
    joined = pd.merge_asof(d, daily, left_index=True, right_index=True, suffixes=("", "_day"))
    return joined.close - (joined.high_day + joined.low_day) / 2.0


def forward_asof(d):
    sparse = d[["close"]].iloc[::6].rename(columns={"close": "later"})
    return pd.merge_asof(d, sparse, left_index=True, right_index=True, direction="forward").later - d.close


def regression(d):
    """Next returns fitted to today's features over the whole sample, and predicted with the fit."""
    x = np.column_stack([np.ones(len(d)), d.close.pct_change().fillna(0.0), d.volume / d.volume.rolling(20).mean()])
    y = d.close.pct_change().shift(-1)
    known = np.isfinite(x).all(axis=1) & np.isfinite(y)
    weights = np.linalg.lstsq(x[known], y[known], rcond=None)[0]
    return x @ weights


def low_pass(bars):
    spectrum = np.fft.rfft(bars.close)
    spectrum[20:] = 0.0
    return bars.close - np.fft.irfft(spectrum, len(bars))


def scaled(d):
    return (d.close - d.close.min()) / (d.close.max() - d.close.min()) - 0.5


def both_ways(d):
    """Smoothed forwards and then backwards, so that it does not lag."""
    return d.close - d.close.ewm(span=10).mean()[::-1].ewm(span=10).mean()[::-1]


def lowest_of_all(bars):
    signal = np.zeros(len(bars))
    signal[np.argmin(bars.low) :] = 1.0
    return signal


def before_the_end(bars):
    signal = np.where(np.arange(len(bars)) % 10 < 5, 1.0, -1.0)
    signal[-8:] = -1.0
    return signal


def zigzag(bars):
    """The legs between turning points of 3 percent, each leg known from its first bar on."""
    legs, last, peak, since, rising = np.zeros(len(bars)), bars.close[0], 0, 0, True
    for i, price in enumerate(bars.close):
        if (price > last) == rising:
            last, peak = price, i
            legs[since : i + 1] = 1.0 if rising else -1.0
        elif abs(price / last - 1.0) > 0.03:
            since, rising, last = peak, not rising, price
    return legs


SHIFTED, CENTRED, WHOLE, BUCKET, AHEAD = "as shift", "a centred one", "whole sample", "before it has closed", "ahead"

COLUMNS = {
    "shift -1": (by_column(lambda d: d.close.shift(-1) - d.close), SHIFTED),
    "next return": (by_column(lambda d: d.close.pct_change().shift(-1)), SHIFTED),
    "diff -1": (by_column(lambda d: -d.close.diff(-1)), SHIFTED),
    "shift -5": (by_column(lambda d: d.close.pct_change(5).shift(-5)), AHEAD),
    "roll -1": (by_array(lambda bars: np.roll(bars.close, -1) - bars.close), ""),
    "roll 1 that wraps": (by_array(lambda bars: bars.close - np.roll(bars.close, 1)), ""),
    "next open": (by_array(lambda bars: np.append(bars.open[1:], np.nan) - bars.close), SHIFTED),
    "centred mean": (by_column(lambda d: d.close - d.close.rolling(11, center=True).mean()), CENTRED),
    "centred mean to the edge": (
        by_column(lambda d: d.close - d.close.rolling(9, center=True, min_periods=1).mean()), CENTRED,
    ),
    "centred median": (by_column(lambda d: d.close - d.close.rolling(7, center=True).median()), AHEAD),
    "convolved same": (by_array(lambda bars: bars.close - np.convolve(bars.close, np.ones(9) / 9.0, "same")), CENTRED),
    "gradient": (by_array(lambda bars: np.gradient(bars.close)), AHEAD),
    "swing highs on their bar": (by_column(swings), ""),
    "reversed rolling": (by_column(lambda d: d.close[::-1].rolling(10).max()[::-1] - 1.01 * d.close), ""),
    "best price to come": (by_column(lambda d: d.high[::-1].cummax()[::-1] - 1.02 * d.close), ""),
    "mean": (by_column(lambda d: d.close - d.close.mean()), WHOLE),
    "z-score": (by_column(lambda d: (d.close - d.close.mean()) / d.close.std()), WHOLE),
    "scaled to 0 and 1": (by_column(scaled), WHOLE),
    "rank": (by_column(lambda d: d.close.rank(pct=True) - 0.5), WHOLE),
    "quantile": (by_column(lambda d: d.close.quantile(0.4) - d.close), ""),
    "volume above its usual": (by_column(lambda d: d.volume - d.volume.median()), ""),
    "detrended": (by_array(lambda bars: bars.close - np.polyval(np.polyfit(np.arange(len(bars)), bars.close, 1),
                                                                np.arange(len(bars)))), WHOLE),
    "low pass": (by_array(low_pass), WHOLE),
    "both ways": (by_column(both_ways), ""),
    "regression": (by_column(regression), ""),
    "lowest of all": (by_array(lowest_of_all), ""),
    "last price": (by_column(lambda d: d.close.iloc[-1] - d.close), ""),
    "before the end": (by_array(before_the_end), ""),
    "resampled to the left": (
        by_column(lambda d: d.close.resample("4h").last().reindex(d.index, method="ffill") - d.close), BUCKET,
    ),
    "day's high": (by_column(lambda d: d.close.groupby(d.index.date).transform("max") * 0.99 - d.close), BUCKET),
    "day's range joined": (by_column(next_day), BUCKET),
    "filled back": (by_column(lambda d: d.close.where(np.arange(len(d)) % 7 == 6).bfill() - d.close), AHEAD),
    "beginning filled back": (by_column(lambda d: d.close - d.close.rolling(50).mean().bfill()), "bfill"),
    "beginning filled with a mean": (
        by_column(lambda d: d.close - d.close.rolling(30).mean().fillna(d.close[:30].mean())), "bfill",
    ),
    "interpolated": (by_column(lambda d: d.close.where(np.arange(len(d)) % 9 == 0).interpolate() - d.close), AHEAD),
    "joined forward": (by_column(forward_asof), AHEAD),
    "zigzag": (by_array(zigzag), ""),
}  # fmt: skip
"""Name: the strategy, and words of its diagnosis (none where several are fair)."""
