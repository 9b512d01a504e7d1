"""Whether an order adds risk to what is held, or can only take some away."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from tradewind.core.domain.account_view import leg_of
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.payloads import Leg, Side
from tradewind.core.domain.holdings import Holding


def adds_risk(
    positions: Mapping[str, Holding],
    symbol: str,
    side: Side,
    size: Decimal,
    *,
    leg: Leg | None = None,
    waiting: Decimal = Decimal(0),
) -> bool:
    """Whether an order could make a position larger, open one, or turn it: any that is not sure to only close.

    `waiting` is what other orders of the same side are still to fill: two that each close all of a position close it
    once, and open the opposite with the rest. Raises BadInput for a size that is none.
    """
    if not (size.is_finite() and size > 0 and waiting.is_finite() and waiting >= 0):
        raise BadInput(f"an order of {size} after {waiting} is none", where=symbol, fix="Give a size above 0")
    held = positions.get(leg_of(symbol, leg))
    if held is None:
        return True
    closes = (side == "sell") == (held.size > 0)
    return not closes or size + waiting > held.size.copy_abs()
