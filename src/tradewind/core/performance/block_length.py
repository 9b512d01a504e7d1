"""How long the blocks of a stationary bootstrap should be, read from the data."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance.returns import CONSTANT, spread
from tradewind.core.performance.undefined import Figure, Undefined

VALUES_MIN = 20
"""Fewer values than this say nothing about how they hang together."""
SIGNIFICANCE = 2.0
"""An autocorrelation counts beyond this many times sqrt(log10 n / n)."""


def stationary_block_length(values: NDArray[np.float64]) -> Figure:
    """Mean block length for the stationary bootstrap of `values` (n, in order), from 1 to min(3 sqrt n, n / 3).

    (2 G^2 / D)^(1/3) n^(1/3), with G the sum of |k| times the autocovariances, D twice the square of their sum, both
    tapered by a flat-top window whose width is twice the lag after which no autocorrelation counts. Undefined for
    fewer than 20 values, or for equal ones. Source: Politis and White, "Automatic block-length selection for the
    dependent bootstrap", Econometric Reviews 23(1), 2004, as corrected by Patton, Politis and White, 28(4), 2009.
    """
    n = len(values)
    if n < VALUES_MIN:
        return Undefined(f"fewer than {VALUES_MIN} values, too few to choose a block length")
    if spread(values) == 0.0:
        return CONSTANT
    insignificant_run = max(5, math.ceil(math.sqrt(math.log10(n))))
    lag_max = min(n - 1, math.ceil(math.sqrt(n)) + insignificant_run)
    covariance = _autocovariance(values, lag_max)
    reach = _last_lag(covariance / covariance[0], n, insignificant_run)
    width = min(2 * max(reach, 1), lag_max)
    lags = np.arange(1, width + 1)
    share = lags / width
    taper = np.where(share <= 0.5, 1.0, 2.0 * (1.0 - share))
    weighted = taper * covariance[1 : width + 1]
    slope = 2.0 * float(np.sum(weighted * lags))
    level = float(covariance[0]) + 2.0 * float(np.sum(weighted))
    longest = min(3.0 * math.sqrt(n), n / 3.0)
    if level == 0.0:
        return longest
    return float(min(max((slope / level) ** 2 * n, 1.0) ** (1.0 / 3.0), longest))


def _autocovariance(values: NDArray[np.float64], lag_max: int) -> NDArray[np.float64]:
    centred = values - values.mean()
    n = len(values)
    return np.array([float(centred[: n - lag] @ centred[lag:]) / n for lag in range(lag_max + 1)])


def _last_lag(correlation: NDArray[np.float64], n: int, run: int) -> int:
    """The lag after which `run` autocorrelations in a row do not count; else the last one that does."""
    counts = np.abs(correlation[1:]) >= SIGNIFICANCE * math.sqrt(math.log10(n) / n)
    for lag in range(len(counts) - run + 1):
        if not counts[lag : lag + run].any():
            return lag
    return int(np.flatnonzero(counts)[-1]) + 1 if counts.any() else 0
