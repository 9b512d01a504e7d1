"""Timeframes as ccxt writes them: 1m, 5m, 1h, 4h, 1d, 1w."""

from __future__ import annotations

import re

from tradewind.core.domain.errors import BadInput

SECOND_NS = 1_000_000_000
UNITS_NS = {
    "s": SECOND_NS,
    "m": 60 * SECOND_NS,
    "h": 3_600 * SECOND_NS,
    "d": 86_400 * SECOND_NS,
    "w": 7 * 86_400 * SECOND_NS,
}
WEEK_ORIGIN_NS = 4 * UNITS_NS["d"]
"""1970-01-05 was the first Monday: weeks are counted from it, as exchanges do."""


def timeframe_ns(text: str) -> int:
    """Length of a timeframe in nanoseconds: `timeframe_ns("5m") == 300_000_000_000`. Raises BadInput."""
    match = re.fullmatch(r"([1-9][0-9]{0,4})([smhdw])", text)
    if match is None:
        raise BadInput(f"unknown timeframe {text!r}", fix="Write a number and s, m, h, d or w, such as 5m, 1h or 1d")
    return int(match[1]) * UNITS_NS[match[2]]


def timeframe_name(length_ns: int) -> str:
    """The shortest name of a length: `timeframe_name(3_600_000_000_000) == "1h"`. Raises BadInput for odd lengths."""
    for unit in ("w", "d", "h", "m", "s"):
        count, rest = divmod(length_ns, UNITS_NS[unit])
        if rest == 0 and count > 0:
            return f"{count}{unit}"
    raise BadInput(
        f"a step of {length_ns} ns is not a whole number of seconds", fix="Bring bars whose step is whole seconds"
    )


def bucket_start_ns(time_ns: int, length_ns: int) -> int:
    """Start of the timeframe bucket that holds `time_ns`; weeks start on Monday."""
    origin = WEEK_ORIGIN_NS if length_ns % UNITS_NS["w"] == 0 else 0
    return time_ns - (time_ns - origin) % length_ns
