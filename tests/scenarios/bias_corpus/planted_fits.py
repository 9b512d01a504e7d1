"""Columns that know the whole sample by what was fitted, sorted, smoothed or counted on it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from bias_corpus.market import by_array, by_column

SETTINGS = {"lag": -2}


def lagged(values, settings):
    """A harmless name for a shift whose sign stands in some settings."""
    return values.shift(settings["lag"])


def cubic(bars):
    x = np.linspace(-1.0, 1.0, len(bars))
    return bars.close - np.polyval(np.polyfit(x, bars.close, 3), x)


def smoothed_by_kalman(bars):
    """A local level filtered forwards, then smoothed backwards (Rauch, Tung and Striebel)."""
    level, gain = np.empty(len(bars)), 0.2
    level[0] = bars.close[0]
    for i in range(1, len(bars)):
        level[i] = level[i - 1] + gain * (bars.close[i] - level[i - 1])
    for i in range(len(bars) - 2, -1, -1):
        level[i] += 0.7 * (level[i + 1] - level[i])
    return bars.close - level


def penalised(bars):
    """Hodrick and Prescott's trend: a line through all of it (every fourth bar's), bent as little as may be."""
    every = np.arange(0, len(bars), 4)
    bends = np.diff(np.eye(len(every)), 2, axis=0)
    trend = np.linalg.solve(np.eye(len(every)) + 50.0 * bends.T @ bends, bars.close[every])
    return bars.close - np.interp(np.arange(len(bars)), every, trend)


def first_component(d):
    """Two features whitened by a decomposition of all rows."""
    x = np.column_stack([d.close.pct_change(3), d.volume.pct_change(3)])
    x = np.nan_to_num(x, posinf=0.0, neginf=0.0)
    return (x - x.mean(axis=0)) @ np.linalg.svd(x - x.mean(axis=0), full_matrices=False)[2][0]


def nearest_days(bars):
    """What came after the most alike bar of the whole sample, wherever it stands."""
    moves = np.diff(np.log(bars.close), prepend=np.log(bars.close[0]))
    shapes = np.lib.stride_tricks.sliding_window_view(moves, 4)
    after = np.append(moves[4:], 0.0)
    found = np.full(len(bars), np.nan)
    for i, shape in enumerate(shapes[:-1]):
        apart = ((shapes[:-1] - shape) ** 2).sum(axis=1)
        apart[i] = np.inf
        found[i + 3] = after[np.argmin(apart)]
    return found


def between_turns(bars):
    """Straight lines between every twelfth close."""
    rows = np.arange(0, len(bars), 12)
    return bars.close - np.interp(np.arange(len(bars)), rows, bars.close[rows])


def usual_of_the_hour(d):
    """The mean return of each hour of the day, over all days."""
    return d.close.pct_change().groupby(d.index.hour).transform("mean").shift(1)


def in_bins(d):
    """Returns in five bins of equal number."""
    return pd.qcut(d.close.pct_change().fillna(0.0), 5, labels=False).astype(float) - 2.0


COLUMNS = {
    "shift behind a helper": by_column(lambda d: lagged(d.close, SETTINGS) - d.close),
    "cubic": by_array(cubic),
    "smoothed backwards": by_array(smoothed_by_kalman),
    "penalised trend": by_array(penalised),
    "first component": by_column(first_component),
    "most alike of all": by_array(nearest_days),
    "lines between turns": by_array(between_turns),
    "usual of the hour": by_column(usual_of_the_hour),
    "mean of the week": by_column(lambda d: d.close - d.close.groupby(d.index.floor("7D")).transform("mean")),
    "bins": by_column(in_bins),
    "clipped at its quantiles": by_column(
        lambda d: d.volume - d.volume.clip(d.volume.quantile(0.3), d.volume.quantile(0.7))
    ),
    "summed from the end": by_array(lambda bars: np.cumsum(np.diff(bars.close, prepend=bars.close[0])[::-1])[::-1]),
    "sorted": by_array(lambda bars: bars.close - np.sort(bars.close)),
    "rank by argsort": by_array(lambda bars: np.argsort(np.argsort(bars.close)) - len(bars) / 2.0),
    "count of all trades to come": by_array(lambda bars: bars.volume[::-1].cumsum()[::-1] - bars.volume.sum() / 2.0),
    "closed on the right, told at the left": by_column(
        lambda d: d.close.resample("6h", label="left", closed="right").last().reindex(d.index, method="ffill") - d.close
    ),
    "the nearest that is known": by_column(lambda d: d.close.iloc[::5].reindex(d.index, method="nearest") - d.close),
    "rolled by three": by_array(lambda bars: np.roll(bars.close, -3) - bars.close),
    "noise of all": by_column(lambda d: d.close.pct_change() - d.close.pct_change().std()),
    "share of all volume": by_column(lambda d: d.volume.cumsum() / d.volume.sum() - 0.5),
}
