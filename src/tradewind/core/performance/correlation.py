"""How alike the returns of an account's sleeves are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DAYS_MIN = 20
"""Common days below which a correlation is chance."""


def correlations(returns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pearson's correlation of each pair of columns of `returns` (periods, n), over the periods both have: (n, n).

    NaN, which is undefined, below DAYS_MIN common periods and for a column that did not move in them.
    """
    n = returns.shape[1]
    found = np.full((n, n), np.nan)
    for i in range(n):
        for j in range(i, n):
            both = np.isfinite(returns[:, i]) & np.isfinite(returns[:, j])
            if both.sum() < DAYS_MIN:
                continue
            one, other = returns[both, i], returns[both, j]
            spread = float(one.std() * other.std())
            if spread > 1e-24:
                value = float(np.mean((one - one.mean()) * (other - other.mean()))) / spread
                found[i, j] = found[j, i] = min(1.0, max(-1.0, value))
    return found
