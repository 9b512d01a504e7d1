"""Always on the Supertrend's side."""

from __future__ import annotations

from typing import Any

from tradewind.core.indicators import Supertrend
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy


class SupertrendFollower(Strategy):
    """Long while the Supertrend is below the price, short while it is above.

    The line is also the stop: it rests in the market and follows the trend, so a crash inside a bar is left at the line
    and not at the bar's close; it then waits for the next flip.
    """

    length = param(10, low=2, high=100, help="bars of the average true range")
    multiplier = param(3.0, low=0.5, high=10.0, help="distance of the line in average true ranges")
    shorts = param(True, help="also trade falling markets, where the market allows it")

    def setup(self) -> None:
        """The Supertrend, and the line at which the stop rests."""
        self.trend = Supertrend(self.length, self.multiplier)
        self.direction_before = 0.0
        self.stop_at = 0.0

    def on_bar(self, bar: Any) -> None:
        """Leave what stands on the wrong side, enter where the line flips, move the stop along with it."""
        side, line = self.trend.direction, self.trend.value
        flipped = side * self.direction_before < 0.0
        self.direction_before = side
        held = self.direction
        settled = self.orders_open == 0 or held != 0
        if held * side < 0.0:
            self.cancel()
            self.close()
        elif held != 0:
            # Only where the line has moved, and the price has not yet come to it.
            if line != self.stop_at and held * (bar.close - line) > 0.0 and line > 0.0:
                self.stop_at = line
                self.protect(sl=line)
            return
        if flipped and settled and side > 0.0:
            self.buy()
        elif flipped and settled and self.shorts and self.can_short:
            self.sell()
