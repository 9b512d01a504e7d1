"""What the round trips say. Money is in quote currency, after fees and funding; a trade's return is pnl / entry value.

A trade with a profit of exactly zero is neither a win nor a loss.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.core.performance.returns import spread_of
from tradewind.core.performance.sums import Profits, profits
from tradewind.core.performance.undefined import Figure, Undefined, ratio

Trades = NDArray[Any]

NO_TRADES = Undefined("no trades")
NO_WIN = Undefined("no winning trade")
NO_LOSS = Undefined("no losing trade")


def profits_of(trades: Trades) -> Profits:
    """The trades' profits, looked at once: what `win_rate`, `profit_factor`, `expectancy` and `sqn` may be given."""
    return profits(trades["pnl"])


def win_rate(made: Trades | Profits) -> Figure:
    """Share of trades with a profit, 0 to 1. Undefined without trades.

    Source: Pardo, "The Evaluation and Optimization of Trading Strategies" (2nd ed. 2008), chapter 12.
    """
    p = _looked_at(made)
    return NO_TRADES if p.count == 0 else p.wins / p.count


def gross_profit(made: Trades | Profits) -> float:
    """Sum of the winning trades' profits, quote currency."""
    return _looked_at(made).gain


def gross_loss(made: Trades | Profits) -> float:
    """Sum of the losing trades' losses, quote currency, negative."""
    return _looked_at(made).loss


def profit_factor(made: Trades | Profits) -> Figure:
    """Gross profit / |gross loss|. Undefined without a losing trade. Source: Pardo (2008), chapter 12."""
    p = _looked_at(made)
    return NO_TRADES if p.count == 0 else ratio(p.gain, -p.loss, NO_LOSS.reason)


def expectancy(made: Trades | Profits) -> Figure:
    """Mean profit of a trade, quote currency: win rate x average win + loss rate x average loss.

    Undefined without trades. Source: Tharp, "Trade Your Way to Financial Freedom" (2nd ed. 2007), chapter 7.
    """
    p = _looked_at(made)
    return NO_TRADES if p.count == 0 else p.mean


def _looked_at(made: Trades | Profits) -> Profits:
    return made if isinstance(made, Profits) else profits_of(made)


def average_win(trades: Trades) -> Figure:
    """Mean profit of the winning trades, quote currency. Undefined without one."""
    wins = trades["pnl"][trades["pnl"] > 0]
    return NO_WIN if len(wins) == 0 else float(wins.mean())


def average_loss(trades: Trades) -> Figure:
    """Mean result of the losing trades, quote currency, negative. Undefined without one."""
    losses = trades["pnl"][trades["pnl"] < 0]
    return NO_LOSS if len(losses) == 0 else float(losses.mean())


def payoff_ratio(trades: Trades) -> Figure:
    """Average win / |average loss|. Undefined without both. Source: Pardo (2008), chapter 12."""
    loss = average_loss(trades)
    return loss if isinstance(loss, Undefined) else ratio(average_win(trades), -loss, NO_LOSS.reason)


def kelly(trades: Trades) -> Figure:
    """Kelly's share of capital for a bet like these trades: W - (1 - W) / R; negative says do not bet.

    W is the win rate, R the mean return of the wins over the mean return of the losses. Undefined without both. Source:
    Kelly, "A New Interpretation of Information Rate", Bell System Technical Journal 35, 1956; in this form Thorp.
    """
    rate, returns = win_rate(trades), trades["return"]
    wins, losses = returns[trades["pnl"] > 0], returns[trades["pnl"] < 0]
    if isinstance(rate, Undefined):
        return rate
    if len(wins) == 0 or len(losses) == 0:
        return NO_WIN if len(wins) == 0 else NO_LOSS
    payoff = ratio(float(wins.mean()), -float(losses.mean()), NO_LOSS.reason)
    return payoff if isinstance(payoff, Undefined) else rate - (1.0 - rate) / payoff


def sqn(made: Trades | Profits) -> Figure:
    """System quality number: sqrt(n) x mean / sample standard deviation of the trades' profits.

    Undefined below two trades and for equal profits. Source: Tharp, "The Definitive Guide to Position Sizing" (2008),
    who takes profits in multiples of the initial risk and stops n at 100; here they are in quote currency and n is all.
    """
    p = _looked_at(made)
    if p.count < 2:
        return Undefined("fewer than two trades")
    swing = spread_of(p.count, p.deviation, p.largest)
    per_trade = ratio(p.mean, swing, "all trades made the same profit")
    return per_trade if isinstance(per_trade, Undefined) else per_trade * math.sqrt(p.count)


def longest_streak(hits: NDArray[np.bool_]) -> int:
    """Most successive true values."""
    misses = np.flatnonzero(~hits)
    edges = np.concatenate(([-1], misses, [len(hits)]))
    return int(np.diff(edges).max()) - 1


def average_duration_days(trades: Trades) -> Figure:
    """Mean time from entry to exit, in days. Undefined without trades."""
    if len(trades) == 0:
        return NO_TRADES
    return float((trades["exit_time"] - trades["entry_time"]).mean()) / UNITS_NS["d"]


def trade_return(trades: Trades, pick: Callable[[NDArray[np.float64]], Any]) -> Figure:
    """One number out of the trades' returns (`np.max`, `np.min`, `np.mean`), a fraction. Undefined without trades."""
    return NO_TRADES if len(trades) == 0 else float(pick(trades["return"]))
