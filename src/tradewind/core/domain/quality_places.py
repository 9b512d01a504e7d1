"""What stands in a row that a quality rule found, in words."""

from __future__ import annotations

import numpy as np

from tradewind.core.domain.instants import instant_text
from tradewind.core.domain.raw_columns import Columns


def row_values(columns: Columns, row: int) -> str:
    """The row's values by name."""
    return ", ".join(f"{name} {values[row]:.10g}" for name, values in columns.values.items())


def row_before(columns: Columns, row: int) -> str:
    """The time before which a row stands."""
    return f"stands after {instant_text(int(columns.time[row - 1]))}"


def missing(columns: Columns, row: int) -> str:
    """How many bars are missing before a row, since when."""
    at = int(np.searchsorted(columns.time[columns.distinct], columns.time[row]))
    before = int(columns.time[columns.distinct[at - 1]])
    count = (int(columns.time[row]) - before) // columns.step_ns - 1
    since = instant_text(before + columns.step_ns)
    return f"{count} missing since {since}" if count else f"late: expected at {since}"


def spike(columns: Columns, row: int) -> str:
    """The closes before, at and after a row."""
    at = int(np.searchsorted(columns.time[columns.distinct], columns.time[row]))
    close = columns.values["close" if "close" in columns.values else "price"]
    before, now, after = (close[columns.distinct[i]] for i in (at - 1, at, at + 1))
    return f"close {before:.10g}, {now:.10g}, {after:.10g}"


def step_before(columns: Columns, row: int) -> str:
    """How far a row is from its predecessor, in seconds."""
    at = int(np.searchsorted(columns.time[columns.distinct], columns.time[row]))
    return f"{columns.steps[at - 1] / 1e9:g} s after the row before, a bar lasts {columns.step_ns / 1e9:g} s"
