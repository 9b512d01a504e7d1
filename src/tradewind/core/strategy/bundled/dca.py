"""Buying for the same amount at regular times."""

from __future__ import annotations

from typing import Any, ClassVar

from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy


class Dca(Strategy):
    """Spends the same amount every so many days, whatever the price: dollar-cost averaging.

    What the account is worth at the beginning is cut into `parts`, and one is spent each time, until the money is used
    up. With a `target`, all is sold when the price stands that far above the average entry, and it begins again with
    what the account is worth then. Long only, and never with borrowed money.
    """

    timer: ClassVar[str] = "1d"

    every_days = param(7, low=1, high=365, help="days between two purchases")
    parts = param(50, low=1, high=1000, help="into how many purchases the account is cut")
    target = param(0.0, low=0.0, high=1000.0, help="sell all at this many percent above the average entry; 0: never")

    def setup(self) -> None:
        """No indicator: a calendar and a purse."""
        self.amount = 0.0
        self.days_left = 0

    def on_timer(self, time: int) -> None:  # noqa: ARG002
        """Another day has passed."""
        self.days_left -= 1

    def on_bar(self, bar: Any) -> None:
        """Take profit, or make the purchase that is due."""
        goal = self.position.entry_price * (1.0 + self.target / 100.0)
        if self.direction > 0 and self.target > 0.0 and bar.close >= goal:
            self.cancel()
            self.close()
            self.amount = 0.0
            return
        if self.days_left > 0 or self.orders_open > 0:
            return
        if self.direction == 0 or self.amount == 0.0:
            self.amount = self.equity / self.parts
        # What is left for the last purchases must cover fees and a price that moves before the order arrives.
        spare = 0.97 * (self.equity - abs(self.position.size) * bar.close)
        if self.amount > 0.0 and min(self.amount, spare) >= 0.5 * self.amount:
            self.buy(min(self.amount, spare) / bar.close)
            self.days_left = self.every_days
