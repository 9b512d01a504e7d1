"""Volume-weighted average price: of a session, or since a chosen time."""

from __future__ import annotations

from tradewind.core.indicators.indicator import NAN, Indicator
from tradewind.core.indicators.periods import WARMUP_UNKNOWN, checked_instant_ns, checked_period_ns, period_origin_ns


class VWAP(Indicator):
    """Volume-weighted average of the typical price since the session began; a session is a UTC period, "1d" by default.

    The typical price is (high + low + close) / 3. Ready after 1 update; NaN while no volume has traded in the session,
    as an average without weights is undefined (TA-Lib's VWAP, which has one endless session, gives 0 there).
    """

    def __init__(self, period: str = "1d") -> None:
        super().__init__(warmup=1)
        self.period_ns = checked_period_ns(period, "VWAP")
        self.origin_ns = period_origin_ns(self.period_ns)
        self.session = 0
        self.turnover = 0.0
        self.volume = 0.0

    def update(self, high: float, low: float, close: float, volume: float, time: int) -> None:
        """Take the next bar; `time` is its opening in nanoseconds since 1970 UTC."""
        self.count += 1
        self.prev = self.value
        session = (time - self.origin_ns) // self.period_ns
        if session != self.session:
            self.session = session
            self.turnover = 0.0
            self.volume = 0.0
        self.turnover += (high + low + close) / 3.0 * volume
        self.volume += volume
        self.value = self.turnover / self.volume if self.volume > 0.0 else NAN


class AnchoredVWAP(Indicator):
    """Volume-weighted average of the typical price since a time: nanoseconds since 1970 UTC, or ISO 8601 text.

    Ready on the first bar that opens at or after `since`; its `warmup` is a very large number until then. NaN while no
    volume has traded since. Anchored at or before the first bar it equals TA-Lib's VWAP.
    """

    def __init__(self, since: int | str) -> None:
        super().__init__(warmup=WARMUP_UNKNOWN)
        self.since_ns = checked_instant_ns(since, "AnchoredVWAP", "since")
        self.turnover = 0.0
        self.volume = 0.0

    def update(self, high: float, low: float, close: float, volume: float, time: int) -> None:
        """Take the next bar; `time` is its opening in nanoseconds since 1970 UTC."""
        self.count += 1
        self.prev = self.value
        if time < self.since_ns:
            return
        self.warmup = min(self.warmup, self.count)
        self.turnover += (high + low + close) / 3.0 * volume
        self.volume += volume
        self.value = self.turnover / self.volume if self.volume > 0.0 else NAN
