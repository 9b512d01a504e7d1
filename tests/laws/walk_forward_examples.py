"""Markets with and without an edge, and a strategy that would find it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tradewind import Bars, Strategy, ZScore, param

HOUR = 3_600_000_000_000
FIRST = 1_600_000_000_000_000_000 // HOUR * HOUR
SPACE = {"period": [10, 20, 30, 40, 50], "entry": [0.5, 1.0, 1.5, 2.0]}


class BuyDips(Strategy):
    """Long from `entry` deviations under the mean until the price is back at it."""

    period = param(20, low=5, high=50)
    entry = param(1.0, low=0.0, high=3.0)

    def setup(self):
        self.z = ZScore(self.period)

    def on_bar(self, bar):
        if self.position:
            if self.z.value > 0.0:
                self.close()
        elif self.z.value < -self.entry:
            self.buy()


def bars_of(log_price: NDArray[np.float64], seed: int) -> Bars:
    n, chance = len(log_price), np.random.default_rng([seed, 1])
    close = 100.0 * np.exp(log_price)
    opened = np.concatenate(([100.0], close[:-1]))
    reach = 1.0 + np.abs(chance.normal(0.0, 0.001, n))
    high, low = np.maximum(opened, close) * reach, np.minimum(opened, close) / reach
    return Bars("X/USDT", "1h", FIRST + np.arange(n, dtype=np.int64) * HOUR, opened, high, low, close, np.full(n, 10.0))


def noise(seed: int, n: int = 6_000) -> Bars:
    """A random walk: nothing can be earned but by luck."""
    return bars_of(np.cumsum(np.random.default_rng(seed).normal(0.0, 0.005, n)), seed)


def returning(seed: int, n: int = 6_000) -> Bars:
    """A random walk with swings around it that die out by a tenth each bar: dips come back."""
    chance = np.random.default_rng(seed)
    swing, shock = np.zeros(n), chance.normal(0.0, 0.005, n)
    for i in range(1, n):
        swing[i] = 0.9 * swing[i - 1] + shock[i]
    return bars_of(swing + np.cumsum(chance.normal(0.0, 0.002, n)), seed)
