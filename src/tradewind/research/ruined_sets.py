"""The returns of every set of a sweep, also of those that lost all they had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance.returns import returns_to_ruin
from tradewind.research.bench import Bench, Scores
from tradewind.research.counting import uncounted

Array = NDArray[np.float64]


def returns_with_ruin(bench: Bench, sets: Sequence[Mapping[str, Any]], scores: Scores) -> Array:
    """Each set's returns (sets, periods): -1 in the period in which it lost all, 0 after it; NaN for one that failed.

    A sweep gives no returns to an account that was emptied. To leave such a set out where sets are chosen and judged by
    parts of the data would be to know of its ruin beforehand, so it is run again for what it had until then.
    """
    emptied = [n for n in np.flatnonzero(np.isnan(scores.returns).all(axis=1)).tolist() if n not in scores.failed]
    if not emptied:
        return scores.returns
    returns = scores.returns.copy()
    for number in emptied:
        with uncounted():  # it has been
            ran = bench.backtest(sets[number])
        returns[number] = returns_to_ruin(ran.equity[ran.calendar.period_ends], bench.rules.cash)
    return returns
