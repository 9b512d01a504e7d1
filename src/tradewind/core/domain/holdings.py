"""What is held of a symbol and what it cost: bought more, sold in part, turned, or charged a fee in its own coins."""

from __future__ import annotations

from decimal import Context, Decimal

import msgspec

from tradewind.core.domain.ledger import EXACT, EXACT_ENOUGH, UNIT

ZERO = Decimal(0)
WIDE = Context(prec=600)
"""For the rare cost of more digits than EXACT_ENOUGH has: amounts of 60 digits, multiplied and summed up."""
DIGITS = 70
"""Digits before the point up to which EXACT_ENOUGH is enough, with those of UNIT behind it."""


class Holding(msgspec.Struct, frozen=True):
    """A position; negative sizes are short. `cost` is what it was entered for, signed like it; None: not known.

    Entry price is cost / size. The cost of a contract settled in coins is never known from its trades.
    """

    size: Decimal
    cost: Decimal | None


def moved(held: Holding, signed: Decimal, price: Decimal) -> tuple[Holding, Decimal | None]:
    """A holding after so much more or less of it, and what that realised; None where its cost is not known."""
    size = EXACT.add(held.size, signed)
    if held.cost is None:
        return Holding(size, None), None
    if EXACT.multiply(held.size, signed) >= 0:
        return Holding(size, EXACT.add(held.cost, EXACT.multiply(signed, price))), ZERO
    closed = min(signed.copy_abs(), held.size.copy_abs())
    released = _share(held.cost, closed, held.size)
    given = EXACT.multiply(closed if held.size > 0 else EXACT.minus(closed), price)
    opened = EXACT.multiply(size, price) if EXACT.multiply(size, held.size) < 0 else ZERO
    return Holding(size, EXACT.add(EXACT.subtract(held.cost, released), opened)), EXACT.subtract(given, released)


def charged(held: Holding, fee: Decimal, price: Decimal) -> Holding:
    """A holding of coins after a fee that was taken out of them, or given in them where it is negative.

    Coins that are gone take their part of the cost with them and realise nothing: the fee is told as a fee. What was
    not held is entered at the trade's price.
    """
    size = EXACT.subtract(held.size, fee)
    if held.cost is None:
        return Holding(size, None)
    if ZERO < fee <= held.size:
        return Holding(size, EXACT.subtract(held.cost, _share(held.cost, fee, held.size)))
    return Holding(size, EXACT.subtract(held.cost, EXACT.multiply(fee, price)))


def _share(cost: Decimal, part: Decimal, size: Decimal) -> Decimal:
    """The part of a cost that was paid for a part of the size, to the unit; the rest keeps the remainder."""
    whole = size.copy_abs()
    if part == whole:
        return cost
    context = EXACT_ENOUGH if max(cost.adjusted(), cost.adjusted() + part.adjusted()) < DIGITS else WIDE
    share = context.divide(context.multiply(cost, part), whole)
    return share.quantize(UNIT, context=context)
