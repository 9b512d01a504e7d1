"""How good the best of many tries looks by luck alone, and whether a Sharpe ratio is better than that."""

from __future__ import annotations

import math
from statistics import NormalDist

from tradewind.core.performance.significance import probabilistic_sharpe
from tradewind.core.performance.undefined import Figure, Undefined

EULER_GAMMA = 0.5772156649015329
NORMAL = NormalDist()


def expected_best(trials: float) -> Figure:
    """Mean of the highest of `trials` independent standard normal numbers, approximately; 0 for one trial.

    (1 - gamma) Z(1 - 1 / N) + gamma Z(1 - 1 / (N e)), with Z the inverse normal and gamma Euler's constant. N may be a
    fraction (an effective number of independent trials). Undefined below one. Source: Bailey, Borwein, Lopez de Prado
    and Zhu, "Pseudo-Mathematics and Financial Charlatanism", Notices of the AMS 61(5), 2014, from extreme value theory.
    """
    if not (math.isfinite(trials) and trials >= 1.0):
        return Undefined(f"there were {trials:g} trials, and at least one is needed")
    if trials == 1.0:
        return 0.0
    high, higher = NORMAL.inv_cdf(1.0 - 1.0 / trials), NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return max(0.0, (1.0 - EULER_GAMMA) * high + EULER_GAMMA * higher)


def expected_best_sharpe(trials: float, variance: float) -> Figure:
    """The Sharpe ratio that the best of `trials` worthless strategies is expected to show.

    `variance` is that of the trials' Sharpe ratios, in the same periods as the answer. Undefined for less than one
    trial, or a variance that is negative or not a number. Source: Bailey and Lopez de Prado, "The Deflated Sharpe
    Ratio", Journal of Portfolio Management 40(5), 2014.
    """
    if not (math.isfinite(variance) and variance >= 0.0):
        return Undefined("the trials' Sharpe ratios have no variance that could be told")
    best = expected_best(trials)
    return best if isinstance(best, Undefined) else math.sqrt(variance) * best


def deflated_sharpe(
    sharpe_per_period: float, periods: int, skew: float, kurtosis_full: float, trials: float, variance: float
) -> Figure:
    """Probability (0 to 1) that the true Sharpe ratio is above what the best of `trials` shows by luck.

    Sharpe ratios and `variance` (of the trials' Sharpe ratios) are per period, not a year; the kurtosis is the full
    one, 3 for a normal law. With one trial it is the probabilistic Sharpe ratio against zero. Source: Bailey and Lopez
    de Prado (2014), as for `expected_best_sharpe`.
    """
    luck = expected_best_sharpe(trials, variance)
    if isinstance(luck, Undefined):
        return luck
    return probabilistic_sharpe(sharpe_per_period, periods, skew, kurtosis_full, luck)
