"""Indicators that read volume: on-balance volume, accumulation/distribution, money flow, average volume."""

from __future__ import annotations

from tradewind.core.indicators.averages import SMA
from tradewind.core.indicators.indicator import Indicator
from tradewind.core.indicators.parameters import checked_length
from tradewind.core.indicators.rounding import same


class OBV(Indicator):
    """On-balance volume: the running total of volume, counted up on a rising close and down on a falling one.

    It begins with the first bar's volume, so only its changes mean something. Ready after 1 update. Source: Joseph
    Granville, New Key to Stock Market Profits (1963). Equals TA-Lib's OBV.
    """

    def __init__(self) -> None:
        super().__init__(warmup=1)
        self.last = 0.0

    def update(self, close: float, volume: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        if self.count == 1:
            self.value = volume
        elif close > self.last:
            self.value += volume
        elif close < self.last:
            self.value -= volume
        self.last = close


class AccumulationDistribution(Indicator):
    """Accumulation/distribution line: the running total of volume x ((close - low) - (high - close)) / (high - low).

    A bar without range adds nothing. Ready after 1 update. Source: Marc Chaikin (1970s), in Achelis, Technical Analysis
    from A to Z. Equals TA-Lib's AD.
    """

    def __init__(self) -> None:
        super().__init__(warmup=1)
        self.total = 0.0

    def update(self, high: float, low: float, close: float, volume: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        span = high - low
        if span > 0.0:
            self.total += ((close - low) - (high - close)) / span * volume
        self.value = self.total


class MFI(Indicator):
    """Money flow index: 100 x rising / (rising + falling) turnover of the last `length` steps of the typical price.

    The typical price is (high + low + close) / 3 and the turnover that times volume; a step of 0 counts for neither. 0
    to 100; 0 where no money flowed either way. Ready after length + 1 updates. Source: Quong and Soudack, Stocks &
    Commodities 7:3 (1989). Equals TA-Lib's MFI.
    """

    def __init__(self, length: int = 14) -> None:
        self.length = checked_length(length, "MFI", least=2)
        super().__init__(warmup=self.length + 1)
        self.last = 0.0
        self.rising = SMA(self.length)
        self.falling = SMA(self.length)

    def update(self, high: float, low: float, close: float, volume: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        typical = (high + low + close) / 3.0
        if self.count > 1:
            turnover = typical * volume
            moved = not same(typical, self.last)
            self.rising.update(turnover if moved and typical > self.last else 0.0)
            self.falling.update(turnover if moved and typical < self.last else 0.0)
        self.last = typical
        if self.count >= self.warmup:
            flow = self.rising.value + self.falling.value
            self.value = 100.0 * self.rising.value / flow if flow > 0.0 else 0.0


class VolumeSMA(Indicator):
    """Simple moving average of volume over `length` bars.

    Ready after `length` updates.
    """

    def __init__(self, length: int = 20) -> None:
        self.length = checked_length(length, "VolumeSMA")
        super().__init__(warmup=self.length)
        self.average = SMA(self.length)

    def update(self, volume: float) -> None:
        """Take the next bar's volume."""
        self.count += 1
        self.prev = self.value
        self.average.update(volume)
        self.value = self.average.value
