"""Whether two series of candles are one market's under two names."""

from __future__ import annotations

import numpy as np

from tradewind.core.domain.market_data import Bars

SHARE_MIN = 0.9
"""The share of the moments both know at which the same close makes them one market's: a repaired bar parts none."""
CLOSES_MIN = 20
"""So many different closes must be the same: two coins that stand at one dollar all day share a few."""


def same_prices(one: Bars, other: Bars) -> bool:
    """Whether the closes at moments that both series know are the same, to the bit; timeframes may differ."""
    _, mine, theirs = np.intersect1d(one.time + one.step_ns, other.time + other.step_ns, return_indices=True)
    equal = one.close[mine] == other.close[theirs]
    return bool(len(equal) > 0 and equal.mean() >= SHARE_MIN and len(np.unique(one.close[mine][equal])) >= CLOSES_MIN)
