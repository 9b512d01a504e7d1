"""What an indicator's parameters may be; each check returns the value in its final type or raises BadInput."""

from __future__ import annotations

import math
import operator
from typing import Any

from tradewind.core.domain.errors import BadInput

LENGTH_MAX = 1_000_000
"""The longest window: it bounds the memory of one indicator to 8 MB a ring."""


def checked_length(value: Any, who: str, name: str = "length", least: int = 1) -> int:
    """A number of updates from `least` to LENGTH_MAX as a plain int: `checked_length(20, "SMA")`. Raises BadInput."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise BadInput(
            f"{name} must be a whole number, found {value!r}", where=who, fix=f"Write {who}({name}={max(least, 14)})"
        )
    length = operator.index(value)
    if not least <= length <= LENGTH_MAX:
        raise BadInput(
            f"{name} must be from {least} to {LENGTH_MAX}, found {length}",
            where=who,
            fix=f"Choose a {name} of at least {least}" if length < least else f"Choose a {name} up to {LENGTH_MAX}",
        )
    return length


def checked_positive(value: Any, who: str, name: str) -> float:
    """A finite number above zero as a plain float. Raises BadInput."""
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise BadInput(f"{name} must be a number, found {value!r}", where=who, fix=f"Write {who}({name}=2.0)")
    number = float(value)
    if not (math.isfinite(number) and number > 0.0):
        raise BadInput(
            f"{name} must be a finite number above 0, found {number}", where=who, fix=f"Choose a {name} above 0"
        )
    return number


def checked_order(low: float, high: float, who: str, low_name: str, high_name: str) -> None:
    """Refuse `low` at or above `high`: a fast average must be shorter than its slow one. Raises BadInput."""
    if low >= high:
        raise BadInput(
            f"{low_name} must be below {high_name}, found {low_name}={low} and {high_name}={high}",
            where=who,
            fix=f"Swap them, or choose a smaller {low_name}",
        )
