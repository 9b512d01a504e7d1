"""What many paths say together: the middle, the unlucky and the lucky, and how sure a share of paths is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance.undefined import Undefined

PERCENTILES = (0.05, 0.5, 0.95)
MISSING_MAX = 0.01
"""Where a figure is undefined on more than this share of the paths, percentiles of the rest would be flattering."""
SURE = 1.959963984540054
"""Standard deviations of a normal law that hold 95 %."""


@dataclass(frozen=True, slots=True)
class Band:
    """Three percentiles of a figure over the paths. `missing` paths had no such figure and are left out."""

    p5: float
    p50: float
    p95: float
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Probability:
    """The share of paths on which something happened, and between what bounds the true share lies (95 %)."""

    share: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.share:.2%} ({self.low:.2%} to {self.high:.2%})"


def band(values: NDArray[np.float64], why_missing: str) -> Band | Undefined:
    """Percentiles of one figure a path; NaN where a path has none. Linear between the paths next to the percentile.

    Undefined (`why_missing` and the count) when more than 1 % of the paths have none.
    """
    known = values[~np.isnan(values)]
    missing = len(values) - len(known)
    if len(known) == 0 or missing > MISSING_MAX * len(values):
        return Undefined(f"{why_missing} on {missing:,} of {len(values):,} paths")
    if not np.isfinite(known).all():
        return Undefined("the numbers are too large to be written")
    low, middle, high = (float(v) for v in np.quantile(known, PERCENTILES))
    return Band(low, middle, high, missing)


def curves(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Percentiles of each row of `values` (marks, paths), shape (3, marks)."""
    ranked = np.sort(values, axis=1)
    place = np.array(PERCENTILES) * (values.shape[1] - 1)
    under = np.floor(place).astype(np.int64)
    above = np.minimum(under + 1, values.shape[1] - 1)
    between = ranked[:, under] + (ranked[:, above] - ranked[:, under]) * (place - under)
    return np.asarray(between.T, np.float64)


def probability(hits: int, paths: int) -> Probability:
    """`hits` of `paths`, with Wilson's interval: none in 10,000 is not "never", but under 0.04 %.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22(158), 1927.
    """
    share, z2 = hits / paths, SURE**2
    middle = (share + z2 / (2 * paths)) / (1 + z2 / paths)
    reach = SURE / (1 + z2 / paths) * math.sqrt(share * (1 - share) / paths + z2 / (4 * paths**2))
    low = 0.0 if hits == 0 else max(0.0, middle - reach)
    high = 1.0 if hits == paths else min(1.0, middle + reach)
    return Probability(share, low, high)
