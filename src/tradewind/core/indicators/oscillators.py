"""Oscillators of price: RSI, stochastics, Williams %R, CCI, rate of change.

Where a window is flat, or differs only by rounding, their formulas divide 0 by 0; as in TA-Lib the value is then 0.
"""

from __future__ import annotations

from tradewind.core.indicators.averages import SMA
from tradewind.core.indicators.indicator import NAN, Indicator, ring
from tradewind.core.indicators.levels import Highest, Lowest
from tradewind.core.indicators.parameters import checked_length
from tradewind.core.indicators.rounding import SAME, same

CCI_SCALE = 0.015
"""Lambert's constant: with it, most values fall between -100 and 100."""


class RSI(Indicator):
    """Relative strength index: 100 x average gain / (average gain + average loss), with Wilder's smoothing.

    0 to 100; 0 where nothing has moved yet. Ready after length + 1 updates. Source: J. Welles Wilder, New Concepts in
    Technical Trading Systems (1978). Equals TA-Lib's RSI.
    """

    def __init__(self, length: int = 14) -> None:
        self.length = checked_length(length, "RSI", least=2)
        super().__init__(warmup=self.length + 1)
        self.last = NAN
        self.gain = 0.0
        self.loss = 0.0

    def update(self, price: float) -> None:
        """Take the next value."""
        change = price - self.last
        gain = max(0.0, change)
        loss = -change if change < 0.0 else 0.0
        self.last = price
        self.prev = self.value
        self.count += 1
        length = self.length
        if self.count <= self.warmup:
            self.gain += gain
            self.loss += loss
            if self.count < self.warmup:
                return
            self.gain /= length
            self.loss /= length
        else:
            self.gain = (self.gain * (length - 1) + gain) / length
            self.loss = (self.loss * (length - 1) + loss) / length
        # An unchanged price shrinks both averages alike: their quotient stays, and must not move by rounding.
        if change != 0.0 or self.count == self.warmup:
            moved = self.gain + self.loss
            self.value = 100.0 * self.gain / moved if moved > 0.0 else 0.0


class Stochastic(Indicator):
    """Stochastic oscillator: where the close stands between the lowest low and the highest high of `length` bars.

    `k` (also `value`) is that place, 0 to 100, averaged over `smooth_k` bars; `d` is k averaged over `smooth_d`. A
    window without range counts as 0. Ready after length + smooth_k + smooth_d - 2 updates. Source: George Lane (1950s),
    as in Stocks & Commodities 2:3 (1984). Equals TA-Lib's STOCH; with smooth_k 1, its STOCHF.
    """

    outputs = ("value", "k", "d")

    def __init__(self, length: int = 14, smooth_k: int = 3, smooth_d: int = 3) -> None:
        self.length = checked_length(length, "Stochastic")
        smooth_k = checked_length(smooth_k, "Stochastic", "smooth_k")
        smooth_d = checked_length(smooth_d, "Stochastic", "smooth_d")
        super().__init__(warmup=self.length + smooth_k + smooth_d - 2)
        self.smoothed_from = self.length + smooth_k - 1
        self.k = NAN
        self.d = NAN
        self.highest = Highest(self.length)
        self.lowest = Lowest(self.length)
        self.average_k = SMA(smooth_k)
        self.average_d = SMA(smooth_d)

    def update(self, high: float, low: float, close: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        self.highest.update(high)
        self.lowest.update(low)
        if self.count < self.length:
            return
        top = self.highest.value
        bottom = self.lowest.value
        self.average_k.update(0.0 if same(top, bottom) else 100.0 * (close - bottom) / (top - bottom))
        if self.count < self.smoothed_from:
            return
        self.average_d.update(self.average_k.value)
        if self.count >= self.warmup:
            self.k = self.average_k.value
            self.d = self.average_d.value
            self.value = self.k


class StochasticRSI(Indicator):
    """Where the RSI stands between its own lowest and highest of `length` values, 0 to 100.

    `k` (also `value`) is that place averaged over `smooth_k` values (1: as it is), `d` is k averaged over `smooth_d`.
    An RSI without range counts as 0. Ready after rsi_length + length + smooth_k + smooth_d - 2 updates. Source: Chande
    and Kroll, The New Technical Trader (1994). Equals TA-Lib's STOCHRSI (fastk, fastd) with smooth_k 1.
    """

    outputs = ("value", "k", "d")

    def __init__(self, rsi_length: int = 14, length: int = 14, smooth_k: int = 1, smooth_d: int = 3) -> None:
        rsi_length = checked_length(rsi_length, "StochasticRSI", "rsi_length", least=2)
        length = checked_length(length, "StochasticRSI")
        smooth_k = checked_length(smooth_k, "StochasticRSI", "smooth_k")
        smooth_d = checked_length(smooth_d, "StochasticRSI", "smooth_d")
        super().__init__(warmup=rsi_length + length + smooth_k + smooth_d - 2)
        self.k = NAN
        self.d = NAN
        self.rsi = RSI(rsi_length)
        self.place = Stochastic(length, smooth_k, smooth_d)

    def update(self, price: float) -> None:
        """Take the next value."""
        self.count += 1
        self.prev = self.value
        self.rsi.update(price)
        if self.count >= self.rsi.warmup:
            self.place.update(self.rsi.value, self.rsi.value, self.rsi.value)
            self.k = self.place.k
            self.d = self.place.d
            self.value = self.k


class WilliamsR(Indicator):
    """Williams %R: how far the close is below the highest high, in percent of the range of `length` bars.

    -100 to 0; 0 where the window has no range. Ready after `length` updates. Source: Larry Williams, How I Made One
    Million Dollars (1973). Equals TA-Lib's WILLR.
    """

    def __init__(self, length: int = 14) -> None:
        self.length = checked_length(length, "WilliamsR")
        super().__init__(warmup=self.length)
        self.highest = Highest(self.length)
        self.lowest = Lowest(self.length)

    def update(self, high: float, low: float, close: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        self.highest.update(high)
        self.lowest.update(low)
        if self.count >= self.length:
            top = self.highest.value
            bottom = self.lowest.value
            self.value = 0.0 if same(top, bottom) else -100.0 * (top - close) / (top - bottom)


class CCI(Indicator):
    """Commodity channel index: (typical price - its mean) / (0.015 x mean absolute deviation) over `length` bars.

    The typical price is (high + low + close) / 3. 0 where it did not vary. Ready after `length` updates. Source: Donald
    Lambert, Commodities magazine (October 1980). Equals TA-Lib's CCI.
    """

    def __init__(self, length: int = 20) -> None:
        self.length = checked_length(length, "CCI", least=2)
        super().__init__(warmup=self.length)
        self.at = 0
        self.window = ring(self.length)

    def update(self, high: float, low: float, close: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        typical = (high + low + close) / 3.0
        window = self.window
        window[self.at] = typical
        self.at += 1
        if self.at == self.length:
            self.at = 0
        if self.count < self.length:
            return
        # Deviations from the newest price: they are exact zeros on a flat window and small numbers on any other.
        total = 0.0
        for i in range(self.length):
            total += window[i] - typical
        mean = total / self.length
        deviation = 0.0
        for i in range(self.length):
            deviation += abs(window[i] - typical - mean)
        scale = CCI_SCALE * (deviation / self.length)
        self.value = -mean / scale if scale > CCI_SCALE * SAME * abs(typical) else 0.0


class ROC(Indicator):
    """Rate of change: percent by which the value differs from that of `length` updates ago.

    0 where the old value is 0. Ready after length + 1 updates. Equals TA-Lib's ROC.
    """

    def __init__(self, length: int = 10) -> None:
        self.length = checked_length(length, "ROC")
        super().__init__(warmup=self.length + 1)
        self.at = 0
        self.past = ring(self.length)

    def update(self, price: float) -> None:
        """Take the next value."""
        self.count += 1
        self.prev = self.value
        old = self.past[self.at]
        self.past[self.at] = price
        self.at += 1
        if self.at == self.length:
            self.at = 0
        if self.count > self.length:
            self.value = (price / old - 1.0) * 100.0 if old != 0.0 else 0.0
