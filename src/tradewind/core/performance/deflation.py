"""A run's figures with the trials beside them: how many there were, and what that leaves of the Sharpe ratio."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.trials import PERIODS_MIN, Tally
from tradewind.core.performance.deflated_sharpe import deflated_sharpe
from tradewind.core.performance.performance import Performance
from tradewind.core.performance.returns import CONSTANT, kurtosis, skewness, spread
from tradewind.core.performance.undefined import Figure, Undefined


def dsr(returns: NDArray[np.float64] | Undefined, tally: Tally) -> Figure:
    """Deflated Sharpe ratio (0 to 1) of returns per period, the best of `tally.trials` trials at most.

    Undefined where the PSR is, and where trials were counted but fewer than two of them have a Sharpe ratio. Source:
    Bailey and Lopez de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio Management 40(5), 2014.
    """
    if isinstance(returns, Undefined):
        return returns
    skew, excess, deviation = skewness(returns), kurtosis(returns), spread(returns)
    if isinstance(excess, Undefined):
        return excess
    if isinstance(skew, Undefined) or isinstance(deviation, Undefined) or deviation == 0.0:
        return CONSTANT
    if tally.trials > 1 and tally.judged < 2:
        return Undefined(
            f"fewer than two of the {tally.trials:,} trials have a Sharpe ratio over {PERIODS_MIN} periods or more, "
            "so their spread is unknown"
        )
    variance = tally.variance(len(returns)) if tally.trials > 1 else 0.0
    ratio = float(returns.mean()) / deviation
    return deflated_sharpe(ratio, len(returns), skew, excess + 3.0, max(tally.trials, 1), variance)


def with_trials(performance: Performance, returns: NDArray[np.float64] | Undefined, tally: Tally) -> Performance:
    """The same figures with `dsr` and `n_trials` as the tally has them."""
    figure = dsr(returns, tally)
    metrics, reasons = dict(performance.metrics), dict(performance.undefined)
    metrics["n_trials"] = tally.trials
    reasons.pop("n_trials", None)
    if isinstance(figure, Undefined):
        metrics["dsr"], reasons["dsr"] = None, figure.reason
    else:
        metrics["dsr"] = figure
        reasons.pop("dsr", None)
    return replace(performance, metrics=metrics, undefined=reasons)


def without_trials(performance: Performance, reason: str) -> Performance:
    """The same figures, with the reason why nobody counted the trials."""
    metrics = {**performance.metrics, "dsr": None, "n_trials": None}
    return replace(performance, metrics=metrics, undefined={**performance.undefined, "dsr": reason, "n_trials": reason})
