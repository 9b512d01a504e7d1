"""The high and low of the period before, and whether they have been broken."""

from __future__ import annotations

from tradewind.core.indicators.indicator import NAN, Indicator
from tradewind.core.indicators.periods import WARMUP_UNKNOWN, checked_period_ns, period_origin_ns


class PreviousHighLow(Indicator):
    """High and low of the last UTC period that closed ("4h", "1d", "1w"; weeks begin on Monday), from its next bar on.

    `high` and `low` are its prices and `value` their middle. `broken_high` is 1 once a bar of the present period was
    above `high`, `broken_low` once one was below `low`, else 0. A period without bars is passed over, and one whose
    opening was not seen does not count, so `warmup` is a very large number until the first whole one has closed.
    """

    outputs = ("value", "high", "low", "broken_high", "broken_low")

    def __init__(self, period: str = "1d") -> None:
        super().__init__(warmup=WARMUP_UNKNOWN)
        self.period_ns = checked_period_ns(period, "PreviousHighLow")
        self.origin_ns = period_origin_ns(self.period_ns)
        self.high = NAN
        self.low = NAN
        self.broken_high = NAN
        self.broken_low = NAN
        self.number = 0
        self.whole = False
        self.top = 0.0
        self.bottom = 0.0

    def update(self, high: float, low: float, time: int) -> None:
        """Take the next bar; `time` is its opening in nanoseconds since 1970 UTC."""
        self.count += 1
        self.prev = self.value
        since = time - self.origin_ns
        number = since // self.period_ns
        if self.count > 1 and number == self.number:
            self.top = max(self.top, high)
            self.bottom = min(self.bottom, low)
        else:
            if self.whole:
                self.high = self.top
                self.low = self.bottom
                self.value = (self.top + self.bottom) / 2.0
                self.broken_high = 0.0
                self.broken_low = 0.0
                self.warmup = min(self.warmup, self.count)
            self.whole = self.count > 1 or since == number * self.period_ns
            self.number = number
            self.top = high
            self.bottom = low
        if high > self.high:
            self.broken_high = 1.0
        if low < self.low:
            self.broken_low = 1.0
