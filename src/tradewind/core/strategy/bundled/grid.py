"""Resting orders at even distances: buy each dip, sell it one rung higher."""

from __future__ import annotations

from typing import Any

from tradewind.core.domain.orders import OrderState
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy

RUNGS_MAX = 30
NOTHING_HELD = 1e-12


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
        """Sell what was bought, put up the buys that the account can pay, and move up with the market."""
        step = self.anchor * self.spacing / 100.0
        if self.direction == 0:
            for i in range(self.rungs):
                self.held[i] = 0.0
            if self.anchor == 0.0 or bar.close > self.anchor + step:
                self.move(bar.close)
                return
        free = self.offer(step) - abs(self.position.size) * bar.close
        for i in range(self.rungs):
            price = self.anchor - (i + 1) * step
            idle = self.buying[i] == 0 and self.selling[i] == 0 and self.held[i] <= NOTHING_HELD
            # A rung above the price would buy at once; it waits until the price is back above it.
            if idle and 0.0 < price < bar.close and self.amount * 1.01 < free:
                self.buying[i] = self.buy(self.amount / price, limit=price)
                free -= self.amount

    def offer(self, step: float) -> float:
        """Offer what the rungs hold; what the account is worth, less what the waiting buys will cost."""
        free = self.equity
        for i in range(self.rungs):
            if self.buying[i] != 0:
                free -= self.amount
            elif self.held[i] > NOTHING_HELD and self.selling[i] == 0:
                self.selling[i] = self.sell(self.held[i], limit=self.anchor - i * step, reduce_only=True)
        return free

    def move(self, price: float) -> None:
        """Put the ladder below `price` as soon as no order of the old one is left."""
        if self.orders_open > 0:
            self.cancel()
        else:
            self.anchor = price
            self.amount = self.share * self.equity / self.rungs
