"""A figure that does not exist says why: `Undefined("no losing trade")`, never 0 and never infinity."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Undefined:
    """Why a figure cannot be given."""

    reason: str


Figure: TypeAlias = "float | Undefined"
"""A number, or the reason why there is none."""


def ratio(above: Figure, below: Figure, when_zero: str) -> Figure:
    """`above / below`; undefined when either is, when `below` is zero (`when_zero` says why) or when it overflows."""
    if isinstance(above, Undefined):
        return above
    if isinstance(below, Undefined):
        return below
    if below == 0.0:
        return Undefined(when_zero)
    return finite(above / below)


def finite(value: float) -> Figure:
    """The number itself, or Undefined when the arithmetic left the range of floating point."""
    return value if math.isfinite(value) else Undefined("the number is too large to be written")
