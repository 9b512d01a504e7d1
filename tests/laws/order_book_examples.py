"""Invented order books, a strategy that does everything by chance, and a witness of what the venue's book was."""

from bisect import bisect_right

import numpy as np
from hypothesis import strategies as st

from tradewind import Strategy, param
from tradewind.core.domain.book_sequence import EventKind
from tradewind.core.domain.recording import Recording
from tradewind.core.domain.synthetic_book import SyntheticBook
from tradewind.core.engine.books.rules import BookRules

books = st.builds(
    SyntheticBook,
    seconds=st.sampled_from([1.0, 2.0, 4.0]),
    seed=st.integers(0, 10_000),
    gaps=st.sampled_from([0, 0, 1, 3]),
)
ways = st.builds(
    BookRules,
    order_ms=st.sampled_from([0.0, 0.5, 3.0, 40.0]),
    report_ms=st.sampled_from([0.0, 2.0, 25.0]),
    feed_ms=st.sampled_from([None, 0.0, 7.0]),
    queue=st.sampled_from(["proportional", "back"]),
)
seeds = st.integers(1, 2**30)


class Restless(Strategy):
    """Orders of every kind, at prices around the middle, by a generator of its own."""

    seed = param(1, low=1, high=2**31)

    def setup(self):
        self.state = self.seed
        self.heard = 0

    def draw(self, below):
        self.state = (self.state * 1103515245 + 12345) % 2147483648
        return (self.state >> 8) % below

    def on_book(self, book):
        self.heard += 1
        if not book.valid:
            if self.draw(3) == 0:
                self.cancel()
        elif self.draw(3) == 0:
            self.place(book)

    def on_trade(self, trade):
        if self.draw(4) != 0:
            return
        if self.book.valid:
            self.place(self.book)
        else:
            self.buy(0.01)

    def on_quote(self, quote):
        if quote.ask > quote.bid and self.draw(9) == 0:
            self.cancel()

    def on_fill(self, fill):
        if self.draw(7) == 0:
            self.close()

    def place(self, book):
        what = self.draw(10)
        size = 0.001 * (1 + self.draw(400))
        away = 0.1 * (self.draw(9) - 3)
        if what == 0:
            self.buy(size)
        elif what == 1:
            self.sell(size)
        elif what < 5:
            self.buy(size, limit=book.bid - away, post_only=what == 2, tif=1 if what == 3 else 0)
        elif what < 8:
            self.sell(size, limit=book.ask + away, post_only=what == 5, tif=2 if what == 6 else 0)
        else:
            self.cancel()


class Listening(Strategy):
    """Asks for nothing and remembers what it hears, and when."""

    def setup(self):
        self.heard = []

    def on_trade(self, trade):
        self.heard.append(("trade", self.exchange.now, trade.price))

    def on_book(self, book):
        self.heard.append(("book", self.exchange.now, (book.bid, book.ask)))


class Witness:
    """The venue's book after every event, worked out with dictionaries and nothing of the engine's.

    It knows the sides by the changes, and what quotes have told since the last of them.
    """

    def __init__(self, recording: Recording):
        self.recording = recording
        self.times: list[int] = []
        self.valid: list[bool] = []
        self.bids: list[dict[float, float]] = []
        self.asks: list[dict[float, float]] = []
        sides: dict[int, dict[float, float]] = {1: {}, -1: {}}
        number, valid, waiting = 0, False, []
        newer: list[tuple[int, int]] = []  # quotes that the changes have not come to, with their numbers
        for event in np.lexsort((np.arange(len(recording)), recording.time)).tolist():
            kind = recording.kind[event]
            if kind == EventKind.TRADE:
                continue
            last, previous = int(recording.last[event]), int(recording.previous[event])
            if kind == EventKind.QUOTE:
                if last > max([number, *(n for n, _ in newer)]):
                    newer.append((last, event))
            elif kind == EventKind.SNAPSHOT:
                if not valid or last > number:
                    sides, number = self._sides(event), last
                    for earlier in [] if valid else waiting:
                        if recording.last[earlier] > number >= recording.previous[earlier]:
                            self._put(sides, earlier)
                            number = int(recording.last[earlier])
                    valid, newer = True, newer[-1:]
            elif not valid:
                waiting.append(event)
            elif last > number:
                if previous > number:
                    valid, waiting, newer = False, [event], []
                else:
                    self._put(sides, event)
                    number = last
            shown = {side: dict(levels) for side, levels in sides.items()}
            newer = [(n, quoted) for n, quoted in newer if n > number]
            for _, quoted in newer if valid else ():
                self._quoted(shown, quoted)
            self.times.append(int(recording.time[event]))
            self.valid.append(valid and max(shown[1]) < min(shown[-1]))
            self.bids.append(shown[1])
            self.asks.append(shown[-1])

    def _sides(self, event):
        sides = {1: {}, -1: {}}
        self._put(sides, event)
        return sides

    def _put(self, sides, event):
        r = self.recording
        for i in range(int(r.begin[event]), int(r.end[event])):
            levels = sides[int(r.side[i])]
            levels.pop(float(r.price[i]), None)
            if r.size[i] > 0:
                levels[float(r.price[i])] = float(r.size[i])

    def _quoted(self, sides, event):
        r = self.recording
        bid, ask = int(r.begin[event]), int(r.begin[event]) + 1
        sides[1] = {p: s for p, s in sides[1].items() if p < r.price[bid]} | {float(r.price[bid]): float(r.size[bid])}
        sides[-1] = {p: s for p, s in sides[-1].items() if p > r.price[ask]} | {float(r.price[ask]): float(r.size[ask])}

    def at(self, time_ns):
        """Whether the book could be traded in at an instant, its bids and its asks."""
        i = bisect_right(self.times, time_ns) - 1
        return (self.valid[i], self.bids[i], self.asks[i]) if i >= 0 else (False, {}, {})

    def during(self, time_ns):
        """The same for every event of one instant, and for what stood before it."""
        return [self.at(time_ns - 1), *(
            (self.valid[i], self.bids[i], self.asks[i]) for i, t in enumerate(self.times) if t == time_ns
        )]  # fmt: skip
