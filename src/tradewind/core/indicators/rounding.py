"""When two prices are the same but for rounding."""

from __future__ import annotations

SAME = 1e-14
"""A relative difference this small is rounding: (high + low + close) / 3 of equal sums may differ in the last digit."""


def same(a: float, b: float) -> bool:
    """Whether two numbers differ by no more than 1e-14 of their sizes' sum, which TA-Lib too takes for equal."""
    return abs(a - b) <= SAME * (abs(a) + abs(b))
