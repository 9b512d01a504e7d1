"""The exact account: fills and funding payments folded into balances and positions, in Decimal.

The engine keeps its account in floats, for speed. What is owed is exact: this fold takes the same rows, each number as
the decimal that its float is written as, and loses nothing. The float account stays within `TOLERANCE` of it (law 7).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal, Inexact
from typing import Any

from tradewind.core.domain.errors import Corrupt

TOLERANCE = 1e-9
"""How far, relative to the money that moved, the float account may be from the exact one."""

UNIT = Decimal("1e-18")
"""The smallest amount: what a part of a position cost is rounded to it, and the rest keeps the remainder."""

EXACT = Context(prec=2000, traps=[Inexact])
"""Sums and products of decimals end; a rounding would raise."""

EXACT_ENOUGH = Context(prec=100)
"""For the one division, whose remainder is kept."""

LegKey = tuple[int, int]
"""A symbol's number, and 1 for its long leg or -1 for its short one."""


@dataclass(frozen=True)
class Ledger:
    """Balances in quote currency; what is held of each leg, signed, in base currency or contracts.

    `cost` is what each perpetual leg was entered for, signed like its size: its unrealised profit at a price is size
    times price, less cost. Spot coins have none: cash paid for them. Always, to the last unit,

        cash = cash at the start + realized - fees - funding - coins bought + coins sold

    and `realized` plus every open `cost` is what all perpetual fills were worth.
    """

    cash: Decimal
    held: Mapping[LegKey, Decimal] = field(default_factory=dict)
    cost: Mapping[LegKey, Decimal] = field(default_factory=dict)
    realized: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    funding: Decimal = Decimal(0)
    turnover: Decimal = Decimal(0)


def exact(value: float) -> Decimal:
    """The decimal a float is written as: the shortest that reads back as the same float."""
    return Decimal(repr(float(value)))


def fold(ledger: Ledger, rows: Iterable[Any], spot: frozenset[int] = frozenset()) -> Ledger:
    """The ledger after rows of FILL, in the order they happened, and of FUNDING, which say what they were paid on.

    `spot` are the numbers of the symbols that are bought with cash; the others are perpetuals. Raises Corrupt for a
    fill that closes more than is held.
    """
    for row in rows:
        ledger = funded(ledger, row) if "paid" in row.dtype.names else filled(ledger, row, spot)
    return ledger


def funded(ledger: Ledger, row: Any) -> Ledger:
    """The ledger after a funding payment: position times price times rate, which longs pay at a positive rate."""
    paid = _product(exact(row["position"]), exact(row["price"]), exact(row["rate"]))
    return replace(
        ledger,
        cash=EXACT.subtract(ledger.cash, paid),
        funding=EXACT.add(ledger.funding, paid),
        turnover=EXACT.add(ledger.turnover, paid.copy_abs()),
    )


def filled(ledger: Ledger, row: Any, spot: frozenset[int]) -> Ledger:
    """The ledger after a fill. Raises Corrupt where it closes more than is held."""
    symbol, side, leg = int(row["symbol"]), int(row["side"]), int(row["leg"])
    key = (symbol, leg)
    size = exact(row["size"])
    value = _product(size, exact(row["price"]))
    fee_base = exact(row["fee_base"])
    fee = Decimal(0) if fee_base else exact(row["fee"])  # a fee in coins was not taken from the cash
    held, cost = ledger.held.get(key, Decimal(0)), ledger.cost.get(key, Decimal(0))
    after = EXACT.add(held, EXACT.subtract(size, fee_base) if side > 0 else _times(-1, size))
    cash, realized = ledger.cash, Decimal(0)
    if row["closing"]:
        _check_held(row, held, after)
    if symbol in spot:
        cash = EXACT.subtract(cash, _times(side, value))
    elif row["closing"]:
        flat = row["position"] == 0.0
        # Float sums of sizes without a lot may leave a hair, which is nobody's.
        after = Decimal(0) if flat else after
        released = cost if flat else _share(cost, size, held)
        cost = EXACT.subtract(cost, released)
        realized = EXACT.subtract(_times(leg, value), released)
        cash = EXACT.add(cash, realized)
    else:
        cost = EXACT.add(cost, _times(side, value))
    return replace(
        ledger,
        cash=EXACT.subtract(cash, fee),
        held={**ledger.held, key: after},
        cost={**ledger.cost, key: cost},
        realized=EXACT.add(ledger.realized, realized),
        fees=EXACT.add(ledger.fees, fee),
        turnover=EXACT.add(ledger.turnover, value),
    )


def _share(cost: Decimal, size: Decimal, held: Decimal) -> Decimal:
    """The part of `cost` that `size` of `held` was entered for, to the unit."""
    part = EXACT_ENOUGH.divide(EXACT_ENOUGH.multiply(cost, size), held.copy_abs())
    return part.quantize(UNIT, context=EXACT_ENOUGH)


def _check_held(row: Any, held: Decimal, after: Decimal) -> None:
    """A closing fill finds what it closes, but for a hair of float rounding."""
    beyond = held * after < 0 or (row["position"] == 0.0 and after != 0)
    if held == 0 or (beyond and abs(after) > abs(held) * Decimal("1e-9")):
        raise Corrupt(
            f"a fill closes {exact(row['size'])} of {abs(held)} held and leaves {float(row['position']):g}",
            where=f"order {int(row['order'])} of symbol {int(row['symbol'])}",
        )


def _times(sign: int, value: Decimal) -> Decimal:
    """Signs too are set exactly: a plain minus rounds to the thread's context."""
    return EXACT.multiply(Decimal(sign), value)


def _product(*factors: Decimal) -> Decimal:
    result = Decimal(1)
    for factor in factors:
        result = EXACT.multiply(result, factor)
    return result
