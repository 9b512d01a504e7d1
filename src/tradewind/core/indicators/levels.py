"""The highest and lowest of a window, and the channel between them.

The extreme of a window is found as the sum is in `averages`: a complete block is folded into the extremes of its tails,
so an update costs the same whatever the length.
"""

from __future__ import annotations

from tradewind.core.indicators.indicator import NAN, Indicator, ring
from tradewind.core.indicators.parameters import checked_length


class Highest(Indicator):
    """The highest of the last `length` values, this one included.

    Fed the close; `Highest(20).of("high")` takes the highs. Ready after `length` updates. Equals TA-Lib's MAX.
    """

    def __init__(self, length: int) -> None:
        self.length = checked_length(length, "Highest")
        super().__init__(warmup=self.length)
        self.at = 0
        self.fresh = NAN
        self.tails = ring(self.length)

    def update(self, price: float) -> None:
        """Take the next value."""
        at = self.at
        tails = self.tails
        self.count += 1
        self.prev = self.value
        best = self.fresh
        if at == 0 or price > best:
            best = price
        tails[at] = price
        at += 1
        if at < self.length:
            self.at = at
            self.fresh = best
            if self.count >= self.length:
                self.value = max(best, tails[at])
        else:
            self.value = best
            self.at = 0
            best = price
            for i in range(at - 1, -1, -1):
                best = max(best, tails[i])
                tails[i] = best


class Lowest(Indicator):
    """The lowest of the last `length` values, this one included.

    Fed the close; `Lowest(20).of("low")` takes the lows. Ready after `length` updates. Equals TA-Lib's MIN.
    """

    def __init__(self, length: int) -> None:
        self.length = checked_length(length, "Lowest")
        super().__init__(warmup=self.length)
        self.at = 0
        self.fresh = NAN
        self.tails = ring(self.length)

    def update(self, price: float) -> None:
        """Take the next value."""
        at = self.at
        tails = self.tails
        self.count += 1
        self.prev = self.value
        best = self.fresh
        if at == 0 or price < best:
            best = price
        tails[at] = price
        at += 1
        if at < self.length:
            self.at = at
            self.fresh = best
            if self.count >= self.length:
                self.value = min(best, tails[at])
        else:
            self.value = best
            self.at = 0
            best = price
            for i in range(at - 1, -1, -1):
                best = min(best, tails[i])
                tails[i] = best


class Donchian(Indicator):
    """Donchian channel: `upper` the highest high and `lower` the lowest low of `length` bars, `value` their middle.

    The present bar is inside the window: a breakout is a close above the channel of the bar before, `prev_upper` or
    below `prev_lower`. Ready after `length` updates. Equals TA-Lib's DONCHIAN.
    """

    outputs = ("value", "upper", "lower")

    def __init__(self, length: int = 20) -> None:
        self.length = checked_length(length, "Donchian")
        super().__init__(warmup=self.length)
        self.upper = NAN
        self.lower = NAN
        self.prev_upper = NAN
        self.prev_lower = NAN
        self.highest = Highest(self.length)
        self.lowest = Lowest(self.length)

    def update(self, high: float, low: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        self.prev_upper = self.upper
        self.prev_lower = self.lower
        self.highest.update(high)
        self.lowest.update(low)
        self.upper = self.highest.value
        self.lower = self.lowest.value
        self.value = (self.upper + self.lower) / 2.0
