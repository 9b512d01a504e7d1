"""Pull-backs in a trend, timed by the stochastic oscillator."""

from __future__ import annotations

from typing import Any

from tradewind.core.indicators import EMA, Stochastic
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy


class StochasticMomentum(Strategy):
    """In a rising market, buys when momentum turns up again after a pull-back.

    Rising means a close above the long average. The turn is the stochastic's %K crossing above %D while still in the
    lower zone; the trade ends when %K crosses below %D in the upper zone, or when the close falls through the average.
    Short sales mirror it below the average.
    """

    length = param(14, low=5, high=100, help="bars of the stochastic")
    smooth = param(3, low=1, high=20, help="bars over which %K and %D are averaged")
    zone = param(30.0, low=5.0, high=50.0, help="the lower zone's edge; the upper one begins at 100 less this")
    trend = param(100, low=10, high=1000, help="bars of the average that says whether the market rises")
    shorts = param(True, help="also trade falling markets, where the market allows it")

    def setup(self) -> None:
        """The oscillator, the long average, and %K less %D of the bar before."""
        self.stochastic = Stochastic(self.length, self.smooth, self.smooth)
        self.trend_ma = EMA(self.trend)
        self.lead_before = 0.0

    def on_bar(self, bar: Any) -> None:
        """Leave against the trend or when the move is spent, enter when momentum turns with the trend."""
        lead = self.stochastic.k - self.stochastic.d
        turned_up = self.lead_before <= 0.0 < lead
        turned_down = self.lead_before >= 0.0 > lead
        self.lead_before = lead
        low = self.stochastic.k < self.zone
        high = self.stochastic.k > 100.0 - self.zone
        trend = self.trend_ma.value
        held = self.direction
        if (held > 0 and (bar.close < trend or (high and turned_down))) or (
            held < 0 and (bar.close > trend or (low and turned_up))
        ):
            self.cancel()
            self.close()
        elif held == 0 and self.orders_open == 0:
            if low and turned_up and bar.close > trend:
                self.buy()
            elif high and turned_down and bar.close < trend and self.shorts and self.can_short:
                self.sell()
