"""Buying weakness, measured by the RSI."""

from __future__ import annotations

from typing import Any

from tradewind.core.indicators import RSI
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy


class RsiMeanReversion(Strategy):
    """Buys when the RSI says oversold, sells when it is back in the middle.

    With `shorts` it also sells short what is overbought. A stop at a fixed percentage ends the trades in which weakness
    was the beginning of a fall. It wins often and little, and loses seldom and much: watch the largest loss.
    """

    length = param(14, low=2, high=100, help="bars of the RSI")
    oversold = param(30.0, low=1.0, high=49.0, help="buy below this")
    overbought = param(70.0, low=51.0, high=99.0, help="sell short above this")
    exit_level = param(50.0, low=20.0, high=80.0, help="leave where the RSI is back here")
    stop_percent = param(5.0, low=0.1, high=50.0, help="stop-loss, percent from the signal's close")
    shorts = param(False, help="also sell short, where the market allows it")

    def setup(self) -> None:
        """The RSI of the close."""
        self.rsi = RSI(self.length)

    def on_bar(self, bar: Any) -> None:
        """Leave in the middle, enter at the extremes."""
        rsi = self.rsi.value
        held = self.direction
        reach = bar.close * self.stop_percent / 100.0
        if (held > 0 and rsi >= self.exit_level) or (held < 0 and rsi <= self.exit_level):
            self.cancel()
            self.close()
        elif held == 0 and self.orders_open == 0:
            if rsi < self.oversold:
                self.buy(sl=bar.close - reach)
            elif rsi > self.overbought and self.shorts and self.can_short:
                self.sell(sl=bar.close + reach)
