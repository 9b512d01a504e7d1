"""Raw columns of market data in whatever order and state, and what several quality rules need to know of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.market_data import Times, Values
from tradewind.core.domain.timeframes import UNITS_NS

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Columns:
    """Raw columns and what several rules need of them."""

    time: Times
    values: dict[str, Values]
    declared_step_ns: int | None

    @cached_property
    def order(self) -> Rows:
        """Row numbers in order of time; equal times keep their order."""
        return np.argsort(self.time, kind="stable")

    @cached_property
    def distinct(self) -> Rows:
        """Row numbers in order of time, the first of equal times only."""
        ordered = self.time[self.order]
        return self.order[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else self.order

    @cached_property
    def steps(self) -> Times:
        """Time from each distinct row to the next, ns."""
        return np.diff(self.time[self.distinct])

    @cached_property
    def usual_step_ns(self) -> int:
        """The step seen most often, 0 where there are not two rows."""
        if not len(self.steps):
            return 0
        lengths, counts = np.unique(self.steps, return_counts=True)
        return int(lengths[np.argmax(counts)])

    @property
    def step_ns(self) -> int:
        """The declared step, else the usual one."""
        return self.declared_step_ns or self.usual_step_ns

    @cached_property
    def closed_on_saturdays(self) -> bool:
        """Whether the market rests: two Saturdays or more are spanned and no row falls on any."""
        day = (self.time[self.distinct] // UNITS_NS["d"] + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0
        spanned = len(day) > 1 and self.time.max() - self.time.min() >= 2 * UNITS_NS["w"]
        return bool(spanned) and not bool((day == 5).any())
