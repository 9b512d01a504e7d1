"""What a way of simulating hands to the one who judges: figures of every path, and the account along the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
MARKS_MAX = 51
"""Places along the way at which the account is noted: enough for a drawn band."""


@dataclass(frozen=True)
class Simulated:
    """`figures` has a value for each path (n), NaN where a path has none; `missing` says why a path may have none.

    `equity` and `below` (marks, n) are the account and its fall below its best at `steps` (marks), which count trades
    or bars. `actual` are the same figures of the run itself. `settings` are what the paths were made with.
    """

    figures: dict[str, Array]
    missing: Mapping[str, str]
    actual: dict[str, float]
    steps: NDArray[np.int64]
    unit: str
    equity: Array
    below: Array
    settings: dict[str, Any]
    failed: dict[str, int] = field(default_factory=dict)
    own: Array | None = None
    """The run's own account and its fall below its best (2, marks), where it has the same steps."""


def marks(length: int) -> NDArray[np.int64]:
    """Up to 51 places from 0 to `length`, both included, evenly spread."""
    return np.unique(np.linspace(0, length, min(MARKS_MAX, length + 1)).round().astype(np.int64))
