"""Whether what a strategy says at each bar is told by the clock alone: the same at each hour of the day or of the week,
or on each day of the month.

Who buys at the same hour every day knows nothing of the bars to come, however well that hour does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.core.engine.market_data import MarketData

Array = np.ndarray[Any, Any]
DAY_NS = UNITS_NS["d"]
REPEATS_MIN = 4
"""What came back less often than this shows no rule."""
AGREEMENT = 0.9
"""The share of the bars on which something out of the ordinary is said, or ought to be, that the clock must tell."""
CODES = 8
"""More than the kinds of decisions there are: several of one bar become one number, as digits do."""


def by_the_clock(said: Array, time: Array) -> bool:
    """Whether numbers (n), one for each bar that opens at `time` (n, ns), are told by the clock. NaN is a value too."""
    known = np.isfinite(said)
    values = np.where(known, said, said[known].max() + 1.0 if known.any() else 0.0)
    unique, place, count = np.unique(values, return_inverse=True, return_counts=True)
    usual = unique[int(np.argmax(count))]
    if len(unique) < 2:
        return False
    return any(_told_by(values, place, len(unique), usual, keys) for keys in _keys(time))


def decisions_by_the_clock(decided: Array, data: MarketData) -> bool:
    """The same of decisions, each symbol by itself."""
    for symbol in np.unique(decided["symbol"]).tolist():
        mine = decided[decided["symbol"] == symbol]
        time = data.time[data.symbol == symbol]
        said = np.zeros(len(time))
        at = np.minimum(np.searchsorted(time + data.step, mine["time"]), len(time) - 1)
        for bar, action, side in zip(at.tolist(), mine["action"].tolist(), mine["side"].tolist(), strict=True):
            said[bar] = said[bar] * CODES + 2 * action + (side > 0)
        if not by_the_clock(said, time):
            return False
    return len(decided) > 0


def _keys(time: Array) -> list[Array]:
    """What may tell: the time of day, the time of week, the day of the month with its time."""
    moments = time.astype("datetime64[ns]")
    day_of_month = (moments.astype("datetime64[D]") - moments.astype("datetime64[M]").astype("datetime64[D]")).astype(
        int
    )
    return [time % DAY_NS, time % (7 * DAY_NS), day_of_month * DAY_NS + time % DAY_NS]


def _told_by(values: Array, place: Array, kinds: int, usual: float, keys: Array) -> bool:
    groups, group = np.unique(keys, return_inverse=True)
    if len(values) < REPEATS_MIN * len(groups) or kinds * len(groups) > len(values):
        return False
    counts = np.zeros((len(groups), kinds), np.int64)
    np.add.at(counts, (group, place), 1)
    foretold = np.argmax(counts, axis=1)[group]
    kind = np.unique(values)
    matters = (values != usual) | (kind[foretold] != usual)
    return bool(matters.any() and np.mean((foretold == place)[matters]) >= AGREEMENT)
