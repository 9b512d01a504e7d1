"""The metrics by name: unit, and one line of meaning. The order is the order of every table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """How a metric is read. A fraction of 0.05 is written 5 %."""

    FRACTION = "fraction"
    RATIO = "ratio"
    QUOTE = "quote"
    DAYS = "days"
    COUNT = "count"
    YEARS = "years"


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of a run."""

    label: str
    unit: Unit
    meaning: str


F, R, Q, D, C = Unit.FRACTION, Unit.RATIO, Unit.QUOTE, Unit.DAYS, Unit.COUNT

METRICS: dict[str, Metric] = {
    "initial_equity": Metric("Started with", Q, "cash before the first bar"),
    "final_equity": Metric("Ended with", Q, "equity at the last bar's close"),
    "net_profit": Metric("Net profit", Q, "final less initial equity"),
    "total_return": Metric("Total return", F, "net profit over initial equity"),
    "buy_and_hold": Metric("Buy and hold", F, "the market's own move over the run, without costs"),
    "cagr": Metric("Growth a year (CAGR)", F, "the constant yearly growth that gives the total return"),
    "volatility": Metric("Volatility a year", F, "annualised standard deviation of the period returns"),
    "sharpe": Metric("Sharpe ratio", R, "mean over standard deviation of the period returns, annualised"),
    "sortino": Metric("Sortino ratio", R, "mean over downside deviation of the period returns, annualised"),
    "calmar": Metric("Calmar ratio", R, "CAGR over the maximum drawdown"),
    "omega": Metric("Omega ratio", R, "sum of period gains over sum of period losses"),
    "psr": Metric("Probability that Sharpe > 0", F, "probabilistic Sharpe ratio against zero"),
    "dsr": Metric("Deflated Sharpe ratio", F, "probability that the Sharpe ratio is better than the trials' luck"),
    "n_trials": Metric("Trials counted", C, "runs that the ledger knows on this stretch of market, this one included"),
    "max_drawdown": Metric("Maximum drawdown", F, "deepest fall below the best equity so far, on bar closes"),
    "max_drawdown_duration": Metric("Longest drawdown", D, "longest time below the best equity so far"),
    "recovery_factor": Metric("Recovery factor", R, "total return over the maximum drawdown"),
    "ulcer_index": Metric("Ulcer index", F, "root mean square of the drawdown at period ends"),
    "value_at_risk_95": Metric("Value at risk, 95 %", F, "the 5 % quantile of the period returns"),
    "expected_shortfall_95": Metric("Expected shortfall, 95 %", F, "mean of the worst 5 % of the period returns"),
    "tail_ratio": Metric("Tail ratio", R, "95 % quantile over 5 % quantile of the period returns, absolute"),
    "skew": Metric("Skewness", R, "asymmetry of the period returns"),
    "kurtosis": Metric("Excess kurtosis", R, "weight of the tails of the period returns; 0 for a normal law"),
    "exposure_time": Metric("Time in the market", F, "share of the bars with an open position"),
    "turnover": Metric("Turnover", R, "value traded over mean equity, whole run"),
    "trades": Metric("Trades", C, "round trips: an entry order matched with an exit order"),
    "win_rate": Metric("Win rate", F, "share of trades with a profit"),
    "profit_factor": Metric("Profit factor", R, "gross profit over gross loss"),
    "expectancy": Metric("Expectancy", Q, "mean profit of a trade"),
    "gross_profit": Metric("Gross profit", Q, "sum of the winning trades"),
    "gross_loss": Metric("Gross loss", Q, "sum of the losing trades"),
    "best_trade": Metric("Best trade", F, "highest return of a trade"),
    "worst_trade": Metric("Worst trade", F, "lowest return of a trade"),
    "average_trade": Metric("Average trade", F, "mean return of a trade"),
    "average_win": Metric("Average win", Q, "mean profit of the winning trades"),
    "average_loss": Metric("Average loss", Q, "mean result of the losing trades"),
    "payoff_ratio": Metric("Payoff ratio", R, "average win over average loss"),
    "longest_win_streak": Metric("Longest winning streak", C, "most winning trades in a row"),
    "longest_loss_streak": Metric("Longest losing streak", C, "most losing trades in a row"),
    "average_trade_duration": Metric("Average time in a trade", D, "mean time from entry to exit"),
    "sqn": Metric("System quality number", R, "sqrt(trades) x mean over standard deviation of trade profits"),
    "kelly": Metric("Kelly fraction", F, "share of capital Kelly's rule would bet on such trades"),
    "long_trades": Metric("Long trades", C, "trades that gain when the price rises"),
    "long_win_rate": Metric("Long win rate", F, "share of long trades with a profit"),
    "long_pnl": Metric("Long profit", Q, "sum of the long trades"),
    "short_trades": Metric("Short trades", C, "trades that gain when the price falls"),
    "short_win_rate": Metric("Short win rate", F, "share of short trades with a profit"),
    "short_pnl": Metric("Short profit", Q, "sum of the short trades"),
    "fees_paid": Metric("Fees paid", Q, "all fees; rebates count against them"),
    "funding_paid": Metric("Funding paid", Q, "all funding payments; negative when received"),
    "slippage_paid": Metric("Slippage paid", Q, "what prices were worse than the market's"),
    "years": Metric("Length", Unit.YEARS, "length of the run in years of its calendar"),
}
