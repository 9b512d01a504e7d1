"""The simulated exchange of an order-book replay: the account of every run, and a venue that matches by its book.

The account's side (cash, positions, what an order is checked for) is `engine.exchange`'s own. It hears of fills when
the venue's answers arrive, so nothing that a strategy can see is newer than what had reached it.
"""

from __future__ import annotations

from tradewind.core.domain.order_book import LEVELS_MAX, OrderBook
from tradewind.core.engine import constants as k
from tradewind.core.engine.books.state import QueueCounts, QuoteSeen, Report, TradeSeen, VenueOrder
from tradewind.core.engine.exchange import Exchange

REPORTS_MAX = 1024
"""Answers of the venue that may be on their way at once."""


class BookExchange(Exchange):
    """`book` is what the strategy has heard of, `venue_book` what stands at the venue."""

    def __init__(self, orders_max: int, levels_max: int = LEVELS_MAX) -> None:
        super().__init__(1, 0, orders_max)
        self.levels_max = levels_max
        self.book = OrderBook(levels_max)
        self.venue_book = OrderBook(levels_max)
        self.venue_time = 0
        self.venue_mid = k.NAN
        self.marks_from = 0
        self.marks_step = 1
        self.venue_orders = [VenueOrder() for _ in range(orders_max)]
        self.resting = 0
        self.acts_next = k.EVER
        self.reports = [Report() for _ in range(REPORTS_MAX)]
        self.report_first = 0
        self.report_count = 0
        self.report_latency = 0
        self.reports_next = k.EVER
        self.cancels_count_ahead = True
        self.least_size = 0.0
        self.trade = TradeSeen()
        self.quote = QuoteSeen()
        self.counts = QueueCounts()
        self.no_book = True

    def __layout_key__(self) -> tuple[int, int]:
        """What the compiler's layout of an exchange depends on."""
        return self.levels_max, self.orders_max
