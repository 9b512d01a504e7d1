"""A run on the stops, a change of character, and a gap to enter at: the reversal of smart-money traders."""

from __future__ import annotations

from typing import Any

from tradewind.core.domain.timeframes import timeframe_name
from tradewind.core.indicators import DealingRange, FairValueGaps, Liquidity, MarketStructure, PreviousHighLow, Session
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy

IDLE, SWEPT, TURNED = 0, 1, 2


class LiquiditySweep(Strategy):
    """Fades a sweep of resting stops, once the price has turned and left a fair value gap behind.

    Three things must follow each other within `patience` bars. A low is run: a pool of equal lows, or yesterday's low,
    while the price stands in the lower half of a higher timeframe's range. Then a bar closes above the last swing high,
    the first sign of a change of character. Then, inside a kill zone (London open, New York), a fair value gap upwards
    is left, and a limit order rests at its near edge, with the stop beneath the sweep and the target a multiple of what
    is risked. Shorts mirror it, above highs. An order that waits longer than `patience` is withdrawn.
    """

    length = param(3, low=2, high=30, help="bars that confirm a swing")
    higher = param(6, low=2, high=48, help="bars that make one bar of the higher timeframe")
    pool_percent = param(1.0, low=0.05, high=10.0, help="width of a pool, percent of the range of all prices so far")
    patience = param(24, low=3, high=200, help="bars from the sweep to the entry")
    kill_zones = param(True, help="only where London opens (6 to 9 UTC) or in New York's morning (11 to 14 UTC)")
    reward = param(2.0, low=0.5, high=10.0, help="target, multiples of what is risked")
    risk_percent = param(1.0, low=0.05, high=10.0, help="percent of the account that the stop may cost")
    shorts = param(True, help="also trade falling markets, where the market allows it")

    def setup(self) -> None:
        """Pools, yesterday's range, structure, gaps and sessions on the run's bars; the range of a higher timeframe."""
        self.above = self.feed(timeframe=timeframe_name(self.higher * self.exchange.step))
        self.range = DealingRange(self.length).on(self.above)
        self.pools = Liquidity(self.length, self.pool_percent)
        self.yesterday = PreviousHighLow("1d")
        self.structure = MarketStructure(self.length)
        self.gaps = FairValueGaps()
        self.london = Session("London open kill zone")
        self.new_york = Session("New York kill zone")
        self.side = 0
        self.stage = IDLE
        self.extreme = 0.0
        self.left = 0
        self.waiting = 0
        self.broke_low = 0.0
        self.broke_high = 0.0

    def on_bar(self, bar: Any) -> None:
        """Look for a sweep, then for the turn, then for the gap."""
        self.left -= 1
        if self.left == 0:
            self.stage = IDLE
            self.cancel(self.waiting)
        self.look_for_sweep(bar)
        if self.stage != IDLE:
            self.extreme = min(self.extreme, bar.low) if self.side > 0 else max(self.extreme, bar.high)
        if self.stage == SWEPT and self.structure.crossing == float(self.side):
            self.stage = TURNED
        open_now = not self.kill_zones or self.london.value > 0.0 or self.new_york.value > 0.0
        if self.stage == TURNED and open_now and self.gaps.value == float(self.side):
            self.enter()

    def look_for_sweep(self, bar: Any) -> None:
        """A low that was run where prices are cheap, or a high where they are dear, begins the wait anew."""
        ran_low = self.pools.swept_lows > 0.0 or self.yesterday.broken_low > self.broke_low
        ran_high = self.pools.swept_highs > 0.0 or self.yesterday.broken_high > self.broke_high
        self.broke_low = self.yesterday.broken_low
        self.broke_high = self.yesterday.broken_high
        if self.direction != 0 or self.orders_open > 0:
            return
        if ran_low and self.range.value < 50.0:
            self.begin(1, bar.low)
        elif ran_high and self.range.value > 50.0 and self.shorts and self.can_short:
            self.begin(-1, bar.high)

    def begin(self, side: int, extreme: float) -> None:
        """Wait for a turn to this side."""
        self.waiting = 0
        self.side = side
        self.stage = SWEPT
        self.extreme = extreme
        self.left = self.patience

    def enter(self) -> None:
        """Rest an order at the near edge of the gap that this bar has left."""
        if self.direction != 0 or self.orders_open > 0 or not self.equity > 0.0:
            return
        entry = self.gaps.top if self.side > 0 else self.gaps.bottom
        risk = self.side * (entry - self.extreme)
        target = entry + self.side * self.reward * risk
        if risk > 0.0 and target > 0.0:
            self.stage = IDLE
            size = self.size_for(risk, entry)
            if self.side > 0:
                self.waiting = self.buy(size, limit=entry, sl=self.extreme, tp=target)
            else:
                self.waiting = self.sell(size, limit=entry, sl=self.extreme, tp=target)

    def size_for(self, reach: float, price: float) -> float:
        """The size that loses the risked share over `reach`, limited by what the account can pay for."""
        risked: float = self.equity * self.risk_percent / 100.0 / reach
        return min(risked, 0.95 * self.equity / price)
