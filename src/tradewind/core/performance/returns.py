"""What the returns of a run say: growth, swings, tails. Every function takes returns per period, as fractions.

The rate without risk is taken as zero. A series counts as constant when its spread is nothing but rounding.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.errors import BadInput
from tradewind.core.performance.sums import below_zero, moments
from tradewind.core.performance.undefined import Figure, Undefined, finite, ratio

Returns = NDArray[np.float64]

TAIL = 0.05
TAIL_RETURNS_MIN = 20
"""A 5 % tail of fewer returns than this is no observation but an interpolation."""

RUIN = 1e-12
"""An account that holds no more than this share of its start has nothing: a return on it would be rounding."""

TOO_FEW = Undefined("fewer than two periods")
CONSTANT = Undefined("all returns are equal")
NO_TAIL = Undefined(f"fewer than {TAIL_RETURNS_MIN} periods")


def check_equity(equity: NDArray[np.float64], initial: float) -> None:
    """Raise BadInput unless `equity` holds finite numbers only and `initial` is a positive number."""
    if not (math.isfinite(initial) and initial > 0):
        raise BadInput(f"the initial cash is {initial}", fix="Start with a positive amount of money")
    if len(equity) and not math.isfinite(float(equity.sum())):
        row = int(np.flatnonzero(~np.isfinite(equity))[0]) if not np.isfinite(equity).all() else 0
        raise BadInput(f"equity is {equity[row]}", where=f"bar {row}", fix="Every bar's close needs a finite value")


def equity_returns(equity: NDArray[np.float64], initial: float) -> Returns | Undefined:
    """Simple returns (n) of an account that starts with `initial` and closes its periods at `equity` (n).

    Undefined once the account has been at or below zero: a return on nothing is not a number.
    """
    if len(equity) == 0:
        return Undefined("no bars")
    if float(equity.min()) <= RUIN * initial:
        return Undefined("the account fell to zero or below")
    before = np.empty_like(equity)
    before[0] = initial
    before[1:] = equity[:-1]
    np.divide(equity, before, out=before)
    before -= 1.0
    return before


def returns_to_ruin(equity: NDArray[np.float64], initial: float) -> Returns:
    """The same for an account that may have come to nothing: -1 in the period in which it does, and 0 from then on."""
    gone = np.flatnonzero(equity <= RUIN * initial)
    alive = equity[: int(gone[0])] if len(gone) else equity
    known = equity_returns(alive, initial)
    made = np.zeros(len(equity))
    if not isinstance(known, Undefined):
        made[: len(alive)] = known
    made[len(alive) : len(alive) + 1] = -1.0
    return made


def cagr(total_return: float, years: float) -> Figure:
    """Compound annual growth rate, a fraction a year: (1 + total return)^(1 / years) - 1.

    Undefined for a run shorter than a day, and for an account that ended at or below zero. Source: Bacon, "Practical
    Portfolio Performance Measurement and Attribution" (2008), chapter 2, annualised return.
    """
    if years < 0.999 / 365.0:
        return Undefined("the run is shorter than a day")
    if total_return <= -1.0:
        return Undefined("the account ended at zero or below")
    growth = math.log1p(total_return) / years
    return Undefined("the run is too short to annualise") if growth > 700.0 else finite(math.expm1(growth))


def spread(returns: Returns) -> Figure:
    """Sample standard deviation (n - 1) per period; 0 for a constant series, undefined below two periods."""
    _, deviation, largest = moments(returns)
    return spread_of(len(returns), deviation, largest)


def spread_of(count: int, deviation: float, largest: float) -> Figure:
    """The spread of so many values with this deviation and largest absolute value; see `spread`."""
    if count < 2:
        return TOO_FEW
    return 0.0 if deviation <= 1e-15 + 1e-12 * largest else deviation


def volatility(returns: Returns, periods_per_year: float) -> Figure:
    """Annualised volatility, a fraction: sample standard deviation x sqrt(periods a year). Source: Bacon (2008), ch. 4.

    Undefined below two periods.
    """
    return swings(returns, periods_per_year)[0]


def sharpe(returns: Returns, periods_per_year: float) -> Figure:
    """Annualised Sharpe ratio: mean / sample standard deviation x sqrt(periods a year), rate without risk zero.

    Undefined below two periods and for equal returns. Source: Sharpe, "The Sharpe Ratio", Journal of Portfolio
    Management 21(1), 1994; annualised by the square root of time as Lo (2002) gives for independent returns.
    """
    return swings(returns, periods_per_year)[1]


def sortino(returns: Returns, periods_per_year: float) -> Figure:
    """Annualised Sortino ratio: mean / downside deviation x sqrt(periods a year), target zero.

    The downside deviation is sqrt(mean(min(r, 0)^2)) over all periods. Undefined below two periods and without a loss.
    Source: Sortino and Price, "Performance Measurement in a Downside Risk Framework", Journal of Investing 3(3), 1994.
    """
    return swings(returns, periods_per_year)[2]


def swings(returns: Returns, periods_per_year: float) -> tuple[Figure, Figure, Figure]:
    """`volatility`, `sharpe` and `sortino`, which are told from one look at the returns."""
    if len(returns) < 2:
        return TOO_FEW, TOO_FEW, TOO_FEW
    mean, deviation, largest = moments(returns)
    scale = math.sqrt(periods_per_year)
    swing = spread_of(len(returns), deviation, largest)
    up = ratio(mean, swing, CONSTANT.reason)
    down = ratio(mean, math.sqrt(below_zero(returns)), "no losing period")
    found = (swing, up, down)
    volatility_, sharpe_, sortino_ = (one if isinstance(one, Undefined) else one * scale for one in found)
    return volatility_, sharpe_, sortino_


def omega(returns: Returns) -> Figure:
    """Omega ratio at threshold zero: sum of gains / sum of losses, per period. Undefined without a losing period.

    Source: Keating and Shadwick, "A Universal Performance Measure", Journal of Performance Measurement 6(3), 2002.
    """
    gains, losses = float(np.maximum(returns, 0.0).sum()), float(-np.minimum(returns, 0.0).sum())
    return ratio(gains, losses, "no losing period")


def skewness(returns: Returns) -> Figure:
    """Sample skewness G1 (adjusted Fisher-Pearson). Undefined below three periods and for equal returns.

    Source: Joanes and Gill, "Comparing measures of sample skewness and kurtosis", The Statistician 47(1), 1998.
    """
    n = len(returns)
    if n < 3:
        return Undefined("fewer than three periods")
    if spread(returns) == 0.0:
        return CONSTANT
    centred = returns - returns.mean()
    second, third = float(np.mean(centred**2)), float(np.mean(centred**3))
    return finite(math.sqrt(n * (n - 1)) / (n - 2) * third / second**1.5)


def kurtosis(returns: Returns) -> Figure:
    """Sample excess kurtosis G2 (0 for a normal law). Undefined below four periods and for equal returns.

    Source: Joanes and Gill (1998), as for the skewness.
    """
    n = len(returns)
    if n < 4:
        return Undefined("fewer than four periods")
    if spread(returns) == 0.0:
        return CONSTANT
    centred = returns - returns.mean()
    excess = float(np.mean(centred**4)) / float(np.mean(centred**2)) ** 2 - 3.0
    return finite((n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * excess + 6.0))


def value_at_risk_95(returns: Returns) -> Figure:
    """The 5 % quantile of the returns per period (negative is a loss), historical, linear between observations.

    Undefined below 20 periods. Source: Jorion, "Value at Risk" (3rd ed. 2007), historical simulation.
    """
    return NO_TAIL if len(returns) < TAIL_RETURNS_MIN else float(np.quantile(returns, TAIL))


def expected_shortfall_95(returns: Returns) -> Figure:
    """The mean of the worst 5 % of the returns: the floor(0.05 (n - 1)) + 1 smallest ones.

    Undefined below 20 periods. Source: Acerbi and Tasche, "On the coherence of expected shortfall", Journal of Banking
    and Finance 26(7), 2002.
    """
    if len(returns) < TAIL_RETURNS_MIN:
        return NO_TAIL
    last = int((len(returns) - 1) * TAIL)
    return float(np.partition(returns, last)[: last + 1].mean())


def tail_ratio(returns: Returns) -> Figure:
    """|95 % quantile| / |5 % quantile| of the returns: above 1 the good days are larger than the bad ones.

    Undefined below 20 periods and when the 5 % quantile is zero. Source: the definition of the empyrical library.
    """
    if len(returns) < TAIL_RETURNS_MIN:
        return NO_TAIL
    low, high = np.quantile(returns, [TAIL, 1.0 - TAIL])
    return ratio(abs(float(high)), abs(float(low)), "the 5 % quantile is zero")
