"""Orders: their kinds, how long they stand, the states they pass through, and why a venue turns one down."""

from __future__ import annotations

from enum import IntEnum


class OrderKind(IntEnum):
    """What makes an order trade."""

    MARKET = 1
    """At once, at what the market gives."""
    LIMIT = 2
    """At its limit price or better."""
    STOP = 3
    """A market order once the price has reached the stop."""
    STOP_LIMIT = 4
    """A limit order once the price has reached the stop."""
    TAKE_PROFIT = 5
    """A market order once the price has reached the target: the other side of a stop."""
    TRAILING_STOP = 6
    """A stop that follows the best price at a fixed distance."""


class TimeInForce(IntEnum):
    """How long an order stands."""

    GTC = 0
    """Good till cancelled."""
    IOC = 1
    """Immediate or cancel: what does not trade as it arrives, or is triggered, is cancelled."""
    FOK = 2
    """Fill or kill: all of it as it arrives, or is triggered, or nothing."""
    GTD = 3
    """Good till a date."""


class OrderState(IntEnum):
    """Where an order is in its life."""

    INITIALIZED = 0
    DENIED = 1
    SUBMITTED = 2
    ACCEPTED = 3
    REJECTED = 4
    PARTIALLY_FILLED = 5
    FILLED = 6
    PENDING_CANCEL = 7
    CANCELED = 8
    EXPIRED = 9
    TRIGGERED = 10
    UNKNOWN = 11


class Reason(IntEnum):
    """Why an order was turned down, or cancelled by the market."""

    NONE = 0
    FUNDS = 1
    NOTHING_TO_REDUCE = 2
    BELOW_LOT = 3
    BELOW_NOTIONAL = 4
    WOULD_TAKE = 5
    TOO_MANY = 6
    NO_SHORT = 7
    NOT_FILLED = 8
    EXPIRED = 9
    OTHER_SIDE_FILLED = 10
    ASKED = 11
    BANKRUPT = 12
    PRICE = 13
    WARMING_UP = 14
    NO_BOOK = 15


REASON_TEXT: dict[Reason, str] = {
    Reason.NONE: "",
    Reason.FUNDS: "the account cannot carry it: use a smaller size, more cash or more leverage",
    Reason.NOTHING_TO_REDUCE: "reduce-only, and there is no position to reduce",
    Reason.BELOW_LOT: "smaller than the instrument's lot once rounded down",
    Reason.BELOW_NOTIONAL: "worth less than the instrument's least order value",
    Reason.WOULD_TAKE: "post-only, and it would have traded at once",
    Reason.TOO_MANY: "more open orders than the account may have (orders_max)",
    Reason.NO_SHORT: "a spot account cannot sell what it does not hold",
    Reason.NOT_FILLED: "could not be filled as it arrived (IOC or FOK)",
    Reason.EXPIRED: "its time ran out",
    Reason.OTHER_SIDE_FILLED: "the other side of its bracket filled, or its position closed",
    Reason.ASKED: "the strategy cancelled it",
    Reason.BANKRUPT: "the account was liquidated",
    Reason.PRICE: "its price rounds to nothing, or is not a price",
    Reason.WARMING_UP: "the run had not begun: its first bars only warm indicators up (trade_from_ns)",
    Reason.NO_BOOK: "there was no valid order book to trade in: before its first snapshot, after a gap, or crossed",
}

REFUSALS = (
    Reason.FUNDS,
    Reason.NOTHING_TO_REDUCE,
    Reason.BELOW_LOT,
    Reason.BELOW_NOTIONAL,
    Reason.WOULD_TAKE,
    Reason.TOO_MANY,
    Reason.NO_SHORT,
    Reason.NOT_FILLED,
    Reason.BANKRUPT,
    Reason.PRICE,
    Reason.NO_BOOK,
)
"""Those that a report counts; that a run warms up is no fault of an order."""


class FillReason(IntEnum):
    """Why a fill happened."""

    ORDER = 0
    STOP_LOSS = 1
    TAKE_PROFIT = 2
    TRAILING_STOP = 3
    LIQUIDATION = 4
    END_OF_DATA = 5
    REBALANCE = 6
