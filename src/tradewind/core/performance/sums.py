"""Sums over returns and profits, compiled: NumPy takes ten times as long for the few numbers that a sweep's run has.

Additions carry the part that rounding loses (Kahan's summation), so that the order of the values hardly matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance.kernel import frozen, kernel

Values = NDArray[np.float64]


def moments(values: Values) -> tuple[float, float, float]:
    """Mean, sample standard deviation (n - 1), and largest absolute value; zeros for none, deviation 0 below two."""
    mean, deviation, largest = sum_moments(frozen(values))
    return mean, deviation, largest


@dataclass(frozen=True, slots=True)
class Profits:
    """What can be said of profits by one look at them: `wins` are above zero, `gain` their sum, `loss` the others'."""

    count: int
    wins: int
    gain: float
    loss: float
    mean: float
    deviation: float
    largest: float
    """Deviation and largest absolute value are those of `moments`."""


def profits(values: Values) -> Profits:
    """Look at profits once."""
    return Profits(len(values), *sum_profits(frozen(values)))


def below_zero(values: Values) -> float:
    """Mean of min(value, 0) squared; 0 for none."""
    return float(sum_below_zero(frozen(values)))


@kernel
def sum_moments(values: Any) -> tuple[float, float, float]:
    """As `moments`."""
    n = len(values)
    total, lost, largest = 0.0, 0.0, 0.0
    for value in values:
        largest = max(largest, abs(value))
        added = value - lost
        total, lost = total + added, (total + added - total) - added
    if n == 0:
        return 0.0, 0.0, 0.0
    mean = total / n
    squares, lost = 0.0, 0.0
    for value in values:
        added = (value - mean) ** 2 - lost
        squares, lost = squares + added, (squares + added - squares) - added
    return mean, (squares / (n - 1)) ** 0.5 if n > 1 else 0.0, largest


@kernel
def sum_below_zero(values: Any) -> float:
    """As `below_zero`."""
    total, lost = 0.0, 0.0
    for value in values:
        if value < 0.0:
            added = value * value - lost
            total, lost = total + added, (total + added - total) - added
    return total / len(values) if len(values) else 0.0


@kernel
def sum_gains_and_losses(values: Any) -> tuple[int, float, float]:
    """How many values are above zero, their sum, and the sum of those below."""
    count, gain, gain_lost, loss, loss_lost = 0, 0.0, 0.0, 0.0, 0.0
    for value in values:
        if value > 0.0:
            count += 1
            added = value - gain_lost
            gain, gain_lost = gain + added, (gain + added - gain) - added
        elif value < 0.0:
            added = value - loss_lost
            loss, loss_lost = loss + added, (loss + added - loss) - added
    return count, gain, loss


@kernel
def sum_profits(values: Any) -> tuple[int, float, float, float, float, float]:
    """Wins, gain, loss, mean, deviation and largest absolute value of `Profits`."""
    wins, gain, loss = sum_gains_and_losses(values)
    mean, deviation, largest = sum_moments(values)
    return wins, gain, loss, mean, deviation, largest
