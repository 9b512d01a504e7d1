"""Spot against perpetual: be paid the funding without a view on the price."""

from __future__ import annotations

from typing import Any, ClassVar

from tradewind.core.domain.errors import BadInput
from tradewind.core.indicators import SMA
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy


class FundingCarry(Strategy):
    """Buys spot and sells the same size of the perpetual, and collects the funding that longs pay to shorts.

    Enters where the perpetual has lately stood above spot by `enter_percent`, which is when funding is paid to shorts;
    leaves where the average of the funding received falls below `leave_percent` a settlement. What one leg gains the
    other loses, but only the perpetual's loss needs cash: when the price has moved by `recentre_percent` both legs are
    closed and put on anew. Name the spot symbol first: `BTC/USDT` and `BTC/USDT:USDT`.
    """

    symbols: ClassVar[int] = 2

    length = param(24, low=1, high=500, help="bars over which the premium of the perpetual is averaged")
    enter_percent = param(0.03, low=-1.0, high=5.0, help="premium in percent from which the carry is put on")
    leave_percent = param(0.0, low=-0.5, high=0.5, help="average funding in percent below which it is taken off")
    memory = param(21, low=1, high=500, help="settlements over which the funding is averaged")
    recentre_percent = param(30.0, low=5.0, high=60.0, help="price move in percent that makes it begin anew")
    share = param(0.95, low=0.05, high=0.97, help="part of the account that is put to work, half in each leg")

    def setup(self) -> None:
        """Both markets and the average premium, which is told by hand."""
        if not self.is_spot(0) or self.is_spot(1):
            raise BadInput(
                "it needs a spot symbol first and its perpetual second",
                where=type(self).__name__,
                fix="Name them in this order: BTC/USDT, BTC/USDT:USDT",
            )
        self.spot = self.feed(0)
        self.perpetual = self.feed(1)
        self.premium = SMA(self.length).by_hand()
        self.funding = 0.0
        self.settlements = 0

    def on_funding(self, symbol: int, rate: float, paid: float) -> None:  # noqa: ARG002
        """Average the rates of the settlements since the carry was put on; at first all weigh the same."""
        self.settlements += 1
        self.funding += (rate - self.funding) / min(self.settlements, self.memory)

    def on_bar(self, bar: Any) -> None:
        """Act once a moment, after both symbols' bars, and only where both have one."""
        if bar.symbol != 1 or self.spot.time != self.perpetual.time:
            return
        self.premium.update(self.perpetual.close / self.spot.close - 1.0)
        long, short = self.position_of(0), self.position_of(1)
        if long or short:
            moved = abs(self.perpetual.close / short.entry_price - 1.0) if short else 1.0
            poor = self.settlements >= self.memory and self.funding < self.leave_percent / 100.0
            waiting = self.orders_open > 0
            if poor or moved >= self.recentre_percent / 100.0 or (not waiting and not (long and short)):
                self.cancel()
                self.close(symbol=0)
                self.close(symbol=1)
        elif self.orders_open == 0 and self.premium.value >= self.enter_percent / 100.0 and self.equity > 0.0:
            size = self.share * self.equity / 2.0 / max(self.spot.close, self.perpetual.close)
            self.settlements = 0
            self.funding = 0.0
            self.buy(size, symbol=0)
            self.sell(size, symbol=1)
