"""How a run did: metrics with their sources, trades out of fills, drawdowns, returns by month.

`tradewind.core.performance.trades` and `.equity` compile with numba and are imported where they are needed.
"""

from tradewind.core.performance.drawdown import Drawdown, drawdowns, max_drawdown, underwater
from tradewind.core.performance.metrics import METRICS, Metric, Unit
from tradewind.core.performance.performance import Performance, summarise
from tradewind.core.performance.periods import MonthlyReturns, monthly_returns, rolling_sharpe

__all__ = [
    "METRICS",
    "Drawdown",
    "Metric",
    "MonthlyReturns",
    "Performance",
    "Unit",
    "drawdowns",
    "max_drawdown",
    "monthly_returns",
    "rolling_sharpe",
    "summarise",
    "underwater",
]
