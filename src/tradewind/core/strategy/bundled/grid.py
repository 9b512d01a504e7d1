"""Resting orders at even distances: buy each dip, sell it one rung higher."""

from __future__ import annotations

from typing import Any

from tradewind.core.domain.orders import OrderState
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy

RUNGS_MAX = 30


class Grid(Strategy):
    """A ladder of limit buys below the price; whatever one buys is offered one rung higher.

    The ladder hangs below the price at which it was put up, and moves up when the price leaves it with nothing held.
    Each rung gets the same share of the account, so that all of them together never cost more than it has. It lives on
    sideways markets; in a fall it holds everything it bought, and below the last rung it only waits.
    """

    rungs = param(10, low=1, high=RUNGS_MAX, help="how many buy orders the ladder has")
    spacing = param(1.0, low=0.1, high=20.0, step=0.1, help="distance of two rungs, percent of the starting price")
    share = param(0.9, low=0.05, high=0.95, help="part of the account that the whole ladder may spend")

    def setup(self) -> None:
        """For every rung the order that waits there, and what it has bought. Lists of one length compile once."""
        self.anchor = 0.0
        self.step = 0.0
        self.amount = 0.0
        self.buying = [0] * RUNGS_MAX
        self.selling = [0] * RUNGS_MAX
        self.held = [0.0] * RUNGS_MAX

    def on_fill(self, fill: Any) -> None:
        """A buy adds to its rung, a sale takes from it; a fee in the bought currency never arrives."""
        for i in range(self.rungs):
            if fill.order == self.buying[i]:
                self.held[i] += fill.size - fill.fee_base
            elif fill.order == self.selling[i]:
                self.held[i] -= fill.size

    def on_order_update(self, update: Any) -> None:
        """An order that has ended leaves its rung free; what a sale could not sell is less than a lot."""
        if update.state == OrderState.ACCEPTED:
            return
        if update.state == OrderState.PARTIALLY_FILLED:
            return
        for i in range(self.rungs):
            if update.order == self.buying[i]:
                self.buying[i] = 0
            elif update.order == self.selling[i]:
                self.selling[i] = 0
                if update.state == OrderState.FILLED:
                    self.held[i] = 0.0

    def on_bar(self, bar: Any) -> None:
        """Move up with the market, sell what was bought, put up the buys that the account can pay."""
        if self.holds_nothing() and (self.anchor == 0.0 or bar.close > self.anchor + self.step):
            self.cancel()
            if self.orders_open > 0:
                return  # the old ladder is still on its way down
            self.put_up(bar.close)
        free = self.offer() - abs(self.position.size) * bar.close
        for i in range(self.rungs):
            price = self.anchor - (i + 1) * self.step
            idle = self.buying[i] == 0 and self.selling[i] == 0 and self.held[i] == 0.0
            # A rung above the price would buy at once; it waits until the price is back above it.
            if idle and 0.0 < price < bar.close and self.amount * 1.01 < free:
                self.buying[i] = self.buy(self.amount / price, limit=price)
                free -= self.amount

    def holds_nothing(self) -> bool:
        """Whether no rung has bought; what something else has sold (a liquidation) is not held any more."""
        total = 0.0
        for i in range(self.rungs):
            if self.direction == 0:
                self.held[i] = 0.0
            total += self.held[i]
        return total == 0.0

    def put_up(self, price: float) -> None:
        """Hang a new ladder below `price`; no order of the old one is left."""
        self.anchor = price
        self.step = price * self.spacing / 100.0
        self.amount = self.share * self.equity / self.rungs
        for i in range(self.rungs):
            self.buying[i] = 0

    def offer(self) -> float:
        """Offer what the rungs hold; what the account is worth, less what the waiting buys will cost."""
        free: float = self.equity
        for i in range(self.rungs):
            if self.buying[i] != 0:
                free -= self.amount
            elif self.held[i] > 0.0 and self.selling[i] == 0:
                self.selling[i] = self.sell(self.held[i], limit=self.anchor - i * self.step, reduce_only=True)
        return free
