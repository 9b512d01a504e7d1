"""Spread and slope of a window: standard deviation, z-score, linear regression slope."""

from __future__ import annotations

import math

from tradewind.core.indicators.indicator import NAN, Indicator, ring
from tradewind.core.indicators.parameters import checked_length

PEAK_RATIO_MIN = 1e-3
"""Below this part of the largest sum of squares since the last look, a spread may be mostly rounding: look again."""


class Moments:
    """Mean and population variance of the last `length` values; the machinery of the indicators below.

    Sums of deviations and of their squares are kept from an origin inside the window. They are computed anew around the
    newest value when the ring wraps, and whenever the spread is small beside what has passed through the sums (a jump,
    or an outlier that left): so a spread of 1e-2 on a price of 1e5 keeps its digits, and equal values have variance 0
    exactly.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self.filled = 0
        self.at = 0
        self.origin = 0.0
        self.first = 0.0
        self.second = 0.0
        self.peak = 0.0
        self.mean = NAN
        self.variance = NAN
        self.window = ring(length)

    def update(self, x: float) -> None:
        """Take the next value; `mean` and `variance` are of the last `length` values, or of those there were."""
        at = self.at
        deviation = x - self.origin
        if self.filled < self.length:
            self.filled += 1
            self.first += deviation
            self.second += deviation * deviation
        else:
            gone = self.window[at] - self.origin
            self.first += deviation - gone
            self.second += deviation * deviation - gone * gone
        self.window[at] = x
        at += 1
        if at == self.length:
            at = 0
        self.at = at
        self.peak = max(self.peak, self.second)
        spread = self.second - self.first * self.first / self.filled
        if at == 0 or spread < PEAK_RATIO_MIN * self.peak:
            self.recentre(x)
            spread = self.second - self.first * self.first / self.filled
        self.mean = self.origin + self.first / self.filled
        self.variance = spread / self.filled if not spread < 0.0 else 0.0

    def recentre(self, x: float) -> None:
        """Compute the sums anew from the ring, around `x`."""
        first = 0.0
        second = 0.0
        for i in range(self.filled):
            deviation = self.window[i] - x
            first += deviation
            second += deviation * deviation
        self.origin = x
        self.first = first
        self.second = second
        self.peak = second


class StandardDeviation(Indicator):
    """Population standard deviation of the last `length` values; 0 where they are all the same.

    Ready after `length` updates. Equals TA-Lib's STDDEV with nbdev 1.
    """

    def __init__(self, length: int) -> None:
        self.length = checked_length(length, "StandardDeviation", least=2)
        super().__init__(warmup=self.length)
        self.moments = Moments(self.length)

    def update(self, price: float) -> None:
        """Take the next value."""
        self.count += 1
        self.prev = self.value
        self.moments.update(price)
        if self.count >= self.length:
            self.value = math.sqrt(self.moments.variance)


class ZScore(Indicator):
    """How many standard deviations the value is from the mean of the last `length`: (x - mean) / deviation.

    The deviation is the population's and the window includes x. Ready after `length` updates; NaN where the window does
    not vary, as 0 / 0 is undefined.
    """

    def __init__(self, length: int) -> None:
        self.length = checked_length(length, "ZScore", least=2)
        super().__init__(warmup=self.length)
        self.moments = Moments(self.length)

    def update(self, price: float) -> None:
        """Take the next value."""
        self.count += 1
        self.prev = self.value
        self.moments.update(price)
        if self.count >= self.length:
            variance = self.moments.variance
            self.value = (price - self.moments.mean) / math.sqrt(variance) if variance > 0.0 else NAN


class LinearRegressionSlope(Indicator):
    """Slope of the least-squares line through the last `length` values, in value per update.

    Deviations are taken from the newest value and the sum is made anew on each update, in `length` steps. Ready after
    `length` updates. Equals TA-Lib's LINEARREG_SLOPE.
    """

    def __init__(self, length: int = 14) -> None:
        self.length = checked_length(length, "LinearRegressionSlope", least=2)
        super().__init__(warmup=self.length)
        self.middle = (self.length - 1) / 2.0
        self.spread = self.length * (self.length * self.length - 1) / 12.0
        self.at = 0
        self.window = ring(self.length)

    def update(self, price: float) -> None:
        """Take the next value."""
        self.count += 1
        self.prev = self.value
        self.window[self.at] = price
        self.at += 1
        if self.at == self.length:
            self.at = 0
        if self.count >= self.length:
            together = 0.0
            place = -self.middle
            for i in range(self.at, self.length):
                together += place * (self.window[i] - price)
                place += 1.0
            for i in range(self.at):
                together += place * (self.window[i] - price)
                place += 1.0
            self.value = together / self.spread
