"""How far prices move: true range and its average, Bollinger and Keltner bands."""

from __future__ import annotations

import math

from tradewind.core.indicators.averages import EMA
from tradewind.core.indicators.indicator import NAN, Indicator
from tradewind.core.indicators.parameters import checked_length, checked_positive
from tradewind.core.indicators.statistics import Moments


def true_range(high: float, low: float, close_before: float) -> float:
    """The bar's range, stretched to the close before it where the price jumped. Source: Wilder (1978)."""
    top = max(close_before, high)
    bottom = min(close_before, low)
    return top - bottom


class TrueRange(Indicator):
    """True range: the largest of high - low, |high - close before| and |low - close before|.

    Ready after 2 updates, as the first bar has no close before it. Source: J. Welles Wilder, New Concepts in Technical
    Trading Systems (1978). Equals TA-Lib's TRANGE.
    """

    def __init__(self) -> None:
        super().__init__(warmup=2)
        self.last = 0.0

    def update(self, high: float, low: float, close: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        if self.count > 1:
            self.value = true_range(high, low, self.last)
        self.last = close


class ATR(Indicator):
    """Average true range, with Wilder's smoothing, begun with the mean of the first `length` true ranges.

    Ready after length + 1 updates. Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978). Equals
    TA-Lib's ATR.
    """

    def __init__(self, length: int = 14) -> None:
        self.length = checked_length(length, "ATR")
        super().__init__(warmup=self.length + 1)
        self.last = 0.0
        self.total = 0.0

    def update(self, high: float, low: float, close: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        if self.count > 1:
            span = true_range(high, low, self.last)
            if self.count > self.warmup:
                self.value = (self.value * (self.length - 1) + span) / self.length
            else:
                self.total += span
                if self.count == self.warmup:
                    self.value = self.total / self.length
        self.last = close


class BollingerBands(Indicator):
    """Bollinger bands: the mean of `length` values, and `deviations` population standard deviations above and below it.

    `middle` (also `value`), `upper`, `lower`; `width` = (upper - lower) / middle; `percent` = (price - lower) / (upper
    - lower), NaN where the bands have no width. Ready after `length` updates. Source: John Bollinger, Bollinger on
    Bollinger Bands (2001). Equals TA-Lib's BBANDS with a simple average.
    """

    outputs = ("value", "middle", "upper", "lower", "width", "percent")

    def __init__(self, length: int = 20, deviations: float = 2.0) -> None:
        self.length = checked_length(length, "BollingerBands", least=2)
        self.deviations = checked_positive(deviations, "BollingerBands", "deviations")
        super().__init__(warmup=self.length)
        self.middle = NAN
        self.upper = NAN
        self.lower = NAN
        self.width = NAN
        self.percent = NAN
        self.moments = Moments(self.length)

    def update(self, price: float) -> None:
        """Take the next value."""
        self.count += 1
        self.prev = self.value
        self.moments.update(price)
        if self.count < self.length:
            return
        middle = self.moments.mean
        reach = self.deviations * math.sqrt(self.moments.variance)
        self.value = middle
        self.middle = middle
        self.upper = middle + reach
        self.lower = middle - reach
        self.width = 2.0 * reach / middle if middle != 0.0 else NAN
        self.percent = (price - self.lower) / (2.0 * reach) if reach > 0.0 else NAN


class Keltner(Indicator):
    """Keltner channel: an EMA of the typical price, and `multiplier` average true ranges above and below it.

    `middle` (also `value`), `upper`, `lower`; the typical price is (high + low + close) / 3. The average that needs
    fewer bars begins late, so that both have their first value together. Ready after the longer of `length` and
    atr_length + 1 updates. Source: Chester Keltner, How to Make Money in Commodities (1960), in Linda Raschke's form
    with an EMA and the true range. Equals TA-Lib's KC.
    """

    outputs = ("value", "middle", "upper", "lower")

    def __init__(self, length: int = 20, atr_length: int = 10, multiplier: float = 2.0) -> None:
        length = checked_length(length, "Keltner")
        atr_length = checked_length(atr_length, "Keltner", "atr_length")
        self.multiplier = checked_positive(multiplier, "Keltner", "multiplier")
        super().__init__(warmup=max(length, atr_length + 1))
        self.wait_average = self.warmup - length
        self.wait_atr = self.warmup - atr_length - 1
        self.middle = NAN
        self.upper = NAN
        self.lower = NAN
        self.average = EMA(length)
        self.atr = ATR(atr_length)

    def update(self, high: float, low: float, close: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        if self.count > self.wait_average:
            self.average.update((high + low + close) / 3.0)
        if self.count > self.wait_atr:
            self.atr.update(high, low, close)
        if self.count >= self.warmup:
            self.middle = self.average.value
            self.value = self.middle
            self.upper = self.middle + self.multiplier * self.atr.value
            self.lower = self.middle - self.multiplier * self.atr.value
