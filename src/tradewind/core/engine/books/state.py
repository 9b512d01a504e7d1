"""What a replay remembers beside the account: orders as the venue knows them, answers on their way, counts."""

from __future__ import annotations

from tradewind.core.engine import constants as k


class VenueOrder:
    """An order as the venue knows it, in the slot that it has in the account's table.

    `ahead` is what stands before it at its price, `level` what stood at that price when it was last looked at, `traded`
    what has traded there since. `gone` says that the venue is done with it, though the answer may be on its way.
    """

    def __init__(self) -> None:
        self.begin(0, 0, k.EVER)
        self.gone = True

    def begin(self, order_id: int, side: int, arrives: int) -> None:
        """Make the slot hold an order that is on its way to the venue."""
        self.id = order_id
        self.side = side
        self.price = k.NAN
        self.remaining = 0.0
        self.arrives = arrives
        self.gone = False
        self.rests = False
        self.ahead = 0.0
        self.level = 0.0
        self.traded = 0.0
        self.filled = False


class Report:
    """The venue's answer on its way back: a fill, or the end of an order. `due` is when the account hears of it."""

    def __init__(self) -> None:
        self.due = 0
        self.time = 0
        self.slot = 0
        self.order = 0
        self.state = 0
        self.reason = 0
        self.size = 0.0
        self.price = 0.0
        self.maker = False
        self.slippage = 0.0


class TradeSeen:
    """A trade as the strategy hears of it: `time` is when it happened, `side` the aggressor's (1 bought, -1 sold)."""

    def __init__(self) -> None:
        self.time = 0
        self.side = 0
        self.price = k.NAN
        self.size = 0.0


class QuoteSeen:
    """The venue's best bid and ask as the strategy hears of them; `time` is when they held."""

    def __init__(self) -> None:
        self.time = 0
        self.bid = k.NAN
        self.bid_size = 0.0
        self.ask = k.NAN
        self.ask_size = 0.0


class QueueCounts:
    """What became of the orders at the venue. Sizes are in base currency, waits in nanoseconds."""

    def __init__(self) -> None:
        self.rested = 0
        self.ahead_sum = 0.0
        self.front = 0
        self.maker_fills = 0
        self.maker_size = 0.0
        self.through_fills = 0
        self.crossed_fills = 0
        self.taker_fills = 0
        self.taker_size = 0.0
        self.first_fills = 0
        self.wait_sum = 0.0
        self.wait_max = 0
        self.cancelled = 0
        self.cancels_late = 0
        self.refused_at_venue = 0
