"""The state of the simulated market: orders, positions, instruments, the bar in hand.

Plain objects of numbers and fixed lists, so that the compiler can lay them out in one record. What happens to them is
in `intake`, `matching` and `account`.
"""

from __future__ import annotations

import math

from tradewind.core.engine import constants as k


class BarValues:
    """What is worked out from a bar's values."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    symbol: int
    step: int

    @property
    def close_time(self) -> int:
        """When the bar closed."""
        return self.time + self.step

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


class Bar(BarValues):
    """A closed bar of one symbol. `time` is when it opened, `close_time` when it closed (nanoseconds, UTC)."""

    def __init__(self, symbol: int, step: int) -> None:
        self.time = 0
        self.open = k.NAN
        self.high = k.NAN
        self.low = k.NAN
        self.close = k.NAN
        self.volume = 0.0
        self.symbol = symbol
        self.step = step


class Order:
    """One order, in a slot of the table. A price that does not apply is NaN; sizes are in base currency."""

    def __init__(self) -> None:
        self.begin(0, 0, 0, 0, 0.0)
        self.state = k.FREE
        self.in_line = False

    @property
    def remaining(self) -> float:
        """What is still to be filled."""
        return self.size - self.filled

    def begin(self, order_id: int, symbol: int, side: int, kind: int, size: float) -> None:
        """Make the slot hold a new order, with everything else at its neutral value."""
        self.id = order_id
        self.symbol = symbol
        self.side = side
        self.kind = kind
        self.state = k.ACCEPTED
        self.size = size
        self.filled = 0.0
        self.by_stake = False
        self.staked = False
        self.limit = k.NAN
        self.stop = k.NAN
        self.stop_loss = k.NAN
        self.take_profit = k.NAN
        self.trail = k.NAN
        self.reduce_only = False
        self.post_only = False
        self.tif = k.GTC
        self.arrives = 0
        self.expires = 0
        self.cancels = k.EVER
        self.bracket = 0
        self.exit_reason = k.BY_ORDER
        self.rests = False
        self.born_inside = -1


class Position:
    """One leg: with netting the only one of its symbol, with hedging the long or the short one."""

    def __init__(self) -> None:
        self.size = 0.0
        self.entry_price = 0.0
        self.margin = 0.0
        self.opened_at = 0
        self.liquidation_low = 0.0
        self.liquidation_high = math.inf
        self.dust = 0.0

    def __bool__(self) -> bool:
        # Fees taken in base currency leave less than a lot behind, which cannot be sold and is no position.
        return abs(self.size) > self.dust

    @property
    def is_long(self) -> bool:
        """Whether it gains when the price rises."""
        return self.size > self.dust

    @property
    def is_short(self) -> bool:
        """Whether it gains when the price falls."""
        return self.size < -self.dust

    def profit_at(self, price: float) -> float:
        """Unrealised profit in quote currency at `price`, before fees."""
        return self.size * (price - self.entry_price)


class InstrumentState:
    """An instrument's rules as floats, and what the engine remembers of its market."""

    def __init__(self) -> None:
        self.spot = False
        self.tick_num = 0.0
        self.tick_den = 1.0
        self.lot_num = 0.0
        self.lot_den = 1.0
        self.size_min = 0.0
        self.notional_min = 0.0
        self.maker_fee = 0.0
        self.taker_fee = 0.0
        self.fee_in_base = False
        self.maintenance = 0.0
        self.liquidation_fee = 0.0
        self.leverage = 1.0
        self.funding_next = 0
        self.funding_end = 0
        self.range_average = k.NAN
        self.bars_seen = 0
        self.close_before = k.NAN
        self.volume_left = 0.0

    def round_size(self, size: float) -> float:
        """Down to a whole number of lots."""
        if self.lot_num == 0.0:
            return size
        # A size a hair below a whole number of lots is that number: 0.3 / 0.1 must give three lots.
        lots = math.floor(size * self.lot_den / self.lot_num * (1.0 + 1e-12) + 1e-9)
        return lots * self.lot_num / self.lot_den

    def whole_lots(self, size: float) -> float:
        """The float nearest to the whole number of lots that a sum of sizes means."""
        if self.lot_num == 0.0 or self.fee_in_base:
            return size
        return math.floor(size * self.lot_den / self.lot_num + 0.5) * self.lot_num / self.lot_den

    def price_down(self, price: float) -> float:
        """Down to the tick."""
        if self.tick_num == 0.0:
            return price
        return math.floor(price * self.tick_den / self.tick_num + 1e-6) * self.tick_num / self.tick_den

    def price_up(self, price: float) -> float:
        """Up to the tick."""
        if self.tick_num == 0.0:
            return price
        return math.ceil(price * self.tick_den / self.tick_num - 1e-6) * self.tick_num / self.tick_den


class Fill:
    """A fill in the outbox, as the strategy's `on_fill` sees it."""

    def __init__(self) -> None:
        self.time = 0
        self.order = 0
        self.symbol = 0
        self.side = 0
        self.reason = 0
        self.maker = 0
        self.leg = 0
        self.closing = 0
        self.size = 0.0
        self.price = 0.0
        self.fee = 0.0
        self.fee_base = 0.0
        self.slippage = 0.0
        self.realized = 0.0
        self.cash = 0.0
        self.position = 0.0


class Decision:
    """A request in the outbox: what the strategy asked for."""

    def __init__(self) -> None:
        self.time = 0
        self.order = 0
        self.symbol = 0
        self.action = 0
        self.side = 0
        self.kind = 0
        self.flags = 0
        self.size = 0.0
        self.limit = k.NAN
        self.stop = k.NAN
        self.stop_loss = k.NAN
        self.take_profit = k.NAN
        self.trail = k.NAN
        self.expires = 0


class OrderUpdate:
    """A change of an order's state, as the strategy's `on_order_update` sees it."""

    def __init__(self) -> None:
        self.order = 0
        self.symbol = 0
        self.side = 0
        self.state = 0
        self.reason = 0
        self.size = 0.0
        self.filled = 0.0
