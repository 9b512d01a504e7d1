"""The figures by which one parameter set is told from another: those of METRICS that need no whole curve."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance import costs, drawdown, returns, trade_statistics
from tradewind.core.performance.account_figures import AccountFigures
from tradewind.core.performance.calendar import Calendar
from tradewind.core.performance.undefined import Figure, Undefined

SCORES = (
    "final_equity", "total_return", "cagr", "volatility", "sharpe", "sortino", "calmar", "max_drawdown", "ulcer_index",
    "exposure_time", "trades", "win_rate", "profit_factor", "expectancy", "average_trade", "sqn", "fees_paid",
)  # fmt: skip
"""In the order of the columns of every table of scores. They mean what they mean in METRICS."""


def scores_of(
    account: AccountFigures, trades: NDArray[Any], fills: NDArray[Any], initial: float, calendar: Calendar
) -> tuple[list[Figure], NDArray[np.float64] | Undefined]:
    """The SCORES of one run, and its returns (periods,) between the ends of the calendar's periods."""
    made = returns.equity_returns(account.period_equity, initial)
    total_return = account.final / initial - 1.0
    growth = returns.cagr(total_return, calendar.years)
    per_year = calendar.periods_per_year
    volatility: Figure
    sharpe: Figure
    sortino: Figure
    if isinstance(made, Undefined):
        volatility = sharpe = sortino = made
    else:
        volatility, sharpe, sortino = returns.swings(made, per_year)
    t = trade_statistics
    profits = t.profits_of(trades)
    return [
        account.final, total_return, growth, volatility, sharpe, sortino, drawdown.calmar(growth, account.deepest),
        account.deepest, drawdown.ulcer_index(account.period_below), account.exposure, len(trades), t.win_rate(profits),
        t.profit_factor(profits), t.expectancy(profits), t.trade_return(trades, np.mean), t.sqn(profits),
        costs.fees_paid(fills),
    ], made  # fmt: skip
