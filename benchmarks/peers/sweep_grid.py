"""The parameter sets that every contender sweeps over."""

from __future__ import annotations

import numpy as np


def grid(sets: int) -> list[tuple[int, int]]:
    """`sets` pairs of a fast length from 5 to 50 and a slow one from 60 to 200, spread evenly."""
    fasts = max(1, round((sets / 1.6) ** 0.5))
    slows = max(1, sets // fasts)
    return [
        (int(fast), int(slow))
        for fast in np.linspace(5, 50, fasts).round()
        for slow in np.linspace(60, 200, slows).round()
    ]
