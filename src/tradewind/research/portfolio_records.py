"""What each sleeve did by itself: the past returns that weights are made of.

A sleeve's record is its strategy alone on an account of the whole cash, with the same rules and costs. So it does not
depend on what the sleeve was given before, and a sleeve that has been given nothing can still earn its way back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.engine.market_data import MarketData
from tradewind.core.engine.run import RunResult
from tradewind.core.performance.equity import EquityCurve, equity_curve
from tradewind.research.portfolio_plan import DAY_NS

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Records:
    """Returns (days, sleeves) of the days that end at `midnights` (days, int64 ns UTC), NaN before a sleeve's first
    whole day and after its last; `ruined` (sleeves) is when a record had lost everything (int64 max: never).
    """

    midnights: NDArray[np.int64]
    returns: Array
    ruined: NDArray[np.int64]

    def before(self, now_ns: int) -> Array:
        """The returns of days that are over by `now_ns`."""
        return self.returns[: int(np.searchsorted(self.midnights, now_ns, side="right"))]


def records_of(runs: Sequence[tuple[MarketData, RunResult]], cash: float) -> Records:
    """The records of sleeves that ran alone, each on an account of `cash`."""
    first = min(int(data.time[0]) for data, _ in runs)
    end = max(int(data.time[-1]) + data.step for data, _ in runs)
    midnights = np.arange(first // DAY_NS * DAY_NS + DAY_NS, end + 1, DAY_NS, dtype=np.int64)
    columns, ruined = [], []
    for data, result in runs:
        column, ruin = _record(curve_of(data, result, cash), data.step, midnights)
        columns.append(column)
        ruined.append(ruin)
    return Records(midnights, np.array(columns).T.reshape(len(midnights), len(runs)), np.array(ruined, np.int64))


def curve_of(data: MarketData, result: RunResult, cash: float) -> EquityCurve:
    """The account folded out of a run's fills; with no cash it is the run's profit."""
    rows: Any = data.symbol.astype(np.int32) if len(data.symbols) > 1 else None
    return equity_curve(data.time, data.close, result.fills, result.fundings, cash, row_symbol=rows)


def _record(curve: EquityCurve, step: int, midnights: NDArray[np.int64]) -> tuple[Array, int]:
    closes = curve.time + step
    at = np.searchsorted(closes, midnights, side="right") - 1
    known = (midnights >= int(curve.time[0])) & (midnights <= int(closes[-1]) + DAY_NS - 1)
    worth = np.where(at >= 0, curve.equity[np.maximum(at, 0)], np.nan)
    # Before its first bar has closed the account is worth what it began with, which no bar says.
    worth[known & (at < 0)] = np.nan
    worth[~known] = np.nan
    broke = np.flatnonzero(worth <= 0.0)
    never = int(np.iinfo(np.int64).max)
    ruin = int(midnights[broke[0]]) if len(broke) else never
    worth[midnights >= ruin] = np.nan
    returns = np.full(len(midnights), np.nan)
    with np.errstate(invalid="ignore"):
        returns[1:] = worth[1:] / worth[:-1] - 1.0
    return returns, ruin
