"""An order book: what is bid and asked at each price, kept up to date by snapshots, changes and quotes.

Plain lists of a fixed length, so that the compiler can lay a book out in a record. `core.domain.book_sequence` says
which changes may be applied.
"""

from __future__ import annotations

TAKEN_MAX = 32
"""Levels of a side of which it is remembered what a simulated order has taken; beyond that the oldest is forgotten."""
LEVELS_MAX = 8192
"""Price levels a side may hold. Beyond it the level furthest from the market is forgotten, and counted."""
NAN = float("nan")


class Levels:
    """One side of a book. The best level is the last: most changes are near it, and little moves for them.

    `side` is 1 for bids and -1 for asks. `prices` rise towards the best one; `sizes` are in base currency. A level
    that has gone stays with size 0 until its place is needed, for far ones come and go at the same prices; the last
    level of all is never an empty one.
    """

    def __init__(self, side: int, levels_max: int = LEVELS_MAX) -> None:
        self.side = side
        self.count = 0
        self.forgotten = 0
        self.prices = [0.0] * levels_max
        self.sizes = [0.0] * levels_max
        self.taken_count = 0
        self.taken_prices = [0.0] * TAKEN_MAX
        self.taken_sizes = [0.0] * TAKEN_MAX

    @property
    def best(self) -> float:
        """The best price, NaN where there is none."""
        return self.prices[self.count - 1] if self.count > 0 else NAN

    @property
    def best_size(self) -> float:
        """What stands at the best price, 0 where there is none."""
        return self.sizes[self.count - 1] if self.count > 0 else 0.0

    def place(self, price: float) -> int:
        """Where the first level is that is as good as `price` or better: from 0 to `count`."""
        low = 0
        high = self.count
        while low < high:
            middle = (low + high) // 2
            if self.side * self.prices[middle] < self.side * price:
                low = middle + 1
            else:
                high = middle
        return low

    def size_at(self, price: float) -> float:
        """What stands at exactly `price`."""
        at = self.place(price)
        if at < self.count and self.prices[at] == price:
            return self.sizes[at]
        return 0.0

    def index(self, depth: int) -> int:
        """Where the level is that stands `depth` levels from the best one, -1 where there is none."""
        i = self.count - 1
        while i >= 0:
            if self.sizes[i] > 0.0:
                if depth <= 0:
                    return i
                depth -= 1
            i -= 1
        return -1

    def put(self, price: float, size: float) -> None:
        """Say what stands at `price` now; 0 removes the level."""
        if self.taken_count > 0:
            size = self._less_taken(price, size)
        at = self.place(price)
        if at < self.count and self.prices[at] == price:
            self.sizes[at] = size
            if size <= 0.0:
                self._drop_empty_top()
        elif size > 0.0:
            if self.count == len(self.prices):
                self._make_room()
                at = self.place(price)
            self._insert(at, price, size)

    def trim(self, price: float) -> None:
        """Remove every level that is better than `price`."""
        while self.count > 0 and self.side * self.prices[self.count - 1] > self.side * price:
            self.count -= 1
        self._drop_empty_top()
        for i in range(self.taken_count - 1, -1, -1):
            if self.side * self.taken_prices[i] > self.side * price:
                self._forget_taken(i)

    def clear(self) -> None:
        """Empty the side."""
        self.count = 0
        self.taken_count = 0

    def take(self, size: float) -> None:
        """Take `size` away from the best level. It does not come back until the level has been empty."""
        price = self.best
        found = -1
        for i in range(self.taken_count):
            if self.taken_prices[i] == price:
                found = i
        if found < 0:
            if self.taken_count == len(self.taken_prices):
                self._forget_taken(0)
            found = self.taken_count
            self.taken_count += 1
            self.taken_prices[found] = price
            self.taken_sizes[found] = 0.0
        self.taken_sizes[found] += size
        self.sizes[self.count - 1] -= size
        self._drop_empty_top()

    def volume_to(self, price: float) -> float:
        """What stands at `price` and better; at all prices with NaN."""
        total = 0.0
        i = self.count - 1
        while i >= 0 and not self.side * self.prices[i] < self.side * price:
            total += self.sizes[i]
            i -= 1
        return total

    def _less_taken(self, price: float, size: float) -> float:
        """What of `size` is left, of which the data do not know that some has been taken."""
        for i in range(self.taken_count):
            if self.taken_prices[i] == price:
                if size <= 0.0:
                    self._forget_taken(i)
                    return 0.0
                self.taken_sizes[i] = min(self.taken_sizes[i], size)
                return size - self.taken_sizes[i]
        return size

    def _forget_taken(self, which: int) -> None:
        self.taken_count -= 1
        for i in range(which, self.taken_count):
            self.taken_prices[i] = self.taken_prices[i + 1]
            self.taken_sizes[i] = self.taken_sizes[i + 1]

    def _insert(self, at: int, price: float, size: float) -> None:
        for i in range(self.count, at, -1):
            self.prices[i] = self.prices[i - 1]
            self.sizes[i] = self.sizes[i - 1]
        self.count += 1
        self.prices[at] = price
        self.sizes[at] = size

    def _drop_empty_top(self) -> None:
        while self.count > 0 and self.sizes[self.count - 1] <= 0.0:
            self.count -= 1

    def _make_room(self) -> None:
        """Close up the levels that have gone; where there are none, forget the one furthest from the market."""
        kept = 0
        for i in range(self.count):
            if self.sizes[i] > 0.0:
                self.prices[kept] = self.prices[i]
                self.sizes[kept] = self.sizes[i]
                kept += 1
        if kept == self.count:
            self.forgotten += 1
            kept -= 1
            for i in range(kept):
                self.prices[i] = self.prices[i + 1]
                self.sizes[i] = self.sizes[i + 1]
        self.count = kept


class OrderBook:
    """Both sides of one symbol's book. While it is not `valid`, its prices are NaN and its sizes 0.

    `update_id` is the venue's number of the last change in it; `time` when it last changed (ns, UTC, the venue's time).
    """

    def __init__(self, levels_max: int = LEVELS_MAX) -> None:
        self.bids = Levels(1, levels_max)
        self.asks = Levels(-1, levels_max)
        self.valid = False
        self.time = 0
        self.update_id = 0
        self.snapshots = 0
        self.gaps = 0
        self.old = 0
        self.crossed = 0
        self.invalid_since = 0
        self.quote_id = 0
        self.quote_bid = NAN
        self.quote_bid_size = 0.0
        self.quote_ask = NAN
        self.quote_ask_size = 0.0

    @property
    def bid(self) -> float:
        """The best bid."""
        return self.bids.best if self.valid else NAN

    @property
    def ask(self) -> float:
        """The best ask."""
        return self.asks.best if self.valid else NAN

    @property
    def bid_size(self) -> float:
        """What stands at the best bid."""
        return self.bids.best_size if self.valid else 0.0

    @property
    def ask_size(self) -> float:
        """What stands at the best ask."""
        return self.asks.best_size if self.valid else 0.0

    @property
    def mid(self) -> float:
        """Halfway between the best bid and the best ask."""
        return (self.bid + self.ask) / 2.0

    @property
    def spread(self) -> float:
        """The best ask less the best bid."""
        return self.ask - self.bid

    @property
    def imbalance(self) -> float:
        """From -1 (all of the best sizes is asked) to 1 (all of it is bid); 0 where there is neither."""
        total = self.bid_size + self.ask_size
        return (self.bid_size - self.ask_size) / total if total > 0.0 else 0.0

    @property
    def tradable(self) -> bool:
        """Whether it is valid, has both sides, and is not crossed or locked."""
        return self.bid < self.ask

    def bid_at(self, depth: int) -> float:
        """The bid at `depth` levels from the best one, which is 0; NaN where there is none."""
        at = self.bids.index(depth)
        return self.bids.prices[at] if self.valid and at >= 0 else NAN

    def ask_at(self, depth: int) -> float:
        """The ask at `depth` levels from the best one, which is 0; NaN where there is none."""
        at = self.asks.index(depth)
        return self.asks.prices[at] if self.valid and at >= 0 else NAN

    def bid_size_at(self, depth: int) -> float:
        """What stands at the bid that is `depth` levels from the best one."""
        at = self.bids.index(depth)
        return self.bids.sizes[at] if self.valid and at >= 0 else 0.0

    def ask_size_at(self, depth: int) -> float:
        """What stands at the ask that is `depth` levels from the best one."""
        at = self.asks.index(depth)
        return self.asks.sizes[at] if self.valid and at >= 0 else 0.0
