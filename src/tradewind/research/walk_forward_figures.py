"""What a walk-forward says: how much of the training's result was left in the test, and whether one may rely on it.

Growth here is continuous, ln(final / initial) over years: it adds up over windows, so that the mean of the windows is
the growth of their compounded account, and a month of +30 % does not become +2,230 % a year.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance.significance import psr
from tradewind.core.performance.undefined import Figure, Undefined

EFFICIENCY_FLOOR = 0.5
"""An in-sample growth below this share of its volatility (a Sharpe ratio of a half) is too little to divide by."""


def growth(total_return: float, years: float) -> Figure:
    """Continuous growth a year, ln(1 + total return) / years. Undefined for an emptied account or no time."""
    if total_return <= -1.0:
        return Undefined("the account fell to zero or below")
    return math.log1p(total_return) / years if years > 0.0 else Undefined("there is no time in it")


def efficiency(out_of_sample: Figure, in_sample: Figure, volatility: Figure) -> Figure:
    """How much of the growth found in training was left in the test: 1 + (OOS - IS) / max(IS, volatility / 2).

    All three a year; `volatility` is that of the in-sample returns. Where the in-sample growth is at least half of its
    volatility this is OOS / IS, the walk-forward efficiency of Pardo, "The Evaluation and Optimization of Trading
    Strategies" (2nd ed. 2008), chapter 11. Below, where that ratio explodes and then changes its sign, it goes on as a
    straight line: it is 1 where both are equal and rises with OOS, whatever the sign of IS. Undefined where the
    in-sample account did not move.
    """
    if isinstance(out_of_sample, Undefined):
        return out_of_sample
    if isinstance(in_sample, Undefined):
        return in_sample
    if isinstance(volatility, Undefined):
        return volatility
    scale = max(in_sample, EFFICIENCY_FLOOR * volatility)
    if scale <= 0.0:
        return Undefined("the in-sample account did not move")
    return 1.0 + (out_of_sample - in_sample) / scale


@dataclass(frozen=True)
class Stability:
    """How alike the windows' choices were: for each searched parameter 0 (all over the range) to 1 (always the same).

    `overall` is their mean.
    """

    overall: Figure
    parameters: Mapping[str, float]


def stability(chosen: Sequence[Mapping[str, Any]], searched: Mapping[str, tuple[float, float]]) -> Stability:
    """1 - 2 s for each parameter: s is the population deviation of its chosen values in units of the searched range.

    A deviation is at most half of the range, so this lies in 0..1, and neither another unit nor another origin of the
    parameter changes it. Values spread evenly over the range have 0.42. `searched` holds the least and the greatest
    value tried of each parameter; those with one value only were not searched. Undefined for fewer than two choices.
    """
    if len(chosen) < 2:
        return Stability(Undefined("fewer than two windows made a choice"), {})
    found: dict[str, float] = {}
    for name, (low, high) in searched.items():
        if high > low:
            places = (np.array([float(values[name]) for values in chosen]) - low) / (high - low)
            found[name] = float(min(1.0, max(0.0, 1.0 - 2.0 * places.std())))
    if not found:
        return Stability(Undefined("no parameter was searched"), {})
    return Stability(sum(found.values()) / len(found), found)


@dataclass(frozen=True)
class Robustness:
    """A score of 0 to 100 and what it is made of, each 0 to 1: `evidence` times the mean of the others, times 100."""

    score: Figure
    evidence: Figure
    consistency: Figure
    efficiency: Figure
    stability: Figure


def robustness(returns: NDArray[np.float64] | Undefined, consistency: Figure, kept: Figure, same: Figure) -> Robustness:
    """Score = 100 x evidence x mean(consistency, efficiency, stability), of the windows' joined out-of-sample result.

    evidence     max(0, 2 PSR - 1): PSR is the probability that the true Sharpe ratio of the `returns` (per period)
                 is above zero; a coin's 50 % is no evidence
    consistency  the share of windows with an out-of-sample profit
    efficiency   `kept`, cut to 0..1: more than was found in training is luck, and earns nothing here
    stability    `same`: how alike the choices were

    The evidence multiplies, so that a strategy that loses out of sample scores 0 however steadily it does so. What is
    undefined is left out of the mean; without evidence there is no score.
    """
    chance = returns if isinstance(returns, Undefined) else psr(returns)
    evidence: Figure = chance if isinstance(chance, Undefined) else max(0.0, 2.0 * chance - 1.0)
    capped: Figure = kept if isinstance(kept, Undefined) else min(1.0, max(0.0, kept))
    parts = [part for part in (consistency, capped, same) if not isinstance(part, Undefined)]
    score: Figure
    if isinstance(evidence, Undefined):
        score = evidence
    elif not parts:
        score = Undefined("no window was finished")
    else:
        score = 100.0 * evidence * sum(parts) / len(parts)
    return Robustness(score, evidence, consistency, capped, same)
