"""What the parameters of smart-money indicators may be; each check returns the final value or raises BadInput."""

from __future__ import annotations

import math
import re
from typing import Any

from tradewind.core.domain.errors import BadInput
from tradewind.core.indicators.parameters import checked_length

SWING_LENGTH_MAX = 10_000
"""The most bars on each side of a swing."""

CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
MINUTES_A_DAY = 24 * 60


def checked_swing_length(value: Any, who: str) -> int:
    """Bars on each side of a swing, from 1 to SWING_LENGTH_MAX. Raises BadInput."""
    length = checked_length(value, who)
    if length > SWING_LENGTH_MAX:
        raise BadInput(
            f"length must be from 1 to {SWING_LENGTH_MAX}, found {length}",
            where=who,
            fix=f"Choose a length up to {SWING_LENGTH_MAX}",
        )
    return length


def checked_choice(value: Any, choices: tuple[str, ...], who: str, name: str) -> str:
    """One of a few words. Raises BadInput."""
    if value not in choices:
        raise BadInput(
            f"{name} must be {' or '.join(choices)}, found {value!r}", where=who, fix=f'Write {name}="{choices[0]}"'
        )
    return str(value)


def checked_truth(value: Any, who: str, name: str) -> bool:
    """True or False, and nothing that merely resembles them. Raises BadInput."""
    if not isinstance(value, bool):
        raise BadInput(f"{name} must be True or False, found {value!r}", where=who, fix=f"Write {name}=True")
    return value


def checked_minute(value: Any, who: str, name: str) -> int:
    """Minute of the UTC day of a clock time such as "07:00". Raises BadInput."""
    match = CLOCK.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise BadInput(f"{name} must be a time of day, found {value!r}", where=who, fix=f'Write {name}="07:00" in UTC')
    return int(match[1]) * 60 + int(match[2])


def checked_percent(value: Any, who: str, name: str, most: float = 100.0) -> float:
    """A number of percent from 0 to `most`. Raises BadInput."""
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not 0.0 <= number <= most:
        raise BadInput(f"{name} must be from 0 to {most:g} percent, found {value!r}", where=who, fix=f"Write {name}=5")
    return number
