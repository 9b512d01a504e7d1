"""Strength and direction of a trend: MACD, ADX with its directional indicators, Aroon."""

from __future__ import annotations

from tradewind.core.indicators.averages import EMA
from tradewind.core.indicators.indicator import NAN, Indicator, ring
from tradewind.core.indicators.parameters import checked_length, checked_order
from tradewind.core.indicators.volatility import true_range

INFINITY = float("inf")


class MACD(Indicator):
    """Moving average convergence divergence: `macd` = fast EMA - slow EMA, `signal` its EMA, `histogram` their gap.

    `value` is the macd line, so `macd.crossed_above(0.0)` is a cross of zero; a cross of the signal is a change of the
    histogram's sign. The fast average begins late, so that both have their first value together. Ready after slow +
    signal - 1 updates. Source: Gerald Appel, The Moving Average Convergence-Divergence Method (1979). Equals TA-Lib's
    MACD.
    """

    outputs = ("value", "macd", "signal", "histogram")

    def __init__(self, fast: int = 12, slow: int = 26, signal: int = 9) -> None:
        fast = checked_length(fast, "MACD", "fast")
        self.slow = checked_length(slow, "MACD", "slow")
        checked_order(fast, slow, "MACD", "fast", "slow")
        signal = checked_length(signal, "MACD", "signal")
        super().__init__(warmup=self.slow + signal - 1)
        self.wait = self.slow - fast
        self.macd = NAN
        self.signal = NAN
        self.histogram = NAN
        self.average_fast = EMA(fast)
        self.average_slow = EMA(self.slow)
        self.average_signal = EMA(signal)

    def update(self, price: float) -> None:
        """Take the next value."""
        self.count += 1
        self.prev = self.value
        self.average_slow.update(price)
        if self.count > self.wait:
            self.average_fast.update(price)
        if self.count < self.slow:
            return
        line = self.average_fast.value - self.average_slow.value
        self.average_signal.update(line)
        if self.count >= self.warmup:
            self.value = line
            self.macd = line
            self.signal = self.average_signal.value
            self.histogram = line - self.signal


class ADX(Indicator):
    """Average directional index: how strong the trend is, 0 to 100, whichever way; `plus_di` and `minus_di` say which.

    Directional movement and true range are smoothed as Wilder did; DX = 100 x |+DI - -DI| / (+DI + -DI); the ADX begins
    with the mean of the first `length` DX. A bar on which DX is undefined (no movement) leaves the ADX as it is. Ready
    after 2 x length updates, all three together. Source: J. Welles Wilder, New Concepts in Technical Trading Systems
    (1978). Equals TA-Lib's ADX, PLUS_DI and MINUS_DI.
    """

    outputs = ("value", "plus_di", "minus_di")

    def __init__(self, length: int = 14) -> None:
        self.length = checked_length(length, "ADX", least=2)
        super().__init__(warmup=2 * self.length)
        self.plus_di = NAN
        self.minus_di = NAN
        self.last_high = 0.0
        self.last_low = 0.0
        self.last_close = 0.0
        self.plus = 0.0
        self.minus = 0.0
        self.span = 0.0
        self.dx_total = 0.0

    def update(self, high: float, low: float, close: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        if self.count > 1:
            self.smooth(high - self.last_high, self.last_low - low, true_range(high, low, self.last_close))
        self.last_high = high
        self.last_low = low
        self.last_close = close
        if self.count > self.length:
            self.read()

    def smooth(self, up: float, down: float, span: float) -> None:
        """Add the bar's movements to the smoothed ones: plain sums for length - 1 bars, then Wilder's."""
        if self.count > self.length:
            self.plus -= self.plus / self.length
            self.minus -= self.minus / self.length
            self.span -= self.span / self.length
        self.span += span
        if down > 0.0 and down > up:
            self.minus += down
        elif up > 0.0 and up > down:
            self.plus += up

    def read(self) -> None:
        """Take the indicators from the smoothed movements."""
        plus = 100.0 * self.plus / self.span if self.span > 0.0 else 0.0
        minus = 100.0 * self.minus / self.span if self.span > 0.0 else 0.0
        either = plus + minus
        if either > 0.0:
            dx = 100.0 * abs(plus - minus) / either
            if self.count <= self.warmup:
                self.dx_total += dx
            else:
                self.value = (self.value * (self.length - 1) + dx) / self.length
        if self.count >= self.warmup:
            if self.count == self.warmup:
                self.value = self.dx_total / self.length
            self.plus_di = plus
            self.minus_di = minus


class Aroon(Indicator):
    """Aroon: how lately the highest high and the lowest low of the last length + 1 bars were made.

    `up` = 100 x (length - bars since the highest high) / length, `down` likewise for the low; of equals, the latest
    counts. `oscillator` (also `value`) = up - down. Ready after length + 1 updates. Source: Tushar Chande, Stocks &
    Commodities 13:9 (1995). Equals TA-Lib's AROON and AROONOSC.
    """

    outputs = ("value", "up", "down", "oscillator")

    def __init__(self, length: int = 14) -> None:
        self.length = checked_length(length, "Aroon", least=2)
        super().__init__(warmup=self.length + 1)
        self.up = NAN
        self.down = NAN
        self.oscillator = NAN
        self.high = SinceHighest(self.length + 1)
        self.low = SinceHighest(self.length + 1)

    def update(self, high: float, low: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        self.high.update(high)
        self.low.update(-low)
        if self.count >= self.warmup:
            self.up = 100.0 * (self.length - self.high.age) / self.length
            self.down = 100.0 * (self.length - self.low.age) / self.length
            self.oscillator = self.up - self.down
            self.value = self.oscillator


class SinceHighest:
    """How many updates ago (`age`) the highest of the last `size` values came; searched for when it leaves."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.at = 0
        self.age = 0
        self.best = -INFINITY
        self.window = ring(size, -INFINITY)

    def update(self, x: float) -> None:
        """Take the next value."""
        self.window[self.at] = x
        self.at += 1
        if self.at == self.size:
            self.at = 0
        self.age += 1
        if x >= self.best:
            self.best = x
            self.age = 0
        elif self.age >= self.size:
            self.search()

    def search(self) -> None:
        """Find the highest of the window from its oldest value, which stands at `at`, to its newest."""
        self.best = -INFINITY
        age = self.size
        for i in range(self.size):
            place = self.at + i
            if place >= self.size:
                place -= self.size
            age -= 1
            if self.window[place] >= self.best:
                self.best = self.window[place]
                self.age = age
