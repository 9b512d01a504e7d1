"""The wall clock, read at the edge only and handed inwards."""

from __future__ import annotations

import time


def now_ns() -> int:
    """Nanoseconds since 1970 in UTC."""
    return time.time_ns()
