"""A first look at what `prepare` has made, cheap enough for every backtest: is it the same without the last bars?"""

from __future__ import annotations

import numpy as np

from tradewind.core.domain.errors import TradewindError
from tradewind.core.domain.instants import instant_text
from tradewind.core.engine.prepared import prepares
from tradewind.research.backtest import Backtest, join
from tradewind.research.differences import column_differs
from tradewind.research.outside_state import OutsideState
from tradewind.research.rerun import Rerun
from tradewind.research.shown_less import cut_off, whole_moments

SHARES = (0.61, 0.87)
"""Where the data is cut, as shares of it. `tradewind lookahead` cuts more often, and looks at decisions."""
CHECK = "for the whole check run tradewind lookahead"


def prepared_warnings(result: Backtest) -> tuple[str, ...]:
    """What is to be said of a run whose strategy has a `prepare`: nothing where it has none."""
    if not prepares(result.strategy):
        return ()
    try:
        found = _first_difference(result)
    except TradewindError as error:
        return (f"Its prepare fails on less data, and was not checked for look-ahead ({error}): {CHECK}",)
    if found:
        return (f"It looks ahead, and these figures mean nothing: {found} ({CHECK})",)
    return (f"It has a prepare, which is shown bars that have not closed yet; only a first look was taken: {CHECK}",)


def _first_difference(result: Backtest) -> str:
    """Which column is another one without the last bars, and at which bar first; nothing where none is."""
    data = join(result.markets, result.rules).merged
    outside = OutsideState(result.strategy)
    instruments = tuple(market.instrument for market in result.markets)
    rerun = Rerun(result.strategy, result.parameters, instruments, result.rules, "interpreted", None, outside)
    try:
        whole = rerun.columns(data)
        moments = whole_moments(data)
        for share in SHARES:
            row = int(moments[int(share * len(moments))])
            if row == 0:
                continue
            for name, values in rerun.columns(cut_off(data, row)).items():
                other = np.flatnonzero(column_differs(whole[name][:row], values))
                if len(other):
                    bar, end = (instant_text(int(t)) for t in (data.time[other[0]], data.time[row - 1] + data.step))
                    return f"the column {name} has another value at the bar of {bar} when bars after {end} are missing"
    finally:
        outside.end()
    return ""
