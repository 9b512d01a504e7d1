"""Liquidity pools above swing highs and below swing lows, and their sweeps."""

from __future__ import annotations

from tradewind.core.indicators.indicator import NAN, Indicator
from tradewind.core.indicators.parameters import checked_positive
from tradewind.core.indicators.smart_money.parameters import checked_swing_length
from tradewind.core.indicators.smart_money.pools import Pools
from tradewind.core.indicators.smart_money.swings import Swings


class Liquidity(Indicator):
    """Liquidity pools: two or more swing highs, or lows, that lie close together, where stops are thought to rest.

    The first swing of a pool sets a band of `width` (a price difference) around itself, or, where no width is given, of
    `range_percent` of the range of all prices seen so far; later swings inside the band join until a bar reaches the
    band's outer edge, which sweeps the pool. A swing that a further one replaces is taken back.

    On the bar that confirms a swing which makes or widens a pool, `value` is 1 (highs) or -1 (lows), `level` the mean
    of its swings, `bars_back` how long ago its first one was and `members` how many there are; on other bars `value` is
    0 and those are NaN. `swept_highs` and `swept_lows` count pools swept on this bar; `swept_high_level` and
    `swept_low_level` are the level of the furthest. `above` and `below` are the nearest pools that rest; `forgotten`
    counts groups dropped beyond POOLS_MAX on a side. Ready after 2 x length updates.
    """

    outputs = (
        "value", "level", "bars_back", "members", "swept_highs", "swept_lows", "swept_high_level", "swept_low_level",
        "above", "below", "forgotten",
    )  # fmt: skip

    def __init__(self, length: int = 5, range_percent: float = 1.0, width: float | None = None) -> None:
        self.swings = Swings(checked_swing_length(length, "Liquidity"))
        super().__init__(warmup=self.swings.warmup)
        self.share = checked_positive(range_percent, "Liquidity", "range_percent") / 100.0
        self.width = 0.0 if width is None else checked_positive(width, "Liquidity", "width")
        self.level = NAN
        self.bars_back = NAN
        self.members = NAN
        self.swept_highs = NAN
        self.swept_lows = NAN
        self.swept_high_level = NAN
        self.swept_low_level = NAN
        self.above = NAN
        self.below = NAN
        self.forgotten = NAN
        self.top = 0.0
        self.bottom = 0.0
        self.highs = Pools()
        self.lows = Pools()

    def update(self, high: float, low: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        self.top = high if self.count == 1 else max(self.top, high)
        self.bottom = low if self.count == 1 else min(self.bottom, low)
        self.swings.update(high, low)
        if self.count < self.warmup:
            return
        self.value = 0.0
        self.level = NAN
        self.bars_back = NAN
        self.members = NAN
        if self.swings.value > 0.0:
            self.join(self.highs, 1.0)
        elif self.swings.value < 0.0:
            self.join(self.lows, -1.0)
        self.highs.sweep(high)
        self.lows.sweep(-low)
        self.show()

    def join(self, pools: Pools, sign: float) -> None:
        """Give a confirmed swing to the pools of its side."""
        if self.swings.replaces > 0.0:
            pools.take_back()
        width = self.width if self.width > 0.0 else self.share * (self.top - self.bottom)
        if not width > 0.0:
            return
        at = pools.take(self.swings.row, sign * self.swings.level, width)
        if pools.members[at] > 1:
            self.value = sign
            self.level = sign * (pools.totals[at] / pools.members[at])
            self.bars_back = float(self.count - 1 - pools.rows[at])
            self.members = float(pools.members[at])

    def show(self) -> None:
        """Set the outputs about pools that rest or were swept."""
        self.swept_highs = float(self.highs.swept)
        self.swept_lows = float(self.lows.swept)
        self.swept_high_level = self.highs.swept_level
        self.swept_low_level = -self.lows.swept_level
        self.above = self.highs.nearest
        self.below = -self.lows.nearest
        self.forgotten = float(self.highs.forgotten + self.lows.forgotten)
