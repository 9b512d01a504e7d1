"""What kind of market it was, bar by bar, as it could be known at the bar's close; and what was earned in each kind.

Over the last n bars, with r the logarithmic returns from close to close:

    trend            |sum r| > 0.6745 sqrt(sum r^2), else range: how far the price came for the way it went. A random
                     walk is in a trend half of the time, as 0.6745 is the median of |N(0, 1)|
    high volatility  mean r^2 over the last n bars > mean r^2 over the last 10 n (or as many as there are), else low

Nothing in it looks beyond the bar, so that a strategy could have known the same. n covers ten days, and at least 20
bars. A bar's profit belongs to the regime that was known when the bar opened.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.core.performance.undefined import Figure, Undefined

REGIMES = ("trend, high volatility", "trend, low volatility", "range, high volatility", "range, low volatility")
UNKNOWN = -1
TREND = 0.6744897501960817
"""The median of the absolute value of a standard normal number."""
DAYS, BARS_MIN, LONGER = 10, 20, 10


@dataclass(frozen=True)
class RegimeResult:
    """What was earned in one regime: bars of the account in it, profit in quote currency, Sharpe ratio a year."""

    name: str
    bars: int
    profit: float
    sharpe: Figure


@dataclass(frozen=True)
class RegimeSplit:
    """`results` in the order of REGIMES. `unknown` are bars before the regime could be told, and what they earned.

    `best_share` is the part of all gains (regimes with a profit) that came from the best regime.
    """

    results: tuple[RegimeResult, ...]
    unknown: RegimeResult
    best_share: Figure


def bars_of(step_ns: int) -> int:
    """n: bars in ten days, and at least 20."""
    return max(BARS_MIN, round(DAYS * UNITS_NS["d"] / step_ns))


def regimes_of(close: NDArray[np.float64], length: int) -> NDArray[np.int64]:
    """Each bar's regime (n,) as an index into REGIMES, known at its close; UNKNOWN before 2 `length` returns."""
    found = np.full(len(close), UNKNOWN, np.int64)
    if len(close) <= 2 * length:
        return found
    logs = np.log(close)
    squares = np.concatenate([[0.0], np.cumsum(np.diff(logs) ** 2)])
    rows = np.arange(2 * length, len(close))
    since = np.maximum(0, rows - LONGER * length)
    near = squares[rows] - squares[rows - length]
    trend = np.abs(logs[rows] - logs[rows - length]) > TREND * np.sqrt(near)
    high = near / length > (squares[rows] - squares[since]) / (rows - since)
    found[rows] = np.where(trend, 0, 2) + np.where(high, 0, 1)
    return found


def split_by_regime(
    time: NDArray[np.int64], equity: NDArray[np.float64], initial: float, bars: Bars, periods_per_year: float
) -> RegimeSplit:
    """Divide an account's gains. `time` (n) are opens of its bars and `equity` (n) its value at their closes; `bars`
    tell the regime, from as long before as there are any. `periods_per_year` are the calendar's, of a day each.
    """
    known = regimes_of(bars.close, bars_of(bars.step_ns))
    before = np.searchsorted(bars.time, time, side="left") - 1
    labels = np.where(before >= 0, known[np.maximum(before, 0)], UNKNOWN)
    had = np.concatenate([[initial], equity[:-1]])
    gains = equity - had
    returns = np.where(had > 0.0, gains / np.where(had > 0.0, had, 1.0), 0.0)
    per_year = periods_per_year * max(1.0, UNITS_NS["d"] / bars.step_ns)
    results = tuple(
        _result(name, gains[labels == code], returns[labels == code], per_year) for code, name in enumerate(REGIMES)
    )
    unknown = _result("not known yet", gains[labels == UNKNOWN], returns[labels == UNKNOWN], per_year)
    return RegimeSplit(results, unknown, _best_share(results))


def _result(name: str, gains: NDArray[np.float64], returns: NDArray[np.float64], per_year: float) -> RegimeResult:
    sharpe: Figure = Undefined("fewer than two bars in it")
    if len(returns) > 1:
        deviation = float(returns.std(ddof=1))
        flat = deviation <= 1e-12 * float(np.abs(returns).max()) + 1e-15
        sharpe = (
            Undefined("the account did not move in it")
            if flat
            else float(returns.mean()) / deviation * math.sqrt(per_year)
        )
    return RegimeResult(name, len(gains), float(gains.sum()), sharpe)


def _best_share(results: tuple[RegimeResult, ...]) -> Figure:
    if not any(result.bars for result in results):
        return Undefined("there were too few bars to tell a regime")
    won = [result.profit for result in results if result.profit > 0.0]
    return max(won) / sum(won) if won else Undefined("no regime brought a profit")
