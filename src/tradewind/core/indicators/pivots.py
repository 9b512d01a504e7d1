"""Classic pivot points of the period before."""

from __future__ import annotations

from tradewind.core.indicators.indicator import NAN, Indicator
from tradewind.core.indicators.periods import WARMUP_UNKNOWN, checked_period_ns, period_origin_ns


class PivotPoints(Indicator):
    """Floor traders' pivots from the high, low and close of the UTC period before; "1d" by default.

    `pivot` (also `value`) = (H + L + C) / 3; `r1` = 2P - L, `s1` = 2P - H; `r2` = P + (H - L), `s2` = P - (H - L); `r3`
    = H + 2(P - L), `s3` = L - 2(H - P). They change on the first bar of a new period and hold through it. A period
    whose opening was not seen is left out, so the first are ready when the first whole period has closed; `warmup` is a
    very large number until then. `prev` is the pivot on the bar before.
    """

    outputs = ("value", "pivot", "r1", "s1", "r2", "s2", "r3", "s3")

    def __init__(self, period: str = "1d") -> None:
        super().__init__(warmup=WARMUP_UNKNOWN)
        self.period_ns = checked_period_ns(period, "PivotPoints")
        self.origin_ns = period_origin_ns(self.period_ns)
        self.pivot = NAN
        self.r1 = NAN
        self.s1 = NAN
        self.r2 = NAN
        self.s2 = NAN
        self.r3 = NAN
        self.s3 = NAN
        self.number = 0
        self.whole = False
        self.high = 0.0
        self.low = 0.0
        self.close = 0.0

    def update(self, high: float, low: float, close: float, time: int) -> None:
        """Take the next bar; `time` is its opening in nanoseconds since 1970 UTC."""
        self.count += 1
        self.prev = self.value
        since = time - self.origin_ns
        number = since // self.period_ns
        if self.count > 1 and number == self.number:
            self.high = max(self.high, high)
            self.low = min(self.low, low)
        else:
            if self.whole:
                self.publish()
            # The first period is whole only where its very first bar was seen; later ones are seen from their start.
            self.whole = self.count > 1 or since == number * self.period_ns
            self.number = number
            self.high = high
            self.low = low
        self.close = close

    def publish(self) -> None:
        """The period has closed: its pivots hold from here."""
        high = self.high
        low = self.low
        pivot = (high + low + self.close) / 3.0
        span = high - low
        self.value = pivot
        self.pivot = pivot
        self.r1 = 2.0 * pivot - low
        self.s1 = 2.0 * pivot - high
        self.r2 = pivot + span
        self.s2 = pivot - span
        self.r3 = high + 2.0 * (pivot - low)
        self.s3 = low - 2.0 * (high - pivot)
        self.warmup = min(self.warmup, self.count)
