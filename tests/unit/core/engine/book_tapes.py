"""Small recordings written by hand, and a strategy that does what a test says when it says so."""

from decimal import Decimal

import numpy as np

from tradewind import Strategy
from tradewind.core.domain.book_sequence import EventKind
from tradewind.core.domain.instruments import Instrument
from tradewind.core.domain.recording import Recording
from tradewind.core.engine.books.rules import BookRules, market_rules
from tradewind.core.engine.books.run import replay
from tradewind.core.engine.rules import MarketRules

MS = 1_000_000
START = 1_700_000_000_000 * MS
SYMBOL = "BTC/USDT:USDT"
PERPETUAL = Instrument(SYMBOL, tick=Decimal("0.1"), lot=Decimal("0.001"), maker_fee=Decimal(0), taker_fee=Decimal(0))


class Tape:
    """Events at milliseconds from the start; numbers follow each other unless a change is lost."""

    def __init__(self, feed_ms: float = 1.0):
        self.feed_ms = feed_ms
        self.number = 100
        self.trades = 0
        self.events = []

    def _add(self, kind, ms, previous, last, rows):
        self.events.append((kind, ms, previous, last, rows))
        return self

    def snapshot(self, ms, bids, asks):
        rows = [(1, *level) for level in bids] + [(-1, *level) for level in asks]
        return self._add(EventKind.SNAPSHOT, ms, 0, self.number, rows)

    def change(self, ms, bids=(), asks=()):
        rows = [(1, *level) for level in bids] + [(-1, *level) for level in asks]
        self.number += 1
        return self._add(EventKind.DEPTH, ms, self.number - 1, self.number, rows)

    def lose(self):
        """A change that is not in the recording."""
        self.number += 1
        return self

    def quote(self, ms, bid, ask):
        self.number += 1
        self._add(EventKind.QUOTE, ms, 0, self.number, [(1, *bid), (-1, *ask)])
        self.number -= 1  # the change that comes with it carries its number
        return self

    def trade(self, ms, side, price, size):
        self.trades += 1
        return self._add(EventKind.TRADE, ms, 0, self.trades, [(side, price, size)])

    def recording(self):
        time = np.array([START + round(e[1] * MS) for e in self.events], np.int64)
        end = np.cumsum([len(e[4]) for e in self.events])
        rows = [row for e in self.events for row in e[4]]
        side, price, size = (np.array(column, np.float64) for column in zip(*rows, strict=True))
        return Recording(
            SYMBOL,
            kind=np.array([e[0] for e in self.events], np.int8),
            time=time,
            local=time + round(self.feed_ms * MS),
            previous=np.array([e[2] for e in self.events], np.int64),
            last=np.array([e[3] for e in self.events], np.int64),
            begin=np.concatenate([[0], end[:-1]]).astype(np.int64),
            end=end.astype(np.int64),
            side=side.astype(np.int8),
            price=price,
            size=size,
            tick=PERPETUAL.tick,
            lot=PERPETUAL.lot,
        )


def usual_book(feed_ms=1.0):
    """Bids of 1, 2, 3 at 100.0, 99.9, 99.8; asks of 1, 2, 3 at 100.1, 100.2, 100.3."""
    return Tape(feed_ms).snapshot(
        0, [(100.0, 1.0), (99.9, 2.0), (99.8, 3.0)], [(100.1, 1.0), (100.2, 2.0), (100.3, 3.0)]
    )


class Scripted(Strategy):
    """Does each step of `steps` (milliseconds, what to do with the strategy) at the first event it hears by then."""

    steps = ()

    def setup(self):
        self.waiting = list(self.steps)
        self.numbers = []
        self.told = []

    def hear(self, name, thing):
        now = (self.exchange.now - START) / MS
        self.told.append((name, now, thing))
        while self.waiting and self.waiting[0][0] <= now:
            self.numbers.append(self.waiting.pop(0)[1](self))

    def on_book(self, book):
        self.hear("book", (book.valid, book.bid, book.ask))

    def on_trade(self, trade):
        self.hear("trade", (trade.side, trade.price, trade.size))

    def on_quote(self, quote):
        self.hear("quote", (quote.bid, quote.bid_size, quote.ask, quote.ask_size))

    def on_fill(self, fill):
        self.told.append(("fill", (self.exchange.now - START) / MS, (fill.side, fill.price, fill.size, fill.maker)))

    def on_order_update(self, update):
        self.told.append(("order", (self.exchange.now - START) / MS, (update.order, update.state, update.reason)))


def play(tape, *steps, instrument=PERPETUAL, engine="interpreted", rules=None, strategy=None, **book):
    """Replay a tape to a scripted strategy: 2 ms to the venue, 3 ms back, unless it is said otherwise."""
    kind = strategy or type("Script", (Scripted,), {"steps": steps})
    ways = {"order_ms": 2.0, "report_ms": 3.0, **book}
    settled = market_rules(rules or MarketRules(cash=100_000.0, close_at_end=False))
    return replay(kind, tape.recording(), instrument, settled, BookRules(**ways), engine)


def fills_of(replayed):
    """(ms, side, price, size, maker) of each fill."""
    return [
        (round((int(f["time"]) - START) / MS, 6), int(f["side"]), float(f["price"]), round(float(f["size"]), 9),
         int(f["maker"]))
        for f in replayed.run.fills
    ]  # fmt: skip
