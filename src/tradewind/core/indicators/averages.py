"""Moving averages over a window: simple, exponential, weighted, volume-weighted.

Sums over a window are built only by adding. A ring is cut into blocks as long as the window: when a block is complete
it is folded into the sums of its tails, and the window's sum is then the tail that is still inside it plus the sum of
the values since. Nothing is ever subtracted, so nothing drifts, and a value that has left leaves no trace.
"""

from __future__ import annotations

from tradewind.core.indicators.indicator import NAN, Indicator, ring
from tradewind.core.indicators.parameters import checked_length


class SMA(Indicator):
    """Simple moving average: the mean of the last `length` values.

    Ready after `length` updates. Equals TA-Lib's SMA.
    """

    def __init__(self, length: int) -> None:
        self.length = checked_length(length, "SMA")
        super().__init__(warmup=self.length)
        self.at = 0
        self.fresh = 0.0
        self.tails = ring(self.length)

    def update(self, price: float) -> None:
        """Take the next value."""
        at = self.at
        tails = self.tails
        self.count += 1
        self.prev = self.value
        fresh = self.fresh + price
        tails[at] = price
        at += 1
        if at < self.length:
            self.at = at
            self.fresh = fresh
            if self.count >= self.length:
                self.value = (fresh + tails[at]) / self.length
        else:
            self.value = fresh / self.length
            self.at = 0
            self.fresh = 0.0
            # Four at a time: the sums inside a group do not wait for the groups before it.
            tail = 0.0
            for i in range(at - 1, 2, -4):
                fourth = tails[i]
                third = tails[i - 1] + fourth
                second = tails[i - 2] + third
                first = tails[i - 3] + second
                tails[i] = tail + fourth
                tails[i - 1] = tail + third
                tails[i - 2] = tail + second
                tail += first
                tails[i - 3] = tail
            for i in range(at % 4 - 1, -1, -1):
                tail += tails[i]
                tails[i] = tail


class EMA(Indicator):
    """Exponential moving average with weight 2 / (length + 1), begun with the mean of the first `length` values.

    Ready after `length` updates. Equals TA-Lib's EMA.
    """

    def __init__(self, length: int) -> None:
        self.length = checked_length(length, "EMA")
        super().__init__(warmup=self.length)
        self.weight = 2.0 / (self.length + 1)
        self.total = 0.0

    def update(self, price: float) -> None:
        """Take the next value."""
        value = self.value
        self.prev = value
        self.count += 1
        if self.count > self.length:
            self.value = value + self.weight * (price - value)
        else:
            self.total += price
            if self.count == self.length:
                self.value = self.total / self.length


class WMA(Indicator):
    """Linearly weighted moving average: the newest value weighs `length`, the oldest 1.

    Ready after `length` updates. Equals TA-Lib's WMA. The ring holds tails of tails, which are weighted tails.
    """

    def __init__(self, length: int) -> None:
        self.length = checked_length(length, "WMA")
        super().__init__(warmup=self.length)
        self.at = 0
        self.fresh = 0.0
        self.fresh_weighted = 0.0
        self.weights = self.length * (self.length + 1) / 2.0
        self.tails = ring(self.length)

    def update(self, price: float) -> None:
        """Take the next value."""
        at = self.at
        tails = self.tails
        self.count += 1
        self.prev = self.value
        tails[at] = price
        at += 1
        self.fresh += price
        self.fresh_weighted += at * price
        if at < self.length:
            self.at = at
            if self.count >= self.length:
                self.value = (self.fresh_weighted + (self.length - at) * self.fresh + tails[at]) / self.weights
        else:
            self.value = self.fresh_weighted / self.weights
            self.at = 0
            self.fresh = 0.0
            self.fresh_weighted = 0.0
            tail = 0.0
            weighted = 0.0
            for i in range(at - 1, -1, -1):
                tail += tails[i]
                weighted += tail
                tails[i] = weighted


class VWMA(Indicator):
    """Volume-weighted moving average: sum of price x volume over sum of volume, over the last `length` bars.

    Ready after `length` updates; NaN while the window holds no volume, as a mean without weights is undefined. Equals
    TA-Lib's VWMA.
    """

    def __init__(self, length: int) -> None:
        self.length = checked_length(length, "VWMA")
        super().__init__(warmup=self.length)
        self.turnover = SMA(self.length)
        self.volume = SMA(self.length)

    def update(self, price: float, volume: float) -> None:
        """Take the next price and the volume that traded at it."""
        self.count += 1
        self.prev = self.value
        self.turnover.update(price * volume)
        self.volume.update(volume)
        if self.count >= self.length:
            self.value = self.turnover.value / self.volume.value if self.volume.value > 0.0 else NAN
