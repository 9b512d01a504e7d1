"""Two simple averages crossing: the oldest trend signal there is."""

from __future__ import annotations

from typing import Any

from tradewind.core.indicators import SMA
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy


class SmaCross(Strategy):
    """Long while the fast average is above the slow one.

    Buys with the run's stake on the bar where the fast average crosses above the slow one, and leaves where it is back
    below; with `shorts` it turns round instead. It earns in long trends and bleeds in sideways markets.
    """

    fast = param(10, low=2, high=100, help="bars of the fast average")
    slow = param(30, low=5, high=400, help="bars of the slow average")
    shorts = param(False, help="sell short on the opposite cross, where the market allows it")
    relations = ("fast < slow",)

    def setup(self) -> None:
        """Two averages of the close."""
        self.fast_ma = SMA(self.fast)
        self.slow_ma = SMA(self.slow)

    def on_bar(self, bar: Any) -> None:  # noqa: ARG002
        """Leave while the averages say so, enter on the bar where they cross."""
        held = self.direction
        settled = self.orders_open == 0
        if (held > 0 and self.fast_ma.value < self.slow_ma.value) or (
            held < 0 and self.fast_ma.value > self.slow_ma.value
        ):
            self.cancel()
            self.close()
        elif held != 0:
            return
        if settled and self.fast_ma.crossed_above(self.slow_ma):
            self.buy()
        elif settled and self.fast_ma.crossed_below(self.slow_ma) and self.shorts and self.can_short:
            self.sell()
