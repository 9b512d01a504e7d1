"""Back to the middle of the Bollinger bands."""

from __future__ import annotations

from typing import Any

from tradewind.core.indicators import ATR, BollingerBands
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy


class BollingerReversion(Strategy):
    """Buys a close below the lower band and leaves at the middle one.

    With `shorts` it sells a close above the upper band. The stop stands a few average true ranges away, so it is wide
    in wild markets and narrow in calm ones.
    """

    length = param(20, low=5, high=200, help="bars of the bands")
    deviations = param(2.0, low=0.5, high=5.0, help="width of the bands in standard deviations")
    stop_ranges = param(3.0, low=0.5, high=20.0, help="stop-loss, average true ranges from the signal's close")
    shorts = param(False, help="also sell short, where the market allows it")

    def setup(self) -> None:
        """Bands of the close, and the true range for the stop."""
        self.bands = BollingerBands(self.length, self.deviations)
        self.atr = ATR(14)

    def on_bar(self, bar: Any) -> None:
        """Leave at the middle, enter beyond the bands."""
        held = self.direction
        reach = self.stop_ranges * self.atr.value
        if (held > 0 and bar.close >= self.bands.middle) or (held < 0 and bar.close <= self.bands.middle):
            self.cancel()
            self.close()
        elif held == 0 and self.orders_open == 0 and 0.0 < reach < bar.close:
            if bar.close < self.bands.lower:
                self.buy(sl=bar.close - reach)
            elif bar.close > self.bands.upper and self.shorts and self.can_short:
                self.sell(sl=bar.close + reach)
