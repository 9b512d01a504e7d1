"""How far the price has gone back: retracements, and where it stands in the dealing range."""

from __future__ import annotations

from tradewind.core.indicators.indicator import NAN, Indicator
from tradewind.core.indicators.smart_money.parameters import checked_percent, checked_swing_length
from tradewind.core.indicators.smart_money.swings import Swings


class Retracements(Indicator):
    """How much of the way between the last two swings has been given back, in percent.

    After a swing high (`direction` 1) a bar's retracement is (high swing - low) / (high swing - low swing) x 100, after
    a swing low (-1) it is (high - low swing) / (high swing - low swing) x 100. `value` is that of this bar, `deepest`
    the most since the swing, whose own bar does not count. NaN until a high and a low are known, and where the high is
    not above the low. Ready after 2 x length updates.
    """

    outputs = ("value", "deepest", "direction")

    def __init__(self, length: int = 5) -> None:
        self.swings = Swings(checked_swing_length(length, "Retracements"))
        super().__init__(warmup=self.swings.warmup)
        self.deepest = NAN
        self.direction = NAN

    def update(self, high: float, low: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        swings = self.swings
        swings.update(high, low)
        if self.count < self.warmup:
            return
        if self.count == self.warmup:
            self.direction = 0.0
        if swings.value != 0.0:
            self.direction = swings.value
            self.deepest = 0.0
            self.value = 0.0
            for ago in range(self.count - 2 - swings.row, -1, -1):
                self.measure(swings.high_ago(ago), swings.low_ago(ago))
        else:
            self.measure(high, low)

    def measure(self, high: float, low: float) -> None:
        """Take one bar after the swing."""
        top = self.swings.high
        bottom = self.swings.low
        if not top > bottom:
            self.value = NAN
            self.deepest = NAN
            return
        back = top - low if self.direction > 0.0 else high - bottom
        self.value = 100.0 * back / (top - bottom)
        self.deepest = max(self.deepest, self.value)


class DealingRange(Indicator):
    """Premium and discount: where the close stands between the last swing low (0) and the last swing high (100).

    `zone` is 1 in premium (above the middle), -1 in discount (below it), 0 within `band` percent of it. `high`, `low`
    and their middle, `equilibrium`, are prices. All NaN until both swings are known, and where the high is not above
    the low. Beyond the range `value` is below 0 or above 100. Ready after 2 x length updates.
    """

    outputs = ("value", "zone", "equilibrium", "high", "low")

    def __init__(self, length: int = 5, band: float = 5.0) -> None:
        self.swings = Swings(checked_swing_length(length, "DealingRange"))
        super().__init__(warmup=self.swings.warmup)
        self.band = checked_percent(band, "DealingRange", "band", most=50.0)
        self.zone = NAN
        self.equilibrium = NAN
        self.high = NAN
        self.low = NAN

    def update(self, high: float, low: float, close: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        self.swings.update(high, low)
        top = self.swings.high
        bottom = self.swings.low
        if self.count < self.warmup or not top > bottom:
            self.value = NAN
            self.zone = NAN
            self.equilibrium = NAN
            self.high = NAN
            self.low = NAN
            return
        self.high = top
        self.low = bottom
        self.equilibrium = (top + bottom) / 2.0
        self.value = 100.0 * (close - bottom) / (top - bottom)
        self.zone = 0.0
        if self.value > 50.0 + self.band:
            self.zone = 1.0
        elif self.value < 50.0 - self.band:
            self.zone = -1.0
