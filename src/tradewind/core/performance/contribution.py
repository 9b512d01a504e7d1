"""What each sleeve of an account has added to its return and to its risk. The parts sum to the whole."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance.returns import CONSTANT, TOO_FEW, spread
from tradewind.core.performance.undefined import Figure, Undefined

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Contributions:
    """Figures of each sleeve (n), and of the account.

    `of_return` is profit over the account's start: their sum is the account's total return. `of_risk` is the part of
    the account's volatility a year that a sleeve carries: their sum is that volatility; below zero it hedges the rest.
    `marginal` is what one more unit of weight would add to the volatility. `diversification` is what the parts would
    swing without offsetting each other, over what the account does: 1 where all move as one, more otherwise (Choueifaty
    and Coignard, "Toward Maximum Diversification", Journal of Portfolio Management 35(1), 2008, for parts as they were
    held). Risk is NaN where `volatility` is undefined.
    """

    profit: Array
    of_return: Array
    volatility: Figure
    of_risk: Array
    share_of_risk: Array
    marginal: Array
    diversification: Figure


def contributions(
    profit: Array, equity_before: Array, own_returns: Array, initial: float, periods_per_year: float
) -> Contributions:
    """Split an account among its sleeves.

    `profit` (periods, n) is what each sleeve earned in each period, in money; `equity_before` (periods) what the
    account was worth when the period began; `own_returns` (periods, n) each sleeve's return on its own capital, NaN
    without any.

    With c_i = profit_i / equity and R = sum c_i, the risk of i is cov(c_i, R) / sd(R): Euler's split of a homogeneous
    measure. Source: Litterman, "Hot Spots and Hedges", Journal of Portfolio Management 23 (1996); Tasche, "Risk
    Contributions and Performance Measurement" (1999).
    """
    n = profit.shape[1]
    made = profit.sum(axis=0)
    nothing = np.full(n, np.nan)
    alive = equity_before > 0.0
    parts = profit[alive] / equity_before[alive, None]
    whole = parts.sum(axis=1)
    deviation = spread(whole) if len(whole) else TOO_FEW
    if isinstance(deviation, Undefined) or deviation == 0.0:
        reason = deviation if isinstance(deviation, Undefined) else CONSTANT
        return Contributions(made, made / initial, reason, nothing, nothing, nothing, reason)
    centred = whole - whole.mean()
    together = parts.T @ centred / (len(whole) - 1)
    year = math.sqrt(periods_per_year)
    own = own_returns[alive]
    marginal = np.array([_with_whole(own[:, i], whole) for i in range(n)]) / deviation * year
    risk = together / deviation * year
    apart = float(parts.std(axis=0, ddof=1).sum()) / deviation
    return Contributions(made, made / initial, deviation * year, risk, together / deviation**2, marginal, apart)


def _with_whole(own: Array, whole: Array) -> float:
    """Covariance of a sleeve's own returns with the account's, over the periods in which it had capital."""
    known = np.isfinite(own)
    if known.sum() < 2:
        return math.nan
    return float(np.cov(own[known], whole[known], ddof=1)[0, 1])
