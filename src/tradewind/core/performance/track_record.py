"""How long a record must be before a Sharpe ratio means something."""

from __future__ import annotations

import math

from tradewind.core.performance.deflated_sharpe import NORMAL, expected_best
from tradewind.core.performance.undefined import Figure, Undefined


def minimum_track_record(
    sharpe_per_period: float,
    skew: float,
    kurtosis_full: float,
    benchmark: float = 0.0,
    confidence: float = 0.95,
) -> Figure:
    """Periods after which a Sharpe ratio is above `benchmark` with the probability `confidence`.

    1 + (1 - skew SR + (kurtosis - 1) / 4 SR^2) (Z(confidence) / (SR - SR*))^2; both Sharpe ratios per period, the
    kurtosis full. Divide by the periods of a year for years. Undefined when the ratio is not above the benchmark (no
    record is then long enough), or has no variance. Source: Bailey and Lopez de Prado, "The Sharpe Ratio Efficient
    Frontier", Journal of Risk 15(2), 2012.
    """
    if not 0.5 <= confidence < 1.0:
        return Undefined(f"a confidence is from 0.5 to below 1, not {confidence:g}")
    if not sharpe_per_period > benchmark:
        return Undefined("the Sharpe ratio is not above the benchmark: no record is long enough")
    variance = 1.0 - skew * sharpe_per_period + (kurtosis_full - 1.0) / 4.0 * sharpe_per_period**2
    if not variance > 0.0:
        return Undefined("skew and kurtosis leave the Sharpe ratio no variance")
    return 1.0 + variance * (NORMAL.inv_cdf(confidence) / (sharpe_per_period - benchmark)) ** 2


def minimum_backtest_years(trials: float, sharpe_annual: float = 1.0) -> Figure:
    """Years of data below which the best of `trials` worthless strategies is expected to show `sharpe_annual`.

    (expected best of the trials / Sharpe ratio)^2: with less data, so many tries find a ratio that good in noise.
    Undefined for less than one trial or a ratio that is not positive. Source: Bailey, Borwein, Lopez de Prado and Zhu,
    "Pseudo-Mathematics and Financial Charlatanism", Notices of the AMS 61(5), 2014, theorem 2.
    """
    if not (math.isfinite(sharpe_annual) and sharpe_annual > 0.0):
        return Undefined("the Sharpe ratio is not positive")
    best = expected_best(trials)
    return best if isinstance(best, Undefined) else (best / sharpe_annual) ** 2
