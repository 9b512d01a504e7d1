"""Order blocks, bought back at a discount in the direction of the higher timeframe."""

from __future__ import annotations

from typing import Any

from tradewind.core.domain.timeframes import timeframe_name
from tradewind.core.indicators import ATR, DealingRange, MarketStructure, OrderBlocks
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy


class OrderBlockRetest(Strategy):
    """Buys a return into a bullish order block, once for each block, where a higher timeframe agrees twice.

    Its market structure must point upwards, and the price must stand in the lower part of its dealing range (a
    discount). The stop lies beneath the block, the target a multiple of what is risked above it, and the trade is left
    where the higher structure turns. Shorts mirror it. The higher timeframe is built from the run's own bars: on hourly
    bars, six of them make one of six hours.
    """

    higher = param(6, low=2, high=48, help="bars that make one bar of the higher timeframe")
    structure_length = param(3, low=2, high=20, help="bars that confirm a swing of the higher timeframe")
    block_length = param(5, low=2, high=30, help="bars that confirm the swings around a block")
    discount = param(60.0, low=10.0, high=100.0, help="buy below this percent of the higher range; shorts mirrored")
    buffer = param(0.25, low=0.0, high=3.0, help="stop beyond the block, average true ranges")
    reward = param(2.0, low=0.5, high=10.0, help="target, multiples of what is risked")
    risk_percent = param(1.0, low=0.05, high=10.0, help="percent of the account that the stop may cost")
    shorts = param(True, help="also trade falling markets, where the market allows it")

    def setup(self) -> None:
        """Blocks on the run's bars; structure and range on the higher timeframe."""
        self.above = self.feed(timeframe=timeframe_name(self.higher * self.exchange.step))
        self.structure = MarketStructure(self.structure_length).on(self.above)
        self.range = DealingRange(self.structure_length).on(self.above)
        self.blocks = OrderBlocks(self.block_length)
        self.atr = ATR(14)
        self.bought_at = 0.0
        self.sold_at = 0.0

    def on_bar(self, bar: Any) -> None:
        """Leave what the higher structure no longer carries; enter where a bar comes back to a block and holds."""
        trend = self.structure.trend
        held = self.direction
        if held * trend < 0.0:
            self.cancel()
            self.close()
        elif held == 0 and self.orders_open == 0 and self.equity > 0.0 and self.atr.value > 0.0:
            if trend > 0.0 and self.range.value < self.discount:
                self.look_below(bar)
            elif trend < 0.0 and self.range.value > 100.0 - self.discount and self.shorts and self.can_short:
                self.look_above(bar)

    def look_below(self, bar: Any) -> None:
        """Buy where the bar reached into the nearest bullish block and closed above its bottom; each block once."""
        top, bottom = self.blocks.bullish_top, self.blocks.bullish_bottom
        if bar.low <= top and bar.close > bottom and top != self.bought_at:
            stop = bottom - self.buffer * self.atr.value
            risk = bar.close - stop
            if risk > 0.0 and stop > 0.0:
                self.bought_at = top
                self.buy(self.size_for(risk, bar.close), sl=stop, tp=bar.close + self.reward * risk)

    def look_above(self, bar: Any) -> None:
        """The mirror image."""
        top, bottom = self.blocks.bearish_top, self.blocks.bearish_bottom
        if bar.high >= bottom and bar.close < top and bottom != self.sold_at:
            stop = top + self.buffer * self.atr.value
            risk = stop - bar.close
            target = bar.close - self.reward * risk
            if risk > 0.0 and target > 0.0:
                self.sold_at = bottom
                self.sell(self.size_for(risk, bar.close), sl=stop, tp=target)

    def size_for(self, reach: float, price: float) -> float:
        """The size that loses the risked share over `reach`, limited by what the account can pay for."""
        risked: float = self.equity * self.risk_percent / 100.0 / reach
        return min(risked, 0.95 * self.equity / price)
