"""The port to the trial ledger: how often a market has been looked at, whoever looked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.trials import LOCAL, Ground, Look, Tally, TrialsOf


class Trials(Protocol):
    """Counts trials, each once, and never forgets one. Any number of processes may record at once.

    Everything raises Unavailable where the ledger cannot be reached now and Corrupt where it is damaged.
    """

    def record(self, look: Look, parameters: Sequence[str], sharpe: NDArray[np.float64], periods: int) -> int:
        """Count the trials of a look, all or none of them; how many were new.

        `parameters` are one text a trial, `sharpe` (trials,) their Sharpe ratios per period (NaN: undefined), taken
        over `periods` returns. A trial that is counted already stays as it is.
        """
        ...

    def tally(self, ground: Ground) -> Tally:
        """The trials of the ground's tenant and origin whose stretch overlaps it on a shared symbol, by any code."""
        ...

    def summary(self, symbol: str | None = None, tenant: str = LOCAL) -> list[TrialsOf]:
        """What has been tried, oldest first."""
        ...

    def verify(self) -> int:
        """Read everything; how many trials there are. Raises Corrupt where it is damaged."""
        ...
