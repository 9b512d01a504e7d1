"""Two markets that move together: trade the distance between them."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from tradewind.core.domain.errors import BadInput
from tradewind.core.indicators import SMA, Indicator, ZScore
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy

NAN = float("nan")
VARIANCE_MIN = 1e-14


class HedgeRatio(Indicator):
    """Slope of the least-squares line of y on x through the last `length` pairs: cov(x, y) / var(x).

    Told by hand, as no bar has both values. Ready after `length` updates; NaN while x does not vary.
    """

    def __init__(self, length: int) -> None:
        super().__init__(warmup=length)
        self.x = SMA(length)
        self.y = SMA(length)
        self.xx = SMA(length)
        self.xy = SMA(length)

    def update(self, x: float, y: float) -> None:
        """Take the next pair."""
        self.count += 1
        self.prev = self.value
        self.x.update(x)
        self.y.update(y)
        self.xx.update(x * x)
        self.xy.update(x * y)
        if self.count >= self.warmup:
            variance = self.xx.value - self.x.value * self.x.value
            self.value = (self.xy.value - self.x.value * self.y.value) / variance if variance > VARIANCE_MIN else NAN


class PairsZScore(Strategy):
    """Sells the dear one of two related markets and buys the cheap one, until they are back together.

    The first symbol's log price is explained by the second's; what is left is the spread. Where the spread is `enter`
    standard deviations from its mean, the pair is traded in amounts that cancel the common move; it is closed at
    `leave`, or given up at `stop`, after which the spread must come back before the pair is traded again. Without
    `regression` the two are held in equal amounts. Both symbols must be perpetuals, as one of them is sold short.
    """

    symbols: ClassVar[int] = 2

    length = param(240, low=20, high=2000, help="bars over which the relation and the spread are measured")
    enter = param(2.0, low=0.5, high=6.0, help="trade where the spread is this many deviations from its mean")
    leave = param(0.5, low=0.0, high=3.0, help="close where it is back within this many")
    stop = param(4.0, low=1.0, high=20.0, help="give up where it has gone this far")
    share = param(0.9, low=0.05, high=0.95, help="part of the account that both legs together are worth")
    regression = param(True, help="hedge by regression; without it one for one")

    def setup(self) -> None:
        """Both markets, the hedge ratio, and the z-score of the spread: both told by hand."""
        for symbol in range(self.symbols):
            if self.is_spot(symbol):
                raise BadInput(
                    f"symbol number {symbol} is spot, and this strategy sells short",
                    where=type(self).__name__,
                    fix="Use two perpetuals, such as BTC/USDT:USDT and ETH/USDT:USDT",
                )
        self.first = self.feed(0)
        self.second = self.feed(1)
        self.hedge = HedgeRatio(self.length).by_hand()
        self.zscore = ZScore(self.length).by_hand()
        self.first_origin = 0.0
        self.second_origin = 0.0
        self.given_up = False

    def on_bar(self, bar: Any) -> None:
        """Act once a moment, after both symbols' bars, and only where both have one."""
        if bar.symbol != 1 or self.first.time != self.second.time:
            return
        ratio = self.measure(self.first.close, self.second.close)
        z = self.zscore.value
        first, second = self.net_size(0), self.net_size(1)
        if first != 0.0 or second != 0.0:
            # A long spread was bought at a low z and gains as z rises.
            distance = -z if first > 0.0 or second < 0.0 else z
            one_legged = self.orders_open == 0 and (first == 0.0 or second == 0.0)
            if one_legged or distance <= self.leave or distance >= self.stop:
                self.given_up = distance >= self.stop
                self.cancel()
                self.close(symbol=0)
                self.close(symbol=1)
        elif self.orders_open == 0:
            if self.given_up:
                self.given_up = abs(z) > self.leave
            elif self.enter <= abs(z) < self.stop and ratio > 0.0 and self.equity > 0.0:
                self.trade(-1 if z > 0.0 else 1, ratio)

    def measure(self, first: float, second: float) -> float:
        """Take the two prices into the hedge ratio and the spread; the ratio, NaN while it is not known."""
        if self.first_origin == 0.0:
            self.first_origin = first
            self.second_origin = second
        # Logs of the rise since the beginning are small numbers, whose sums of squares keep their digits.
        y = math.log(first / self.first_origin)
        x = math.log(second / self.second_origin)
        ratio = 1.0
        if self.regression:
            self.hedge.update(x, y)
            ratio = self.hedge.value
        if not math.isnan(ratio):
            self.zscore.update(y - ratio * x)
        return ratio

    def trade(self, side: int, ratio: float) -> None:
        """Buy the spread (side 1) or sell it: the first symbol against `ratio` times its worth of the second."""
        worth = self.share * self.equity / (1.0 + ratio)
        first = worth / self.first.close
        second = worth * ratio / self.second.close
        if side > 0:
            self.buy(first, symbol=0)
            self.sell(second, symbol=1)
        else:
            self.sell(first, symbol=0)
            self.buy(second, symbol=1)
