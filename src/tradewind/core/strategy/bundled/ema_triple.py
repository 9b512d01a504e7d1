"""Three exponential averages in order."""

from __future__ import annotations

from typing import Any

from tradewind.core.indicators import EMA
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy


class EmaTriple(Strategy):
    """Long while three averages stand in rising order, short while they stand in falling order.

    Enters when fast, middle and slow line up, and leaves as soon as the fast one falls back through the middle one. The
    third average keeps it out of the small crosses that cost two averages their profit.
    """

    fast = param(8, low=2, high=50, help="bars of the fast average")
    middle = param(21, low=5, high=100, help="bars of the middle average")
    slow = param(55, low=10, high=300, help="bars of the slow average")
    shorts = param(True, help="also trade falling markets, where the market allows it")
    relations = ("fast < middle < slow",)

    def setup(self) -> None:
        """Three averages of the close."""
        self.fast_ma = EMA(self.fast)
        self.middle_ma = EMA(self.middle)
        self.slow_ma = EMA(self.slow)

    def on_bar(self, bar: Any) -> None:  # noqa: ARG002
        """Leave when the order breaks, enter when it stands."""
        fast, middle, slow = self.fast_ma.value, self.middle_ma.value, self.slow_ma.value
        held = self.direction
        if (held > 0 and fast < middle) or (held < 0 and fast > middle):
            self.cancel()
            self.close()
        elif held == 0 and self.orders_open == 0:
            if fast > middle > slow:
                self.buy()
            elif fast < middle < slow and self.shorts and self.can_short:
                self.sell()
