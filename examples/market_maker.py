"""Quote both sides of an order book, and lean against what has been filled.

    tradewind order-book backtest examples/market_maker.py recording.gz

The quotes stand `half_spread` ticks from the middle, moved by `skew` ticks for each `size` held, and are replaced when
the middle has moved. Post-only: it wants to be paid for waiting, not to pay for hurry.
"""

from tradewind import Strategy, param


class MarketMaker(Strategy):
    """One bid and one ask around the middle, shifted by the inventory."""

    size = param(0.01, low=0.001, high=10.0, help="what each quote offers, in base currency")
    tick = param(0.1, low=1e-8, high=1000.0, help="the instrument's price step")
    half_spread = param(2.0, low=0.0, high=1000.0, help="ticks from the middle to a quote")
    skew = param(1.0, low=0.0, high=1000.0, help="ticks that the quotes move for each size held")
    most = param(5.0, low=1.0, high=100.0, help="sizes it holds at most, long or short")

    def setup(self):
        self.bid_order = 0
        self.ask_order = 0
        self.bid_price = 0.0
        self.ask_price = 0.0

    def on_book(self, book):
        if not book.valid:
            self.cancel()
            self.forget()
            return
        held = self.position.size / self.size
        fair = book.mid - held * self.skew * self.tick
        # Post-only quotes at or beyond the other side would be refused.
        bid = min(fair - self.half_spread * self.tick, book.ask - self.tick)
        ask = max(fair + self.half_spread * self.tick, book.bid + self.tick)
        if abs(bid - self.bid_price) >= self.tick or (self.bid_order == 0 and held < self.most):
            self.cancel(self.bid_order)
            self.bid_order = 0
            if held < self.most:
                self.bid_order = self.buy(self.size, limit=bid, post_only=True)
                self.bid_price = bid
        if abs(ask - self.ask_price) >= self.tick or (self.ask_order == 0 and held > -self.most):
            self.cancel(self.ask_order)
            self.ask_order = 0
            if held > -self.most:
                self.ask_order = self.sell(self.size, limit=ask, post_only=True)
                self.ask_price = ask

    def on_fill(self, fill):
        if fill.order == self.bid_order:
            self.bid_order = 0
        elif fill.order == self.ask_order:
            self.ask_order = 0

    def forget(self):
        """Quotes that were taken back are no quotes."""
        self.bid_order = 0
        self.ask_order = 0
