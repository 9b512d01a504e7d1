"""Columns that know nothing before its time, in all the ways in which they are made."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
from bias_corpus.market import by_array, by_column


def four_hours(d):
    """The last four-hour close that is over: labelled by its end, and read by the bar that ends with it."""
    whole = d.close.resample("4h", label="right", closed="left").last()
    known = whole.reindex(d.index + pd.Timedelta("1h"), method="ffill")
    return d.close - known.to_numpy()


def yesterday(d):
    """Yesterday's range joined to today's hours."""
    daily = d.resample("1D").agg({"high": "max", "low": "min"}).shift(1)
    joined = daily.reindex(d.index, method="ffill")
    return d.close - (joined.high + joined.low) / 2.0


def asof(d):
    sparse = d[["close"]].iloc[::6].rename(columns={"close": "earlier"})
    return d.close - pd.merge_asof(d, sparse, left_index=True, right_index=True).earlier


def day_so_far(d):
    """The day's volume-weighted price up to each bar."""
    day = d.index.date
    worth = (d.close * d.volume).groupby(day).cumsum()
    return d.close - worth / d.volume.groupby(day).cumsum()


def true_range(d):
    before = d.close.shift(1)
    spans = pd.concat([d.high - d.low, (d.high - before).abs(), (d.low - before).abs()], axis=1)
    return d.close.diff(5) - spans.max(axis=1).ewm(alpha=1 / 14, adjust=False).mean()


def rsi(d):
    moves = d.close.diff()
    up = moves.clip(lower=0.0).ewm(alpha=1 / 14, adjust=False).mean()
    down = -moves.clip(upper=0.0).ewm(alpha=1 / 14, adjust=False).mean()
    return up / (up + down) - 0.5


def refitted(d):
    """Every 50 bars a fit to what is over, used until the next: the last row it learns from has its next return."""
    move = d.close.pct_change().fillna(0.0).to_numpy()
    made = np.full(len(d), np.nan)
    for start in range(100, len(d), 50):
        slope, level = np.polyfit(move[: start - 1], move[1:start], 1)
        made[start : start + 50] = level + slope * move[start : start + 50]
    return made


def swings_confirmed(d):
    """A high that was the highest of five bars on either side, said five bars later."""
    top = d.high.rolling(11).max()
    return ((d.high.shift(5) == top).astype(float) - 0.5) * -1.0


def summed(bars):
    """A moving mean out of one running sum: it rounds otherwise than one that sums each window."""
    running = np.cumsum(np.insert(bars.close, 0, 0.0))
    mean = np.full(len(bars), np.nan)
    mean[19:] = (running[20:] - running[:-20]) / 20.0
    return bars.close - mean


def convolved(bars):
    return bars.close - np.convolve(bars.close, np.ones(9) / 9.0)[: len(bars)]


def by_fft(bars):
    """A causal mean by way of a transform over all bars: its past changes with every later bar, by rounding alone."""
    size = 2 * len(bars)
    kernel = np.ones(12) / 12.0
    mean = np.fft.irfft(np.fft.rfft(bars.close, size) * np.fft.rfft(kernel, size), size)[: len(bars)]
    return bars.close - mean


def polars_mean(bars):
    frame = pl.DataFrame({"close": bars.close})
    return frame.select(pl.col("close") - pl.col("close").rolling_mean(20)).to_series()


def step_by_step(bars):
    level = bars.close[0]
    made = []
    for price in bars.close:
        level += 0.1 * (price - level)
        made.append(price - level)
    return made


def expanding_rank(d):
    return d.close.expanding(30).rank(pct=True) - 0.5


def hours(d):
    return np.where((d.index.hour >= 8) & (d.index.hour < 16) & (d.index.day_of_week < 5), 1.0, -1.0)


def all_undefined(d):
    return np.full(len(d), np.nan)


COLUMNS = {
    "rolling mean": by_column(lambda d: d.close - d.close.rolling(20).mean()),
    "rolling deviation": by_column(lambda d: d.close - d.close.rolling(30).mean() - d.close.rolling(30).std()),
    "rolling quantile": by_column(lambda d: d.close - d.close.rolling(50).quantile(0.7)),
    "rolling rank": by_column(lambda d: d.close.rolling(50).rank(pct=True) - 0.5),
    "rolling correlation": by_column(lambda d: d.close.rolling(40).corr(d.volume)),
    "rolling by time": by_column(lambda d: d.close - d.close.rolling("12h").mean()),
    "exponential": by_column(lambda d: d.close.ewm(span=8).mean() - d.close.ewm(span=30).mean()),
    "shift 1": by_column(lambda d: d.close - d.close.shift(1)),
    "breakout": by_column(lambda d: d.close - d.high.rolling(20).max().shift(1)),
    "expanding z-score": by_column(lambda d: (d.close - d.close.expanding(20).mean()) / d.close.expanding(20).std()),
    "expanding rank": by_column(expanding_rank),
    "cumulative": by_column(lambda d: d.close - d.close.cummax() * 0.97),
    "filled forward": by_column(lambda d: d.close - d.close.where(np.arange(len(d)) % 7 == 0).ffill()),
    "four hours": by_column(four_hours),
    "yesterday": by_column(yesterday),
    "joined backward": by_column(asof),
    "day so far": by_column(day_so_far),
    "true range": by_column(true_range),
    "rsi": by_column(rsi),
    "refitted on the past": by_column(refitted),
    "swings when confirmed": by_column(swings_confirmed),
    "hours of the day": by_column(hours),
    "all undefined": by_column(all_undefined),
    "one running sum": by_array(summed),
    "convolved": by_array(convolved),
    "by a transform": by_array(by_fft),
    "polars": by_array(polars_mean),
    "step by step": by_array(step_by_step),
}
