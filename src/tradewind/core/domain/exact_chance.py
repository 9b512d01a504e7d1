"""Chance that is the same to the last bit on every machine.

Raw words of Philox (counter-based, fixed by its paper: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
SC 2011) and nothing but additions, products, quotients and roots, which IEEE 754 fixes. Exponentials, logarithms and
NumPy's own distributions may differ in their last bit between processors and versions.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np

from tradewind.core.domain.market_data import Values

NORMAL_SCALE = math.sqrt(0.75)
"""The sum of four uniforms on (-1, 1) has variance 4/3."""


class Chance:
    """A stream of numbers named by a seed and a text; streams do not disturb each other."""

    def __init__(self, seed: int, stream: str) -> None:
        name = int.from_bytes(hashlib.sha256(stream.encode()).digest()[:8], "little")
        self._philox = np.random.Philox(key=np.array([seed, name], dtype=np.uint64))

    def uniform(self, count: int) -> Values:
        """Numbers in [0, 1)."""
        words = self._philox.random_raw(count) >> np.uint64(11)
        return words.astype(np.float64) * 2.0**-53

    def normal(self, count: int) -> Values:
        """Numbers of mean 0 and variance 1, nearly normal, never beyond 3.47: sums of four uniforms of 16 bits."""
        words = self._philox.random_raw(count)
        total = np.zeros(count, dtype=np.int64)
        for shift in (0, 16, 32, 48):
            total += ((words >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.int64)
        return (total - 2 * 0xFFFF).astype(np.float64) * (NORMAL_SCALE / 32_768.0)
