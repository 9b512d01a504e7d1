"""The channel breakout of the Turtles, with a stop in true ranges."""

from __future__ import annotations

from typing import Any

from tradewind.core.indicators import ATR, Donchian
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy


class DonchianBreakout(Strategy):
    """Buys a close above the highest high of the last bars, and risks the same share of the account each time.

    Leaves at the stop, a few average true ranges from the signal's close, or where the close falls out of a shorter
    channel. The size is chosen so that the stop would cost `risk_percent` of the account, and never exceeds what the
    account can pay without leverage. Shorts mirror it. After Richard Dennis's rules of 1983, as Curtis Faith told them
    in Way of the Turtle (2007).
    """

    entry = param(20, low=5, high=400, help="bars of the channel that is broken")
    leave = param(10, low=2, high=200, help="bars of the channel that ends the trade")
    atr_length = param(20, low=2, high=100, help="bars of the average true range")
    stop_ranges = param(2.0, low=0.5, high=20.0, help="stop-loss, average true ranges from the signal's close")
    risk_percent = param(1.0, low=0.05, high=10.0, help="percent of the account that the stop may cost")
    shorts = param(True, help="also trade falling markets, where the market allows it")

    def setup(self) -> None:
        """Two channels and the true range."""
        self.outer = Donchian(self.entry)
        self.inner = Donchian(self.leave)
        self.atr = ATR(self.atr_length)

    def on_bar(self, bar: Any) -> None:
        """A channel holds its own bar, so a close is compared with the channel of the bar before."""
        held = self.direction
        reach = self.stop_ranges * self.atr.value
        if (held > 0 and bar.close < self.inner.prev_lower) or (held < 0 and bar.close > self.inner.prev_upper):
            self.cancel()
            self.close()
        elif held == 0 and self.orders_open == 0 and 0.0 < reach < bar.close and self.equity > 0.0:
            if bar.close > self.outer.prev_upper:
                self.buy(self.size_for(reach, bar.close), sl=bar.close - reach)
            elif bar.close < self.outer.prev_lower and self.shorts and self.can_short:
                self.sell(self.size_for(reach, bar.close), sl=bar.close + reach)

    def size_for(self, reach: float, price: float) -> float:
        """The size that loses the risked share over `reach`, limited by what the account can pay for."""
        risked: float = self.equity * self.risk_percent / 100.0 / reach
        return min(risked, 0.95 * self.equity / price)
