"""The enumerations as plain whole numbers, which is how compiled code reads them."""

from __future__ import annotations

from tradewind.core.domain.orders import FillReason, OrderKind, OrderState, Reason, TimeInForce

NAN = float("nan")

MARKET = int(OrderKind.MARKET)
LIMIT = int(OrderKind.LIMIT)
STOP = int(OrderKind.STOP)
STOP_LIMIT = int(OrderKind.STOP_LIMIT)
TAKE_PROFIT = int(OrderKind.TAKE_PROFIT)
TRAILING_STOP = int(OrderKind.TRAILING_STOP)

GTC = int(TimeInForce.GTC)
IOC = int(TimeInForce.IOC)
FOK = int(TimeInForce.FOK)
GTD = int(TimeInForce.GTD)

FREE = -1
"""State of a slot in the order table that holds no order."""
ACCEPTED = int(OrderState.ACCEPTED)
REJECTED = int(OrderState.REJECTED)
PARTIALLY_FILLED = int(OrderState.PARTIALLY_FILLED)
FILLED = int(OrderState.FILLED)
CANCELED = int(OrderState.CANCELED)
EXPIRED = int(OrderState.EXPIRED)
TRIGGERED = int(OrderState.TRIGGERED)

FUNDS = int(Reason.FUNDS)
NOTHING_TO_REDUCE = int(Reason.NOTHING_TO_REDUCE)
BELOW_LOT = int(Reason.BELOW_LOT)
BELOW_NOTIONAL = int(Reason.BELOW_NOTIONAL)
WOULD_TAKE = int(Reason.WOULD_TAKE)
TOO_MANY = int(Reason.TOO_MANY)
NO_SHORT = int(Reason.NO_SHORT)
NOT_FILLED = int(Reason.NOT_FILLED)
TIME_OUT = int(Reason.EXPIRED)
OTHER_SIDE_FILLED = int(Reason.OTHER_SIDE_FILLED)
ASKED = int(Reason.ASKED)
BANKRUPT = int(Reason.BANKRUPT)
BAD_PRICE = int(Reason.PRICE)
WARMING_UP = int(Reason.WARMING_UP)
NO_BOOK = int(Reason.NO_BOOK)

BY_ORDER = int(FillReason.ORDER)
BY_STOP_LOSS = int(FillReason.STOP_LOSS)
BY_TAKE_PROFIT = int(FillReason.TAKE_PROFIT)
BY_TRAILING_STOP = int(FillReason.TRAILING_STOP)
BY_LIQUIDATION = int(FillReason.LIQUIDATION)
BY_END_OF_DATA = int(FillReason.END_OF_DATA)
BY_REBALANCE = int(FillReason.REBALANCE)

SUBMIT = 1
CANCEL = 2

NO_SLIPPAGE = 0
FIXED_SLIPPAGE = 1
VOLATILITY_SLIPPAGE = 2
VOLUME_SLIPPAGE = 3

EVER = 9_223_372_036_854_775_807
"""A time that never comes."""
