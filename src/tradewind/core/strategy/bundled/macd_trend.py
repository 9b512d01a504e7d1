"""MACD in the direction of the longer trend."""

from __future__ import annotations

from typing import Any

from tradewind.core.indicators import EMA, MACD
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy


class MacdTrend(Strategy):
    """Rides a rise of the MACD over its signal while the price is above its long average.

    The long average chooses the side: above it only buys are taken, below it only short sales. The histogram's sign
    times entry and exit.
    """

    fast = param(12, low=2, high=25, help="bars of the MACD's fast average")
    slow = param(26, low=26, high=200, help="bars of its slow average")
    signal = param(9, low=2, high=50, help="bars of its signal line")
    trend = param(200, low=20, high=1000, help="bars of the average that chooses the side")
    shorts = param(True, help="also trade falling markets, where the market allows it")

    def setup(self) -> None:
        """The MACD and the long average, both of the close."""
        self.macd = MACD(self.fast, self.slow, self.signal)
        self.trend_ma = EMA(self.trend)

    def on_bar(self, bar: Any) -> None:
        """Leave when the histogram changes its sign, enter when it agrees with the trend."""
        histogram, trend = self.macd.histogram, self.trend_ma.value
        held = self.direction
        if (held > 0 and histogram < 0.0) or (held < 0 and histogram > 0.0):
            self.cancel()
            self.close()
        elif held == 0 and self.orders_open == 0:
            if histogram > 0.0 and bar.close > trend:
                self.buy()
            elif histogram < 0.0 and bar.close < trend and self.shorts and self.can_short:
                self.sell()
