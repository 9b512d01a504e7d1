"""Scales from values to pixels, with ticks where a person would put them: at round numbers, at midnight, on a first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.research.reports.wording import EPOCH

_M, _H, _D = UNITS_NS["m"], UNITS_NS["h"], UNITS_NS["d"]
STEPS_NS = (
    *(n * UNITS_NS["s"] for n in (1, 5, 15, 30)),
    *(n * _M for n in (1, 5, 15, 30)),
    *(n * _H for n in (1, 3, 6, 12)),
    *(n * _D for n in (1, 2, 4, 7, 14)),
)
MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600)


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear scale from values to pixels, with ticks at round values."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """The pixel of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def axis(low: float, high: float, start: float, end: float, ticks: int = 5) -> Axis:
    """An axis that covers `low` to `high` and begins and ends on a tick."""
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-6):
        pad = 0.5 * max(abs(low), abs(high), 0.01)
        low, high = low - pad, high + pad
    rough = (high - low) / ticks
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return Axis(first * step, last * step, start, end, tuple(i * step for i in range(first, last + 1)))


def tight_axis(low: float, high: float, start: float, end: float, ticks: int = 5) -> Axis:
    """An axis from exactly `low` to `high`, its ticks at the round values between."""
    if low == high:
        low, high = low - 0.5 * max(abs(low), 0.01), high + 0.5 * max(abs(high), 0.01)
    wide = axis(low, high, start, end, ticks)
    return Axis(low, high, start, end, tuple(tick for tick in wide.ticks if low <= tick <= high))


def time_axis(low_ns: int, high_ns: int, start: float, end: float, ticks: int = 6) -> tuple[Axis, tuple[str, ...]]:
    """An axis over time in ns UTC, with at most about `ticks` ticks on whole hours, days or months, and their texts."""
    high_ns = max(high_ns, low_ns + UNITS_NS["s"])
    step = next((step for step in STEPS_NS if (high_ns - low_ns) / step <= ticks), None)
    if step is None:
        found, form = _months(low_ns, high_ns, ticks)
    else:
        found = list(range(-(-low_ns // step) * step, high_ns + 1, step))
        form = "%-d %b %Y" if step >= _D else "%-d %b %H:%M" if step >= _M else "%H:%M:%S"
    texts = tuple(_written(tick, form) for tick in found)
    return Axis(float(low_ns), float(high_ns), start, end, tuple(float(tick) for tick in found)), texts


def _months(low_ns: int, high_ns: int, ticks: int) -> tuple[list[int], str]:
    """Firsts of months or years between two moments."""
    first, last = (int(np.datetime64(ns, "ns").astype("datetime64[M]").astype(np.int64)) for ns in (low_ns, high_ns))
    step = next((step for step in MONTHS if (last - first) / step <= ticks), MONTHS[-1])
    months = range(-(-first // step) * step, last + 1, step)
    found = [int(np.datetime64(month, "M").astype("datetime64[ns]").astype(np.int64)) for month in months]
    return [ns for ns in found if low_ns <= ns <= high_ns], "%b %Y" if step < 12 else "%Y"


def _written(time_ns: int, form: str) -> str:
    when = EPOCH + timedelta(microseconds=time_ns // 1000)
    return when.strftime(form.replace("%-d", str(when.day)))
