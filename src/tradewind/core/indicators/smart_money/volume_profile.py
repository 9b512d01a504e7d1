"""Volume by price: the point of control and the value area, of a window or of a session."""

from __future__ import annotations

from tradewind.core.domain.errors import BadInput
from tradewind.core.indicators.indicator import NAN, Indicator, ring
from tradewind.core.indicators.parameters import checked_length
from tradewind.core.indicators.periods import checked_period_ns, period_origin_ns

ROWS_MAX = 64
"""Price rows of a profile."""
WINDOW_MAX = 4_096
"""Bars of a profile: each bar looks at all of them, so it bounds the cost of an update."""
VALUE_AREA = 0.7
"""The share of the volume in the value area: about one standard deviation (Steidlmayer's Market Profile)."""


class Profile:
    """Bars, and how their volume lies over `rows` equal slices from their lowest low to their highest high.

    A bar's volume is spread evenly over its range. The point of control is the slice with most volume, the one nearer
    the middle of the range where several have as much; the value area grows from it by the larger of the two
    neighbouring slices, the upper one where they are equal, until it holds 70 % of the volume. Source: CBOT Market
    Profile (J. P. Steidlmayer, 1985), with one slice a step.
    """

    def __init__(self, window: int, rows: int) -> None:
        self.window = window
        self.rows = rows
        self.bars = 0
        self.at = 0
        self.point = NAN
        self.area_high = NAN
        self.area_low = NAN
        self.shares = ring(ROWS_MAX)
        self.highs = ring(window)
        self.lows = ring(window)
        self.volumes = ring(window)

    def clear(self) -> None:
        """Begin without bars."""
        self.bars = 0
        self.at = 0

    def add(self, high: float, low: float, volume: float) -> None:
        """Take a bar; the oldest leaves once the window is full."""
        self.highs[self.at] = high
        self.lows[self.at] = low
        self.volumes[self.at] = volume
        self.at = (self.at + 1) % self.window
        self.bars = min(self.bars + 1, self.window)

    def measure(self) -> None:
        """Find the point of control and the value area; NaN where nothing traded."""
        top = self.highs[0]
        bottom = self.lows[0]
        for i in range(1, self.bars):
            top = max(top, self.highs[i])
            bottom = min(bottom, self.lows[i])
        step = (top - bottom) / float(self.rows)
        self.point = NAN
        self.area_high = NAN
        self.area_low = NAN
        if not step > 0.0:
            self.at_one_price(top)
            return
        for row in range(self.rows):
            self.shares[row] = 0.0
        for i in range(self.bars):
            if self.volumes[i] > 0.0:
                self.spread(self.highs[i], self.lows[i], self.volumes[i], bottom, step)
        total = 0.0
        for row in range(self.rows):
            total += self.shares[row]
        if total > 0.0:
            self.find_area(bottom, step, total)

    def at_one_price(self, price: float) -> None:
        """All bars stand at one price: if anything traded, it did so there."""
        for i in range(self.bars):
            if self.volumes[i] > 0.0:
                self.point = price
                self.area_high = price
                self.area_low = price

    def spread(self, high: float, low: float, volume: float, bottom: float, step: float) -> None:
        """Lay one bar's volume over the slices it touches."""
        first = self.slice_of((low - bottom) / step)
        last = self.slice_of((high - bottom) / step)
        if first == last:
            self.shares[first] += volume
            return
        rate = volume / (high - low)
        self.shares[first] += rate * max(bottom + float(first + 1) * step - low, 0.0)
        for row in range(first + 1, last):
            self.shares[row] += rate * step
        self.shares[last] += rate * max(high - (bottom + float(last) * step), 0.0)

    def slice_of(self, steps: float) -> int:
        """The slice that is so many steps above the bottom; the top edge belongs to the last."""
        return min(int(steps), self.rows - 1) if steps >= 0.0 else 0

    def find_area(self, bottom: float, step: float, total: float) -> None:
        """Grow the value area from the fullest slice."""
        middle = float(self.rows - 1) / 2.0
        fullest = 0
        for row in range(1, self.rows):
            more = self.shares[row] - self.shares[fullest]
            if more > 0.0 or (more == 0.0 and abs(float(row) - middle) < abs(float(fullest) - middle)):
                fullest = row
        low = fullest
        high = fullest
        held = self.shares[fullest]
        while held < VALUE_AREA * total and high - low < self.rows - 1:
            above = self.shares[high + 1] if high < self.rows - 1 else -1.0
            below = self.shares[low - 1] if low > 0 else -1.0
            if above >= below:
                high += 1
                held += above
            else:
                low -= 1
                held += below
        self.point = bottom + (float(fullest) + 0.5) * step
        self.area_low = bottom + float(low) * step
        self.area_high = bottom + float(high + 1) * step


def checked_rows(rows: int, who: str) -> int:
    """Price rows of a profile. Raises BadInput."""
    return checked_at_most(checked_length(rows, who, "rows", least=2), ROWS_MAX, who, "rows")


def checked_at_most(number: int, most: int, who: str, name: str) -> int:
    """A number up to a limit. Raises BadInput."""
    if number > most:
        raise BadInput(
            f"{name} must be up to {most}, found {number}", where=who, fix=f"Choose {name} of at most {most}"
        )
    return number


class VolumeProfile(Indicator):
    """Volume by price of the last `length` bars: `value` is the point of control, with the value area's two edges.

    The window's range is cut into `rows` equal slices (see Profile). NaN while nothing traded in the window. Ready
    after `length` updates; an update takes time in proportion to `length`.
    """

    outputs = ("value", "value_area_high", "value_area_low")

    def __init__(self, length: int = 96, rows: int = 24) -> None:
        self.length = checked_at_most(checked_length(length, "VolumeProfile"), WINDOW_MAX, "VolumeProfile", "length")
        super().__init__(warmup=self.length)
        self.value_area_high = NAN
        self.value_area_low = NAN
        self.profile = Profile(self.length, checked_rows(rows, "VolumeProfile"))

    def update(self, high: float, low: float, volume: float) -> None:
        """Take the next bar."""
        self.count += 1
        self.prev = self.value
        self.profile.add(high, low, volume)
        if self.count >= self.warmup:
            self.profile.measure()
            self.value = self.profile.point
            self.value_area_high = self.profile.area_high
            self.value_area_low = self.profile.area_low


class SessionProfile(Indicator):
    """Volume by price since the UTC period began ("1d" by default): as VolumeProfile, and the finished one's levels.

    `last_value`, `last_area_high` and `last_area_low` are those of the period before, NaN until one was seen to its
    end. A period keeps its last WINDOW_MAX bars. NaN while nothing traded in the period. Ready after 1 update.
    """

    outputs = ("value", "value_area_high", "value_area_low", "last_value", "last_area_high", "last_area_low")

    def __init__(self, period: str = "1d", rows: int = 24) -> None:
        super().__init__(warmup=1)
        self.period_ns = checked_period_ns(period, "SessionProfile")
        self.origin_ns = period_origin_ns(self.period_ns)
        self.value_area_high = NAN
        self.value_area_low = NAN
        self.last_value = NAN
        self.last_area_high = NAN
        self.last_area_low = NAN
        self.number = 0
        self.profile = Profile(WINDOW_MAX, checked_rows(rows, "SessionProfile"))

    def update(self, high: float, low: float, volume: float, time: int) -> None:
        """Take the next bar; `time` is its opening in nanoseconds since 1970 UTC."""
        self.count += 1
        self.prev = self.value
        number = (time - self.origin_ns) // self.period_ns
        if self.count > 1 and number != self.number:
            self.last_value = self.value
            self.last_area_high = self.value_area_high
            self.last_area_low = self.value_area_low
            self.profile.clear()
        self.number = number
        self.profile.add(high, low, volume)
        self.profile.measure()
        self.value = self.profile.point
        self.value_area_high = self.profile.area_high
        self.value_area_low = self.profile.area_low
