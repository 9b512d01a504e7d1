"""The simulated exchange: one cash account, its orders and positions, and the bars of its instruments.

`Exchange` holds the state and the small questions about it. What an order is checked for is in `intake`, how the market
answers it in `matching`, what a fill does to money in `account`.
"""

from __future__ import annotations

import math

from tradewind.core.engine import account, intake, matching
from tradewind.core.engine import constants as k
from tradewind.core.engine.state import Bar, Decision, Fill, InstrumentState, Order, OrderUpdate, Position

DECISIONS_MAX = 128
"""Requests the hooks of one bar may make."""
FILLS_MAX = 256
"""Fills one bar may bring."""
UPDATES_MAX = 256
REASONS = 16


class Exchange:
    """Everything the market and the account know. Each symbol has two legs; with netting only the first is used."""

    def __init__(self, symbols: int, step: int, orders_max: int) -> None:
        self.cash = 0.0
        self.leverage = 1.0
        self.stake = 1.0
        self.isolated = False
        self.hedging = False
        self.liquidates = True
        self.latency = 0
        self.trade_from = 0
        self.paid_in = 0.0
        self.resize_by = 0.0
        self.worth = 0.0
        self.can_leave = 0.0
        self.no_book = False
        self.slippage_kind = k.NO_SLIPPAGE
        self.slippage_amount = 0.0
        self.participation = 0.0
        self.symbols = symbols
        self.step = step
        self.orders_max = orders_max
        self.live = 0
        self.exposed = 0
        self.busy = False
        self.watch_low = 0.0
        self.watch_high = math.inf
        self.symbol_now = 0
        self.open_time = 0
        self.matching = False
        self.orders_made = 0
        self.bankrupt = False
        self.finished = False
        self.liquidations = 0
        self.liquidation_left = 0.0
        self.bad_value = 0.0
        self.fill_count = 0
        self.decision_count = 0
        self.update_count = 0
        self.wants_updates = False
        self.funding_paid = 0.0
        self.pending = False
        self.timer_next = 0
        self.timer_length = 1
        self.funding_rate = 0.0
        self.funding_last = 0.0
        self.fills_written = 0
        self.decisions_written = 0
        self.fundings_written = 0
        self.bars = [Bar(i, step) for i in range(symbols)]
        self.instruments = [InstrumentState() for _ in range(symbols)]
        self.positions = [Position() for _ in range(2 * symbols)]
        self.orders = [Order() for _ in range(orders_max)]
        self.orders_forced = [Order()]
        self.queue = [0] * orders_max
        self.refused_count = [0] * REASONS
        self.refused_first = [0] * REASONS
        self.fills = [Fill() for _ in range(FILLS_MAX * symbols)]
        self.decisions = [Decision() for _ in range(DECISIONS_MAX * symbols)]
        self.updates = [OrderUpdate() for _ in range(UPDATES_MAX)]

    def __layout_key__(self) -> tuple[int | type, ...]:
        """What the compiler's layout of an exchange depends on."""
        return self.symbols, self.orders_max, type(self.bars[0])

    # What a strategy asks for.

    def submit(
        self, symbol: int, side: int, size: float, sized: bool, limit: float, stop: float, stop_loss: float,
        take_profit: float, trail: float, reduce_only: bool, post_only: bool, tif: int, expires: int,
    ) -> int:  # fmt: skip
        """Ask for an order; its number, or 0 where it was refused."""
        return intake.submit(
            self, symbol, side, size, sized, limit, stop, stop_loss, take_profit, trail, reduce_only, post_only, tif,
            expires,
        )  # fmt: skip

    def cancel(self, order: int) -> int:
        """Ask to cancel order number `order`, or all of them with 0; how many it was."""
        return intake.cancel(self, order)

    def protect(self, symbol: int, stop_loss: float, take_profit: float, trail: float) -> None:
        """Replace what protects the symbol's position by a new bracket around all of it."""
        intake.protect(self, symbol, stop_loss, take_profit, trail)

    def leg(self, symbol: int, short: int) -> Position:
        """The symbol's first leg or, with `short` 1, the short leg of a hedging account."""
        intake.check_symbol(self, symbol)
        return self.positions[2 * symbol + short]

    # What the market does.

    def open_phase(self, bar: Bar) -> None:
        """What trades at the open of the only symbol's bar."""
        matching.open_phase(self, bar)

    def open_bar(self, bar: Bar) -> None:
        """One of several bars that open at this moment."""
        matching.open_bar(self, bar)

    def open_orders(self) -> None:
        """What trades at the opens of this moment."""
        matching.open_orders(self)

    def inside_phase(self, bar: Bar) -> None:
        """What trades between the bar's open and its close."""
        matching.inside_phase(self, bar)

    def fund(self, rate: float, price: float, leg: int) -> float:
        """Settle funding on one leg; what the account paid."""
        return account.fund(self, rate, price, leg)

    # What is asked about it.

    @property
    def now(self) -> int:
        """When the bar in hand closed: the time of every decision taken on it."""
        return self.bars[self.symbol_now].close_time

    def price_now(self, symbol: int) -> float:
        """The last price known: the open while the bar trades, its close afterwards."""
        bar = self.bars[symbol]
        if self.matching and bar.time >= self.open_time:
            return bar.open
        return bar.close

    def equity(self) -> float:
        """Cash and unrealised profit at the last prices known."""
        return account.equity(self)
