"""Swing highs and lows, told when the bars after them have confirmed them."""

from __future__ import annotations

from tradewind.core.indicators.indicator import NAN, Indicator, ring
from tradewind.core.indicators.levels import Highest, Lowest
from tradewind.core.indicators.smart_money.parameters import checked_swing_length


class Swings(Indicator):
    """Swing highs and lows in turn, each told `length` bars after it.

    A high is a swing if no high of the `length` bars after it, nor of the `length - 1` before it, is higher; a low
    likewise. A bar that is both counts as a high. Highs and lows alternate: after a high, a further one counts only if
    it is higher, and then takes the place of the one before (`replaces` is 1).

    On the bar that confirms a swing, `value` is 1 for a high and -1 for a low, `level` its price and `bars_back` how
    many bars ago it was; on other bars `value` is 0 and those are NaN. `high` and `low` are the last swing of each
    kind, NaN while there is none. Ready after 2 x length updates.
    """

    outputs = ("value", "level", "bars_back", "replaces", "high", "low")

    def __init__(self, length: int = 5) -> None:
        self.length = checked_swing_length(length, "Swings")
        super().__init__(warmup=2 * self.length)
        self.level = NAN
        self.bars_back = NAN
        self.replaces = NAN
        self.high = NAN
        self.low = NAN
        self.side = 0
        self.row = -1
        self.slots = self.length + 1
        self.at = 0
        self.highest = Highest(2 * self.length)
        self.lowest = Lowest(2 * self.length)
        self.highs = ring(self.slots)
        self.lows = ring(self.slots)

    def update(self, high: float, low: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        self.highs[self.at] = high
        self.lows[self.at] = low
        self.at += 1
        if self.at == self.slots:
            self.at = 0
        self.highest.update(high)
        self.lowest.update(low)
        if self.count < self.warmup:
            return
        self.value = 0.0
        self.level = NAN
        self.bars_back = NAN
        self.replaces = 0.0
        top = self.highs[self.at]
        bottom = self.lows[self.at]
        if top >= self.highest.value:
            if self.side <= 0 or top > self.high:
                self.high = top
                self.confirm(1, top)
        elif bottom <= self.lowest.value and (self.side >= 0 or bottom < self.low):
            self.low = bottom
            self.confirm(-1, bottom)

    def confirm(self, side: int, level: float) -> None:
        """Tell the swing of `length` bars ago."""
        self.value = float(side)
        self.level = level
        self.bars_back = float(self.length)
        if side == self.side:
            self.replaces = 1.0
        self.side = side
        self.row = self.count - 1 - self.length

    def high_ago(self, bars: int) -> float:
        """The high of up to `length` bars ago; 0 is the present bar."""
        at = self.at - 1 - bars
        if at < 0:
            at += self.slots
        return self.highs[at]

    def low_ago(self, bars: int) -> float:
        """The low of up to `length` bars ago; 0 is the present bar."""
        at = self.at - 1 - bars
        if at < 0:
            at += self.slots
        return self.lows[at]
