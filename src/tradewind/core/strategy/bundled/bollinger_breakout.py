"""Out of narrow Bollinger bands."""

from __future__ import annotations

from typing import Any

from tradewind.core.indicators import SMA, BollingerBands
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy


class BollingerBreakout(Strategy):
    """Follows a close outside the bands when the bands were narrow.

    A market that has been quiet (bands no wider than usual) and then closes beyond a band often keeps going. The trade
    ends when the close is back at the middle band.
    """

    length = param(20, low=5, high=200, help="bars of the bands")
    deviations = param(2.0, low=0.5, high=5.0, help="width of the bands in standard deviations")
    usual = param(100, low=10, high=500, help="bars over which the usual width is taken")
    squeeze = param(1.0, low=0.1, high=3.0, help="enter where the width was at most this many times the usual one")
    shorts = param(True, help="also trade falling markets, where the market allows it")

    def setup(self) -> None:
        """Bands of the close, and the average of their width."""
        self.bands = BollingerBands(self.length, self.deviations)
        self.width = SMA(self.usual).of(self.bands, "width")
        self.quiet = False

    def on_bar(self, bar: Any) -> None:
        """Leave at the middle, enter where a quiet market breaks out; quiet is judged on the bar before."""
        held = self.direction
        was_quiet = self.quiet
        self.quiet = self.bands.width <= self.squeeze * self.width.value
        if (held > 0 and bar.close <= self.bands.middle) or (held < 0 and bar.close >= self.bands.middle):
            self.cancel()
            self.close()
        elif held == 0 and self.orders_open == 0 and was_quiet:
            if bar.close > self.bands.upper:
                self.buy()
            elif bar.close < self.bands.lower and self.shorts and self.can_short:
                self.sell()
