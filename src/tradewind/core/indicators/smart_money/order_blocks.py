"""Order blocks: the last stand before a close beyond a swing, and their mitigation."""

from __future__ import annotations

from tradewind.core.indicators.indicator import NAN, Indicator
from tradewind.core.indicators.smart_money.blocks import Blocks
from tradewind.core.indicators.smart_money.parameters import checked_choice, checked_swing_length
from tradewind.core.indicators.smart_money.swings import Swings


class Leg:
    """The bars since a swing high, and the lowest of them (the last one where several are equal).

    The leg since a swing low is kept in mirrored (negated) prices.
    """

    def __init__(self) -> None:
        self.armed = False
        self.level = 0.0
        self.row = -1
        self.top = 0.0
        self.bottom = 0.0

    def begin(self, level: float) -> None:
        """A new swing: no bars yet."""
        self.armed = True
        self.level = level
        self.row = -1

    def include(self, row: int, low: float, high: float) -> None:
        """A bar after the swing."""
        if self.row < 0 or low <= self.bottom:
            self.row = row
            self.top = high
            self.bottom = low

    def broken_by(self, close: float) -> bool:
        """Whether a close is the first one beyond the swing, with bars between them."""
        if not self.armed or close <= self.level:
            return False
        self.armed = False
        return self.row >= 0


class OrderBlocks(Indicator):
    """Order blocks: the lowest bar between a swing high and the first close above it, or the reverse.

    It is told on the bar of that close; `bars_back` is how long ago the block's bar was, `top` and `bottom` its high
    and low. A bullish block is mitigated by the first later bar whose low is below its bottom (`mitigate_on="close"`:
    whose body is), and is gone once a bar after that has a high above its top; bearish ones are reversed.

    `value` is 1 for a bullish block, -1 for a bearish one, 0 on other bars. `volume` is the sum of the last three bars,
    `strength` the smaller of the last two's and the one's before in percent of the larger, NaN without volume.
    `mitigated_bullish` and `mitigated_bearish` count blocks mitigated on this bar. The nearest open blocks are
    `bullish_top`, `bullish_bottom`, `bearish_top`, `bearish_bottom`, NaN while there is none. `forgotten` counts blocks
    dropped beyond BLOCKS_MAX on a side. Ready after 2 x length updates.
    """

    outputs = (
        "value", "top", "bottom", "bars_back", "volume", "strength", "mitigated_bullish", "mitigated_bearish",
        "bullish_top", "bullish_bottom", "bearish_top", "bearish_bottom", "forgotten",
    )  # fmt: skip

    def __init__(self, length: int = 5, mitigate_on: str = "wick") -> None:
        self.swings = Swings(checked_swing_length(length, "OrderBlocks"))
        super().__init__(warmup=self.swings.warmup)
        self.by_body = checked_choice(mitigate_on, ("wick", "close"), "OrderBlocks", "mitigate_on") == "close"
        self.top = NAN
        self.bottom = NAN
        self.bars_back = NAN
        self.volume = NAN
        self.strength = NAN
        self.mitigated_bullish = NAN
        self.mitigated_bearish = NAN
        self.bullish_top = NAN
        self.bullish_bottom = NAN
        self.bearish_top = NAN
        self.bearish_bottom = NAN
        self.forgotten = NAN
        self.volume_1 = 0.0
        self.volume_2 = 0.0
        self.since_high = Leg()
        self.since_low = Leg()
        self.bullish = Blocks()
        self.bearish = Blocks()

    def update(self, open: float, high: float, low: float, close: float, volume: float) -> None:  # noqa: A002
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        row = self.count - 1
        self.swings.update(high, low)
        if self.count >= self.warmup:
            floor = min(open, close) if self.by_body else low
            ceiling = max(open, close) if self.by_body else high
            self.bullish.age(floor, high, row)
            self.bearish.age(-ceiling, -low, row)
            self.begin_leg(row)
            self.look(close, volume, row)
            self.show()
            self.since_high.include(row, low, high)
            self.since_low.include(row, -high, -low)
        self.volume_2 = self.volume_1
        self.volume_1 = volume

    def begin_leg(self, row: int) -> None:
        """Start again at a swing confirmed on this bar, with the bars since it but this one."""
        swings = self.swings
        back = row - swings.row
        if swings.value > 0.0:
            self.since_high.begin(swings.level)
            for ago in range(back - 1, 0, -1):
                self.since_high.include(row - ago, swings.low_ago(ago), swings.high_ago(ago))
        elif swings.value < 0.0:
            self.since_low.begin(-swings.level)
            for ago in range(back - 1, 0, -1):
                self.since_low.include(row - ago, -swings.high_ago(ago), -swings.low_ago(ago))

    def look(self, close: float, volume: float, row: int) -> None:
        """Find the block that this close leaves behind."""
        self.value = 0.0
        self.top = NAN
        self.bottom = NAN
        self.bars_back = NAN
        self.volume = NAN
        self.strength = NAN
        if self.since_high.broken_by(close):
            leg = self.since_high
            self.bullish.add(leg.row, leg.top, leg.bottom)
            self.tell(1.0, leg.top, leg.bottom, row - leg.row, volume)
        if self.since_low.broken_by(-close):
            leg = self.since_low
            self.bearish.add(leg.row, leg.top, leg.bottom)
            self.tell(-1.0, -leg.bottom, -leg.top, row - leg.row, volume)

    def tell(self, value: float, top: float, bottom: float, back: int, volume: float) -> None:
        """Report one block on this bar."""
        self.value = value
        self.top = top
        self.bottom = bottom
        self.bars_back = float(back)
        newer = volume + self.volume_1
        older = self.volume_2
        self.volume = newer + older
        most = max(newer, older)
        if most > 0.0:
            self.strength = min(newer, older) / most * 100.0

    def show(self) -> None:
        """Set the outputs about blocks found earlier."""
        self.mitigated_bullish = float(self.bullish.mitigations)
        self.mitigated_bearish = float(self.bearish.mitigations)
        self.forgotten = float(self.bullish.forgotten + self.bearish.forgotten)
        at = self.bullish.nearest
        self.bullish_top = self.bullish.tops[at] if at >= 0 else NAN
        self.bullish_bottom = self.bullish.bottoms[at] if at >= 0 else NAN
        at = self.bearish.nearest
        self.bearish_top = -self.bearish.bottoms[at] if at >= 0 else NAN
        self.bearish_bottom = -self.bearish.tops[at] if at >= 0 else NAN
