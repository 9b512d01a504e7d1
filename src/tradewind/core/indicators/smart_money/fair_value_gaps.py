"""Fair value gaps: prices that a strong bar jumped over, and their filling."""

from __future__ import annotations

from tradewind.core.indicators.indicator import NAN, Indicator, ring
from tradewind.core.indicators.smart_money.parameters import checked_truth

GAPS_MAX = 512
"""Open gaps remembered on each side; beyond it the oldest, which is the furthest from the price, is forgotten."""


class OpenGaps:
    """The unfilled gaps below the price, the newest last; those above it are kept in mirrored (negated) prices.

    An unfilled gap lies below every low since, so the newest is the nearest, and gaps are filled from the newest on:
    after `fill` the filled ones still stand in the slots from `depth` up to `depth + filled`.
    """

    def __init__(self) -> None:
        self.depth = 0
        self.filled = 0
        self.forgotten = 0
        self.rows = [0] * GAPS_MAX
        self.near = ring(GAPS_MAX)
        self.far = ring(GAPS_MAX)

    def fill(self, low: float) -> None:
        """Take off the gaps that a bar's low reaches."""
        depth = self.depth
        while depth > 0 and self.near[depth - 1] >= low:
            depth -= 1
        self.filled = self.depth - depth
        self.depth = depth

    def add(self, row: int, near: float, far: float) -> None:
        """Put a new gap on top."""
        if self.depth == GAPS_MAX:
            for i in range(1, GAPS_MAX):
                self.rows[i - 1] = self.rows[i]
                self.near[i - 1] = self.near[i]
                self.far[i - 1] = self.far[i]
            self.depth -= 1
            self.forgotten += 1
        self.rows[self.depth] = row
        self.near[self.depth] = near
        self.far[self.depth] = far
        self.depth += 1

    def nearest(self) -> float:
        """The near edge of the nearest gap, NaN if there is none."""
        return self.near[self.depth - 1] if self.depth > 0 else NAN

    def furthest(self) -> float:
        """The far edge of the nearest gap, NaN if there is none."""
        return self.far[self.depth - 1] if self.depth > 0 else NAN


class FairValueGaps(Indicator):
    """Fair value gaps: three bars of which the first and the third leave prices untouched between them.

    Upwards the middle bar closes above its open and the third bar's low is above the first bar's high; downwards
    everything is reversed. It is told on the close of the third bar and filled by the first later bar that reaches its
    near edge. With `join=True` a gap directly after another of its kind takes its place and covers both (`joins` is 1).

    `value` is 1 for a gap upwards, -1 downwards, 0 on other bars; `top` and `bottom` are its edges and `bars_back` is
    1, the middle bar. `filled_bullish` and `filled_bearish` count the gaps filled on this bar. The nearest open gaps
    are `bullish_top`, `bullish_bottom`, `bearish_top`, `bearish_bottom`, NaN while there is none; `forgotten` counts
    open gaps dropped beyond GAPS_MAX on a side. Ready after 3 updates.
    """

    outputs = (
        "value", "top", "bottom", "bars_back", "joins", "filled_bullish", "filled_bearish",
        "bullish_top", "bullish_bottom", "bearish_top", "bearish_bottom", "forgotten",
    )  # fmt: skip

    def __init__(self, join: bool = False) -> None:
        super().__init__(warmup=3)
        self.join = checked_truth(join, "FairValueGaps", "join")
        self.top = NAN
        self.bottom = NAN
        self.bars_back = NAN
        self.joins = NAN
        self.filled_bullish = NAN
        self.filled_bearish = NAN
        self.bullish_top = NAN
        self.bullish_bottom = NAN
        self.bearish_top = NAN
        self.bearish_bottom = NAN
        self.forgotten = NAN
        self.last_body = 0.0
        self.last_high = 0.0
        self.last_low = 0.0
        self.first_high = 0.0
        self.first_low = 0.0
        self.last_value = 0.0
        self.last_top = 0.0
        self.last_bottom = 0.0
        self.below = OpenGaps()
        self.above = OpenGaps()

    def update(self, open: float, high: float, low: float, close: float) -> None:  # noqa: A002  (a bar's field)
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        if self.count >= self.warmup:
            self.look(high, low)
        self.first_high = self.last_high
        self.first_low = self.last_low
        self.last_high = high
        self.last_low = low
        self.last_body = close - open

    def look(self, high: float, low: float) -> None:
        """Find the gap that this bar completes, and what it fills."""
        self.last_value = self.value
        self.last_top = self.top
        self.last_bottom = self.bottom
        self.value = 0.0
        self.top = NAN
        self.bottom = NAN
        self.bars_back = NAN
        self.joins = 0.0
        if self.last_body > 0.0 and self.first_high < low:
            self.found(1.0, low, self.first_high)
        elif self.last_body < 0.0 and self.first_low > high:
            self.found(-1.0, self.first_low, high)
        if self.joins > 0.0:  # the gap of the bar before goes up in this one, even where this bar reaches it
            if self.value > 0.0:
                self.below.depth -= 1
            else:
                self.above.depth -= 1
        self.below.fill(low)
        self.above.fill(-high)
        if self.value > 0.0:
            self.below.add(self.count - 2, self.top, self.bottom)
        elif self.value < 0.0:
            self.above.add(self.count - 2, -self.bottom, -self.top)
        self.show()

    def found(self, value: float, top: float, bottom: float) -> None:
        """A gap, joined to the one of the bar before where that is asked for."""
        self.value = value
        self.top = top
        self.bottom = bottom
        self.bars_back = 1.0
        if self.join and self.last_value == value:
            self.joins = 1.0
            self.top = max(top, self.last_top)
            self.bottom = min(bottom, self.last_bottom)

    def show(self) -> None:
        """Set the outputs about gaps found earlier."""
        self.filled_bullish = float(self.below.filled)
        self.filled_bearish = float(self.above.filled)
        self.bullish_top = self.below.nearest()
        self.bullish_bottom = self.below.furthest()
        self.bearish_bottom = -self.above.nearest()
        self.bearish_top = -self.above.furthest()
        self.forgotten = float(self.below.forgotten + self.above.forgotten)
