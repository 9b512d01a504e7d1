"""Could it be luck? The probability that the true Sharpe ratio lies above a benchmark."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance.returns import CONSTANT, kurtosis, skewness, spread
from tradewind.core.performance.undefined import Figure, Undefined


def probabilistic_sharpe(
    sharpe_per_period: float, periods: int, skew: float, kurtosis_full: float, benchmark: float = 0.0
) -> Figure:
    """Probability (0 to 1) that the true Sharpe ratio exceeds `benchmark`; both Sharpe ratios per period, not a year.

    Phi((SR - SR*) sqrt(n - 1) / sqrt(1 - skew SR + (kurtosis - 1) / 4 SR^2)), with the full kurtosis (3 for a normal
    law). Undefined below two periods, or when the estimate's variance is not positive. Source: Bailey and Lopez de
    Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15(2), 2012.
    """
    if periods < 2:
        return Undefined("fewer than two periods")
    variance = 1.0 - skew * sharpe_per_period + (kurtosis_full - 1.0) / 4.0 * sharpe_per_period**2
    if variance <= 0.0:
        return Undefined("skew and kurtosis leave the Sharpe ratio no variance")
    z = (sharpe_per_period - benchmark) * math.sqrt(periods - 1) / math.sqrt(variance)
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def psr(returns: NDArray[np.float64]) -> Figure:
    """Probabilistic Sharpe ratio against zero, from returns per period. Undefined below four periods or if constant.

    Source: Bailey and Lopez de Prado (2012); skewness and kurtosis are the sample estimates of this room.
    """
    skew, excess, deviation = skewness(returns), kurtosis(returns), spread(returns)
    if isinstance(excess, Undefined):
        return excess
    if isinstance(skew, Undefined) or isinstance(deviation, Undefined) or deviation == 0.0:
        return CONSTANT
    return probabilistic_sharpe(float(returns.mean()) / deviation, len(returns), skew, excess + 3.0)
