"""What planted_fits does, done honestly: fitted, counted and smoothed on what has closed."""

from __future__ import annotations

import numpy as np
from bias_corpus.market import by_array, by_column
from bias_corpus.planted_fits import lagged


def cubic_so_far(bars):
    """The last 60 closes against a cubic that was fitted to them alone."""
    x, found = np.linspace(-1.0, 1.0, 60), np.full(len(bars), np.nan)
    for i in range(59, len(bars)):
        close = bars.close[i - 59 : i + 1]
        found[i] = close[-1] - np.polyval(np.polyfit(x, close, 3), 1.0)
    return found


def filtered(bars):
    level = np.empty(len(bars))
    level[0] = bars.close[0]
    for i in range(1, len(bars)):
        level[i] = level[i - 1] + 0.2 * (bars.close[i] - level[i - 1])
    return bars.close - level


def most_alike_so_far(bars):
    """What came after the most alike of the earlier bars, of those whose outcome is known."""
    moves = np.diff(np.log(bars.close), prepend=np.log(bars.close[0]))
    shapes = np.lib.stride_tricks.sliding_window_view(moves, 4)
    found = np.full(len(bars), np.nan)
    for i in range(20, len(shapes)):
        apart = ((shapes[: i - 4] - shapes[i]) ** 2).sum(axis=1)
        found[i + 3] = moves[int(np.argmin(apart)) + 4]
    return found


def usual_of_the_hour(d):
    """The mean return of each hour of the day, over the days before."""
    moves = d.close.pct_change()
    return moves.groupby(d.index.hour).transform(lambda hour: hour.expanding().mean().shift(1))


def lines_behind(bars):
    """The last two of every twelfth close, and the line through them drawn on."""
    rows, found = np.arange(0, len(bars), 12), np.full(len(bars), np.nan)
    for i in range(12, len(bars)):
        last = rows[rows <= i][-2:]
        slope = (bars.close[last[1]] - bars.close[last[0]]) / 12.0
        found[i] = bars.close[i] - bars.close[last[1]] - slope * (i - last[1])
    return found


COLUMNS = {
    "shift behind a helper": by_column(lambda d: d.close - lagged(d.close, {"lag": 2})),
    "cubic so far": by_array(cubic_so_far),
    "filtered": by_array(filtered),
    "most alike so far": by_array(most_alike_so_far),
    "usual of the hour so far": by_column(usual_of_the_hour),
    "lines behind": by_array(lines_behind),
    "mean of the week so far": by_column(
        lambda d: d.close - d.close.groupby(d.index.floor("7D")).transform(lambda week: week.expanding().mean())
    ),
    "above the quantile so far": by_column(lambda d: d.close - d.close.expanding(30).quantile(0.7)),
    "clipped at fixed bounds": by_column(lambda d: d.close.pct_change() - d.close.pct_change().clip(-0.005, 0.005)),
    "closed and told on the right": by_column(
        lambda d: (
            d.close.resample("6h", label="right", closed="left").last().reindex(d.index, method="ffill")
            - d.close.shift(6)
        )
    ),
    "rolled by three, without the wrap": by_array(
        lambda bars: np.where(np.arange(len(bars)) < 3, np.nan, bars.close - np.roll(bars.close, 3))
    ),
    "share of the last day's volume": by_column(lambda d: d.volume / d.volume.rolling(24).sum() - 1.0 / 24.0),
}
