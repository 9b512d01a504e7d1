"""Another view of the market inside one run: a second symbol, or a higher timeframe, seen only when it has closed."""

from __future__ import annotations

NAN = float("nan")


class Feed:
    """The last closed bar of one symbol in one timeframe. Before the first one has closed, its prices are NaN.

    `closed` is True while the strategy handles the base bar that completed it. `count` says how many have closed.
    """

    def __init__(self, symbol: int, length: int, origin: int, step: int) -> None:
        self.symbol = symbol
        self.length = length
        self.origin = origin
        self.step = step
        self.time = 0
        self.open = NAN
        self.high = NAN
        self.low = NAN
        self.close = NAN
        self.volume = 0.0
        self.count = 0
        self.closed = False
        self.building = False
        self.next_time = 0
        self.next_open = NAN
        self.next_high = NAN
        self.next_low = NAN
        self.next_close = NAN
        self.next_volume = 0.0

    @property
    def hl2(self) -> float:
        """The middle of the bar's range."""
        return (self.high + self.low) / 2.0

    @property
    def hlc3(self) -> float:
        """The typical price."""
        return (self.high + self.low + self.close) / 3.0

    @property
    def ohlc4(self) -> float:
        """The mean of the bar's four prices."""
        return (self.open + self.high + self.low + self.close) / 4.0

    def flush(self, time: int) -> bool:
        """A base bar opens at `time`: close what is being built if its time is over (data had a gap)."""
        self.closed = False
        if self.building and time >= self.next_time + self.length:
            self._close()
            return True
        return False

    def add(self, time: int, open: float, high: float, low: float, close: float, volume: float) -> bool:  # noqa: A002
        """Take a base bar in; True where it completes a bar of this feed."""
        if not self.building:
            self.building = True
            self.next_time = time - (time - self.origin) % self.length
            self.next_open = open
            self.next_high = high
            self.next_low = low
            self.next_volume = 0.0
        self.next_high = max(self.next_high, high)
        self.next_low = min(self.next_low, low)
        self.next_close = close
        self.next_volume += volume
        if time + self.step >= self.next_time + self.length:
            self._close()
            return True
        return False

    def _close(self) -> None:
        self.time = self.next_time
        self.open = self.next_open
        self.high = self.next_high
        self.low = self.next_low
        self.close = self.next_close
        self.volume = self.next_volume
        self.count += 1
        self.closed = True
        self.building = False
