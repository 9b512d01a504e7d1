"""The market beside the strategy: the same cash, put into every symbol at the first open and left there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.market_data import Bars


def hold_equity(time: NDArray[np.int64], markets: Sequence[Bars], initial: float) -> NDArray[np.float64]:
    """Value (n) of `initial` cash held in equal parts in all `markets`, at the close of the bars that open at `time`.

    Each part buys at its market's first open, without costs, and is worth its last close; before that it is cash.
    Raises BadInput without markets or for one without bars.
    """
    _must_have_bars(markets)
    worth = np.zeros(len(time))
    for bars in markets:
        if time is bars.time or np.array_equal(time, bars.time):
            worth += bars.close / bars.open[0]
            continue
        growth = np.concatenate(([1.0], bars.close / bars.open[0]))
        worth += growth[np.searchsorted(bars.time, time, side="right")]
    return worth * (initial / len(markets))


def hold_return(markets: Sequence[Bars]) -> float:
    """What `hold_equity` gains by its last bar, as a fraction: the mean of the markets' last close / first open - 1.

    Raises BadInput without markets or for one without bars.
    """
    _must_have_bars(markets)
    return sum(float(bars.close[-1]) / float(bars.open[0]) for bars in markets) / len(markets) - 1.0


def _must_have_bars(markets: Sequence[Bars]) -> None:
    if not markets or any(len(bars) == 0 for bars in markets):
        raise BadInput("there is nothing to hold: a market has no bars", fix="Give bars for every symbol")
