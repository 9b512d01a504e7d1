"""Moving averages made to lag less: Hull, double and triple exponential, Kaufman's adaptive."""

from __future__ import annotations

import math

from tradewind.core.indicators.averages import EMA, SMA, WMA
from tradewind.core.indicators.indicator import Indicator, ring
from tradewind.core.indicators.parameters import checked_length, checked_order


class HMA(Indicator):
    """Hull moving average: WMA(2 x WMA(length / 2) - WMA(length), sqrt(length)), divisions rounded down.

    Ready after length + floor(sqrt(length)) - 1 updates. Source: Alan Hull, "Hull Moving Average" (2005). Equals
    TA-Lib's HMA.
    """

    def __init__(self, length: int) -> None:
        self.length = checked_length(length, "HMA")
        root = math.isqrt(self.length)
        super().__init__(warmup=self.length + root - 1)
        self.half = WMA(max(1, self.length // 2))
        self.whole = WMA(self.length)
        self.smooth = WMA(root)

    def update(self, price: float) -> None:
        """Take the next value."""
        self.count += 1
        self.prev = self.value
        self.half.update(price)
        self.whole.update(price)
        if self.count >= self.length:
            self.smooth.update(2.0 * self.half.value - self.whole.value)
            self.value = self.smooth.value


class DEMA(Indicator):
    """Double exponential moving average: 2 x EMA - EMA of EMA.

    Ready after 2 x length - 1 updates. Source: Patrick Mulloy, Stocks & Commodities 12:1 (1994). Equals TA-Lib's DEMA.
    """

    def __init__(self, length: int) -> None:
        self.length = checked_length(length, "DEMA")
        super().__init__(warmup=2 * self.length - 1)
        self.once = EMA(self.length)
        self.twice = EMA(self.length)

    def update(self, price: float) -> None:
        """Take the next value."""
        self.count += 1
        self.prev = self.value
        self.once.update(price)
        if self.count >= self.length:
            self.twice.update(self.once.value)
            if self.count >= self.warmup:
                self.value = 2.0 * self.once.value - self.twice.value


class TEMA(Indicator):
    """Triple exponential moving average: 3 x EMA - 3 x EMA of EMA + EMA of EMA of EMA.

    Ready after 3 x length - 2 updates. Source: Patrick Mulloy, Stocks & Commodities 12:1 (1994). Equals TA-Lib's TEMA.
    """

    def __init__(self, length: int) -> None:
        self.length = checked_length(length, "TEMA")
        super().__init__(warmup=3 * self.length - 2)
        self.once = EMA(self.length)
        self.twice = EMA(self.length)
        self.thrice = EMA(self.length)

    def update(self, price: float) -> None:
        """Take the next value."""
        self.count += 1
        self.prev = self.value
        self.once.update(price)
        if self.count >= self.length:
            self.twice.update(self.once.value)
        if self.count >= 2 * self.length - 1:
            self.thrice.update(self.twice.value)
        if self.count >= self.warmup:
            self.value = 3.0 * self.once.value - 3.0 * self.twice.value + self.thrice.value


class KAMA(Indicator):
    """Kaufman's adaptive moving average: quick where the price moves straight, slow where it wanders.

    The efficiency ratio is |net change| / sum of |changes| over `length` steps; the weight runs with it between those
    of an EMA of `slow` and one of `fast` updates, and is squared. A price that did not move counts as efficient. Ready
    after length + 1 updates. Source: Perry Kaufman, Smarter Trading (1995). Equals TA-Lib's KAMA, which fixes fast 2,
    slow 30.
    """

    def __init__(self, length: int = 10, fast: int = 2, slow: int = 30) -> None:
        self.length = checked_length(length, "KAMA")
        fast = checked_length(fast, "KAMA", "fast")
        slow = checked_length(slow, "KAMA", "slow")
        checked_order(fast, slow, "KAMA", "fast", "slow")
        super().__init__(warmup=self.length + 1)
        self.weight_slow = 2.0 / (slow + 1)
        self.weight_range = 2.0 / (fast + 1) - self.weight_slow
        self.last = 0.0
        self.steps = SMA(self.length)
        self.at = 0
        self.past = ring(self.length)

    def update(self, price: float) -> None:
        """Take the next value."""
        self.prev = self.value
        self.count += 1
        oldest = self.past[self.at]
        self.past[self.at] = price
        self.at += 1
        if self.at == self.length:
            self.at = 0
        if self.count > 1:
            self.steps.update(abs(price - self.last))
        if self.count > self.length:
            net = abs(price - oldest)
            walked = self.steps.value * self.length
            efficiency = net / walked if walked > net else 1.0
            weight = efficiency * self.weight_range + self.weight_slow
            start = self.last if self.count == self.warmup else self.value
            self.value = start + weight * weight * (price - start)
        self.last = price
