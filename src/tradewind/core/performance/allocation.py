"""How an account is shared out among its sleeves: in fixed shares, by risk, or by what they have earned."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.errors import BadInput
from tradewind.core.performance.risk_parity import equal_risk_weights

Array = NDArray[np.float64]
DAYS_A_YEAR = 365.0
FLAT = 1e-12
"""A deviation a day below this is no movement."""


@dataclass(frozen=True)
class Allocation:
    """What decides the weights.

    method             "equal": in proportion to the sleeves' shares; "volatility_target": the same, scaled until the
                       account's volatility is the target; "risk_parity": every sleeve carries the same risk; "kelly":
                       each gets a fraction of its own Kelly weight
    target_volatility  a year, a fraction (volatility_target)
    kelly_fraction     how much of the Kelly weight is taken (kelly)
    weight_max         no sleeve gets more of the account
    invested_max       all sleeves together get no more; the rest stays cash
    lookback_days      days of past returns that the weights are made of
    history_min_days   fewer returns than this say nothing: the sleeve gets its plain share
    """

    method: str = "equal"
    target_volatility: float = 0.2
    kelly_fraction: float = 0.5
    weight_max: float = 1.0
    invested_max: float = 1.0
    lookback_days: int = 90
    history_min_days: int = 30

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise BadInput(f"there is no allocation {self.method!r}", fix=f"Use one of {', '.join(METHODS)}")
        for name, high in (
            ("target_volatility", math.inf),
            ("kelly_fraction", 1.0),
            ("weight_max", 1.0),
            ("invested_max", 1.0),
        ):
            value = getattr(self, name)
            number = isinstance(value, Real) and not isinstance(value, bool)
            if not number or not 0.0 < float(value) <= high or math.isinf(value):
                most = "" if math.isinf(high) else f" and at most {high:g}"
                raise BadInput(f"{name} must be above 0{most}, found {value!r}", fix="20 % is 0.2")
        for name, least in (("history_min_days", 2), ("lookback_days", 2)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
                raise BadInput(f"{name} must be a whole number from {least} on, found {value!r}", fix="Such as 90")
        if self.history_min_days > self.lookback_days:
            raise BadInput(
                f"history_min_days {self.history_min_days} is more than the {self.lookback_days} days looked back on",
                fix="Look back further: lookback_days",
            )

    @property
    def needs_history(self) -> bool:
        """Whether past returns decide."""
        return self.method != "equal"


@dataclass(frozen=True)
class Weights:
    """Shares of the account (sleeves), of sum 1 at most, and why a sleeve got its plain share instead of the rule's."""

    values: Array
    plain: dict[int, str]


def weigh(rule: Allocation, returns: Array, shares: Array) -> Weights:
    """The weights of sleeves with these past `returns` (days, sleeves), NaN where unknown, and `shares` (sleeves).

    A share of 0 gets nothing. A sleeve with too little history, or one that has not moved, gets its plain share (its
    part of the sum of all shares); the rule divides what the plain shares leave.
    """
    if not shares.sum() > 0.0:
        return Weights(np.zeros(len(shares)), {})
    base = shares / shares.sum()
    if not rule.needs_history:
        return Weights(_capped(base, rule), {})
    window, plain = _known(rule, returns[-rule.lookback_days :], base)
    known = np.array([base[i] > 0.0 and i not in plain for i in range(len(base))])
    values = base.copy()
    if known.any():
        values[known] = RULES[rule.method](rule, window[:, known], base[known])
    return Weights(_capped(values, rule), plain)


def _known(rule: Allocation, window: Array, base: Array) -> tuple[Array, dict[int, str]]:
    """The days on which every sleeve with enough history is known, and the others with the reason."""
    plain: dict[int, str] = {}
    while True:
        asked = [i for i in range(len(base)) if base[i] > 0.0 and i not in plain]
        rows = np.isfinite(window[:, asked]).all(axis=1)
        if not asked or rows.sum() >= rule.history_min_days:
            break
        least = min(asked, key=lambda i: int(np.isfinite(window[:, i]).sum()))
        days = int(np.isfinite(window[:, least]).sum())
        plain[least] = f"{days} days of returns, and {rule.history_min_days} are needed"
    window = window[rows]
    for i in asked:
        if float(window[:, i].std(ddof=1)) <= FLAT:
            plain[i] = f"it has not moved in {len(window)} days"
    return window, plain


def _volatility_target(rule: Allocation, window: Array, base: Array) -> Array:
    """The shares, all by one factor: volatility is proportional to it."""
    mix = window @ (base / base.sum())
    deviation = float(mix.std(ddof=1)) * math.sqrt(DAYS_A_YEAR)
    factor = rule.target_volatility / deviation if deviation > FLAT else rule.invested_max / float(base.sum())
    return np.asarray(base * factor)


def _risk_parity(rule: Allocation, window: Array, base: Array) -> Array:  # noqa: ARG001 - one signature for all
    """As much in all as the shares come to."""
    covariance = np.atleast_2d(np.cov(window, rowvar=False))
    return np.asarray(equal_risk_weights(covariance) * base.sum())


def _kelly(rule: Allocation, window: Array, base: Array) -> Array:  # noqa: ARG001
    """A fraction of mean / variance, not below zero.

    Source: Thorp, "The Kelly Criterion in Blackjack, Sports Betting, and the Stock Market" (2006), for returns in small
    steps and sleeves each by itself: what they have in common is held by `invested_max`.
    """
    fraction = rule.kelly_fraction * window.mean(axis=0) / window.var(axis=0, ddof=1)
    return np.asarray(np.clip(fraction, 0.0, rule.weight_max))


def _capped(weights: Array, rule: Allocation) -> Array:
    """No sleeve above `weight_max`, and all together not above `invested_max`."""
    values = np.minimum(weights, rule.weight_max)
    total = float(values.sum())
    return np.asarray(values * (rule.invested_max / total) if total > rule.invested_max else values)


RULES: dict[str, Callable[[Allocation, Array, Array], Array]] = {
    "volatility_target": _volatility_target,
    "risk_parity": _risk_parity,
    "kelly": _kelly,
}
METHODS = ("equal", *RULES)
