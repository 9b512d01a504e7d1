"""Weights by which every part of an account carries the same risk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
ROUNDS_MAX = 1_000
CLOSE_ENOUGH = 1e-12


def equal_risk_weights(covariance: Array) -> Array:
    """Weights (n), above zero and of sum 1, whose risk contributions w_i (C w)_i are all equal; `covariance` is (n, n).

    They are where w' C w / 2 - sum(log w_i) / n is least, found one weight at a time. Raises ValueError for a variance
    that is not above zero. Source: Maillard, Roncalli and Teiletche, "The Properties of Equally Weighted Risk
    Contribution Portfolios", Journal of Portfolio Management 36(4), 2010; the method of Griveau-Billion, Richard and
    Roncalli, "A Fast Algorithm for Computing High-dimensional Risk Parity Portfolios" (2013).
    """
    variance = np.diag(covariance)
    if not np.all(variance > 0.0):
        raise ValueError("every part needs a variance above zero")
    n = len(variance)
    # In units of each part's own deviation the problem is that of the correlations.
    deviation = np.sqrt(variance)
    correlation = covariance / np.outer(deviation, deviation)
    weights = np.full(n, 1.0 / np.sqrt(max(float(correlation.sum()), 1e-6)))
    for _ in range(ROUNDS_MAX):
        before = weights.copy()
        for i in range(n):
            others = float(correlation[i] @ weights) - weights[i]
            weights[i] = (-others + np.sqrt(others * others + 4.0 / n)) / 2.0
        if float(np.abs(weights / before - 1.0).max()) < CLOSE_ENOUGH:
            break
    weights = weights / deviation
    return np.asarray(weights / weights.sum())
