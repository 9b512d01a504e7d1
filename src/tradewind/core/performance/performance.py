"""All figures of one run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.core.performance import costs, drawdown, returns, trade_statistics
from tradewind.core.performance.calendar import read_calendar
from tradewind.core.performance.metrics import METRICS
from tradewind.core.performance.significance import psr
from tradewind.core.performance.undefined import Figure, Undefined

UNCOUNTED = Undefined("the trials were not counted")
"""What `deflation.with_trials` replaces where they were."""


@dataclass(frozen=True, slots=True)
class Performance:
    """The figures of a run by the names of METRICS. A figure that does not exist is None and says why."""

    metrics: dict[str, float | int | None]
    undefined: dict[str, str]
    """Why a metric is None: one sentence for each."""
    periods_per_year: float
    calendar: str
    """In words, how the run was annualised."""


def summarise(
    *,
    time: NDArray[np.int64],
    equity: NDArray[np.float64],
    initial: float,
    step_ns: int,
    trades: NDArray[Any],
    fills: NDArray[Any],
    funding: NDArray[Any],
    exposure: NDArray[Any] | None = None,
    buy_and_hold: float | None = None,
) -> Performance:
    """Judge a run.

    `time` (n) are the bars' open times, int64 ns UTC, strictly rising; `equity` (n) is the account's value at each
    bar's close; the account started with `initial`; bars last `step_ns`. `trades`, `fills` and `funding` are records
    (TRADE, FILL, FUNDING). `exposure` (n) is zero or false where no position was open at the close. `buy_and_hold` is
    the market's own return over the run, a fraction.

    Ratios are taken over returns between the ends of UTC days (see `read_calendar`); drawdowns over every bar's close.
    Raises BadInput for no bars, a column of another length, an equity that is not finite, or no initial cash.
    """
    if len(equity) != len(time):
        raise BadInput(f"{len(equity)} values of equity for {len(time)} bars", fix="Give one for each bar")
    returns.check_equity(equity, initial)
    calendar = read_calendar(time, step_ns)
    period_equity = equity[calendar.period_ends]
    below = drawdown.underwater(equity, initial)
    deepest = drawdown.max_drawdown(below)
    total_return = float(equity[-1]) / initial - 1.0
    growth = returns.cagr(total_return, calendar.years)
    longest_days = drawdown.longest_drawdown_ns(time, below, step_ns) / UNITS_NS["d"]
    figures: dict[str, Figure] = {
        "initial_equity": initial,
        "final_equity": float(equity[-1]),
        "net_profit": float(equity[-1]) - initial,
        "total_return": total_return,
        "buy_and_hold": Undefined("the run has no single market") if buy_and_hold is None else buy_and_hold,
        "cagr": growth,
        "calmar": drawdown.calmar(growth, deepest),
        "max_drawdown": deepest,
        "max_drawdown_duration": longest_days,
        "recovery_factor": drawdown.recovery_factor(total_return, deepest),
        "ulcer_index": drawdown.ulcer_index(below[calendar.period_ends]),
        "exposure_time": costs.exposure_time(exposure),
        "turnover": costs.turnover(fills, equity),
        "fees_paid": costs.fees_paid(fills),
        "funding_paid": costs.funding_paid(funding),
        "slippage_paid": costs.slippage_paid(fills),
        "years": calendar.years,
        **dict.fromkeys(("dsr", "n_trials"), UNCOUNTED),
        **_of_returns(returns.equity_returns(period_equity, initial), calendar.periods_per_year),
        **_of_trades(trades),
    }
    values = {name: None if isinstance(figures[name], Undefined) else figures[name] for name in METRICS}
    reasons = {name: figure.reason for name in METRICS if isinstance(figure := figures[name], Undefined)}
    return Performance(values, reasons, calendar.periods_per_year, calendar.description)  # type: ignore[arg-type]


SWINGS = ("volatility", "sharpe", "sortino")


def _of_returns(found: NDArray[np.float64] | Undefined, per_year: float) -> dict[str, Figure]:
    measures = {
        "omega": returns.omega,
        "psr": psr,
        "value_at_risk_95": returns.value_at_risk_95,
        "expected_shortfall_95": returns.expected_shortfall_95,
        "tail_ratio": returns.tail_ratio,
        "skew": returns.skewness,
        "kurtosis": returns.kurtosis,
    }
    if isinstance(found, Undefined):
        return dict.fromkeys((*SWINGS, *measures), found)
    swings = zip(SWINGS, returns.swings(found, per_year), strict=True)
    return {**dict(swings), **{name: measure(found) for name, measure in measures.items()}}


def _of_trades(trades: NDArray[Any]) -> dict[str, Figure]:
    t = trade_statistics
    long, short = trades[trades["side"] > 0], trades[trades["side"] < 0]
    profits = t.profits_of(trades)
    return {
        "trades": len(trades),
        "win_rate": t.win_rate(profits),
        "profit_factor": t.profit_factor(profits),
        "expectancy": t.expectancy(profits),
        "gross_profit": t.gross_profit(profits),
        "gross_loss": t.gross_loss(profits),
        "best_trade": t.trade_return(trades, np.max),
        "worst_trade": t.trade_return(trades, np.min),
        "average_trade": t.trade_return(trades, np.mean),
        "average_win": t.average_win(trades),
        "average_loss": t.average_loss(trades),
        "payoff_ratio": t.payoff_ratio(trades),
        "longest_win_streak": t.longest_streak(trades["pnl"] > 0),
        "longest_loss_streak": t.longest_streak(trades["pnl"] < 0),
        "average_trade_duration": t.average_duration_days(trades),
        "sqn": t.sqn(profits),
        "kelly": t.kelly(trades),
        "long_trades": len(long),
        "long_win_rate": t.win_rate(long),
        "long_pnl": float(long["pnl"].sum()),
        "short_trades": len(short),
        "short_win_rate": t.win_rate(short),
        "short_pnl": float(short["pnl"].sum()),
    }
