"""Ichimoku: where the price stands against its balance points, now and displaced."""

from __future__ import annotations

from tradewind.core.indicators.indicator import NAN, Indicator, ring
from tradewind.core.indicators.levels import Donchian
from tradewind.core.indicators.parameters import checked_length, checked_order


class Ichimoku(Indicator):
    """Ichimoku kinko hyo, as it applies on the present bar.

    `tenkan` (also `value`) and `kijun` are the middles of the highest high and lowest low of `tenkan_length` and
    `kijun_length` bars. `senkou_a` (the middle of the two) and `senkou_b` (the middle of `senkou_length` bars) are
    those of `displacement` bars ago: the cloud that charts draw ahead, where it has arrived. The chikou span is drawn
    back over bars whose future it shows, so there is only its causal half, `chikou_reference`: the close of
    `displacement` bars ago, which the present close is compared with. Charts that count the present bar displace by one
    less: give 25 for their 26. Ready after senkou_length + displacement updates, all together. Source: Goichi Hosoda,
    Ichimoku Kinko Hyo (1969).
    """

    outputs = ("value", "tenkan", "kijun", "senkou_a", "senkou_b", "chikou_reference")

    def __init__(
        self, tenkan_length: int = 9, kijun_length: int = 26, senkou_length: int = 52, displacement: int = 26
    ) -> None:
        tenkan_length = checked_length(tenkan_length, "Ichimoku", "tenkan_length")
        kijun_length = checked_length(kijun_length, "Ichimoku", "kijun_length")
        senkou_length = checked_length(senkou_length, "Ichimoku", "senkou_length")
        self.displacement = checked_length(displacement, "Ichimoku", "displacement")
        checked_order(tenkan_length, kijun_length, "Ichimoku", "tenkan_length", "kijun_length")
        checked_order(kijun_length, senkou_length, "Ichimoku", "kijun_length", "senkou_length")
        super().__init__(warmup=senkou_length + self.displacement)
        self.tenkan = NAN
        self.kijun = NAN
        self.senkou_a = NAN
        self.senkou_b = NAN
        self.chikou_reference = NAN
        self.at = 0
        self.short = Donchian(tenkan_length)
        self.medium = Donchian(kijun_length)
        self.long = Donchian(senkou_length)
        self.past_a = ring(self.displacement, NAN)
        self.past_b = ring(self.displacement, NAN)
        self.past_close = ring(self.displacement, NAN)

    def update(self, high: float, low: float, close: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        self.short.update(high, low)
        self.medium.update(high, low)
        self.long.update(high, low)
        at = self.at
        if self.count >= self.warmup:
            self.value = self.short.value
            self.tenkan = self.short.value
            self.kijun = self.medium.value
            self.senkou_a = self.past_a[at]
            self.senkou_b = self.past_b[at]
            self.chikou_reference = self.past_close[at]
        self.past_a[at] = (self.short.value + self.medium.value) / 2.0
        self.past_b[at] = self.long.value
        self.past_close[at] = close
        self.at = at + 1 if at + 1 < self.displacement else 0
