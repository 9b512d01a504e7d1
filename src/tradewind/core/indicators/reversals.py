"""Lines that follow the price and flip with the trend: parabolic SAR and Supertrend."""

from __future__ import annotations

from tradewind.core.domain.errors import BadInput
from tradewind.core.indicators.indicator import NAN, Indicator
from tradewind.core.indicators.parameters import checked_length, checked_positive
from tradewind.core.indicators.volatility import ATR


class PSAR(Indicator):
    """Parabolic stop and reverse: a stop that closes in on the price faster with each new extreme, and flips when hit.

    `direction` is 1 while it trails a rise from below, -1 above a fall. `step` is the acceleration's beginning and
    growth, `step_max` its limit. It begins long unless the second bar's low fell further than its high rose. Ready
    after 2 updates. Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978). Equals TA-Lib's SAR.
    """

    outputs = ("value", "direction")

    def __init__(self, step: float = 0.02, step_max: float = 0.2) -> None:
        self.step = checked_positive(step, "PSAR", "step")
        self.step_max = checked_positive(step_max, "PSAR", "step_max")
        if self.step > self.step_max:
            raise BadInput(
                f"step must not exceed step_max, found step={step} and step_max={step_max}",
                where="PSAR",
                fix="Choose a smaller step",
            )
        super().__init__(warmup=2)
        self.direction = NAN
        self.stop = 0.0
        self.extreme = 0.0
        self.pace = self.step
        self.last_high = 0.0
        self.last_low = 0.0

    def update(self, high: float, low: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        if self.count == 2:
            self.begin(high, low)
        if self.count >= 2:
            if self.direction > 0.0:
                self.trail_rise(high, low)
            else:
                self.trail_fall(high, low)
        self.last_high = high
        self.last_low = low

    def begin(self, high: float, low: float) -> None:
        """Choose the first direction, stop and extreme from the first two bars."""
        fell = self.last_low - low
        if fell > 0.0 and fell > high - self.last_high:
            self.direction = -1.0
            self.stop = self.last_high
            self.extreme = low
        else:
            self.direction = 1.0
            self.stop = self.last_low
            self.extreme = high
        # The first step looks at the second bar alone, as TA-Lib does.
        self.last_high = high
        self.last_low = low

    def trail_rise(self, high: float, low: float) -> None:
        """Move a stop below the price, or flip where the low touches it."""
        if low <= self.stop:
            self.direction = -1.0
            self.value = self.above(self.extreme, high)
            self.pace = self.step
            self.extreme = low
            self.stop = self.above(self.value + self.pace * (low - self.value), high)
            return
        self.value = self.stop
        if high > self.extreme:
            self.extreme = high
            self.quicken()
        self.stop = self.below(self.stop + self.pace * (self.extreme - self.stop), low)

    def trail_fall(self, high: float, low: float) -> None:
        """Move a stop above the price, or flip where the high touches it."""
        if high >= self.stop:
            self.direction = 1.0
            self.value = self.below(self.extreme, low)
            self.pace = self.step
            self.extreme = high
            self.stop = self.below(self.value + self.pace * (high - self.value), low)
            return
        self.value = self.stop
        if low < self.extreme:
            self.extreme = low
            self.quicken()
        self.stop = self.above(self.stop + self.pace * (self.extreme - self.stop), high)

    def quicken(self) -> None:
        """A new extreme: a step faster, up to the limit."""
        self.pace += self.step
        self.pace = min(self.pace, self.step_max)

    def above(self, stop: float, high: float) -> float:
        """The stop, raised to the last two highs where it is below them."""
        stop = max(stop, self.last_high)
        return max(high, stop)

    def below(self, stop: float, low: float) -> float:
        """The stop, lowered to the last two lows where it is above them."""
        stop = min(stop, self.last_low)
        return min(low, stop)


class Supertrend(Indicator):
    """Supertrend: a band `multiplier` average true ranges from the bar's middle, that only moves with the trend.

    `direction` is 1 while the price is above the line and -1 below it. Ready after length + 1 updates. Source: Olivier
    Seban (2009), published widely. Equals TA-Lib's SUPERTREND.
    """

    outputs = ("value", "direction")

    def __init__(self, length: int = 10, multiplier: float = 3.0) -> None:
        self.multiplier = checked_positive(multiplier, "Supertrend", "multiplier")
        self.atr = ATR(checked_length(length, "Supertrend"))
        super().__init__(warmup=self.atr.warmup)
        self.direction = NAN
        self.upper = NAN
        self.lower = NAN
        self.last = 0.0

    def update(self, high: float, low: float, close: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        self.atr.update(high, low, close)
        if self.count >= self.warmup:
            middle = (high + low) / 2.0
            reach = self.multiplier * self.atr.value
            upper = middle + reach
            lower = middle - reach
            if self.count == self.warmup:
                self.direction = 1.0
            else:
                # A band moves against the trend only after the last close was already beyond it.
                if upper > self.upper and self.last <= self.upper:
                    upper = self.upper
                if lower < self.lower and self.last >= self.lower:
                    lower = self.lower
                if self.direction > 0.0 and close < lower:
                    self.direction = -1.0
                elif self.direction < 0.0 and close > upper:
                    self.direction = 1.0
            self.upper = upper
            self.lower = lower
            self.value = lower if self.direction > 0.0 else upper
        self.last = close
