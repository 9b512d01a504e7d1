"""What an account holds, has and has done: a fold over its events, exact to the last unit.

A trade moves position, balances and totals at once. `position.changed` and `balance.changed` say where something stands
after a change, whatever it was before: a deposit, or what a venue reported. A trade therefore comes before the changes
it brought about, and these then change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.ledger import EXACT, EXACT_ENOUGH, UNIT

TYPES = ("trade.executed", "position.changed", "balance.changed")
"""The events that an account is made of."""
ZERO = Decimal(0)


class Holding(msgspec.Struct, frozen=True):
    """A position; negative sizes are short. `cost` is what it was entered for, signed like it; None: not known.

    Entry price is cost / size. The cost of a contract settled in coins is never known from its trades.
    """

    size: Decimal
    cost: Decimal | None


class Balance(msgspec.Struct, frozen=True):
    """So much of a currency, of which `locked` is bound in orders."""

    total: Decimal = ZERO
    locked: Decimal = ZERO


class Totals(msgspec.Struct, frozen=True):
    """Trades counted; profits realised, fees paid and value traded, each by currency."""

    trades: int = 0
    realised: dict[str, Decimal] = {}
    fees: dict[str, Decimal] = {}
    turnover: dict[str, Decimal] = {}


class AccountView(msgspec.Struct, frozen=True):
    """Open positions by symbol, balances by currency, and totals. The empty one is an account without events."""

    positions: dict[str, Holding] = {}
    balances: dict[str, Balance] = {}
    totals: Totals = Totals()


def after(view: AccountView, event: Event[Any]) -> AccountView:
    """The view after one more event of the account; any that is not of TYPES changes nothing."""
    data = event.data
    if isinstance(data, p.Trade):
        return _traded(view, data)
    if isinstance(data, p.PositionChange):
        cost = None if data.entry_price is None else EXACT.multiply(data.size, data.entry_price)
        return msgspec.structs.replace(view, positions=_holding(view.positions, data.symbol, Holding(data.size, cost)))
    if isinstance(data, p.BalanceChange):
        changed = {**view.balances, data.currency: Balance(data.total, data.locked)}
        return msgspec.structs.replace(view, balances=changed)
    return view


def _traded(view: AccountView, trade: p.Trade) -> AccountView:
    pair, _, settled = trade.symbol.partition(":")
    base, _, quote = pair.partition("/")
    signed = trade.size if trade.side == "buy" else EXACT.minus(trade.size)
    value = EXACT.multiply(trade.size, trade.price)
    paid = EXACT.multiply(signed, trade.price)
    counts = settled in {"", quote}
    held = view.positions.get(trade.symbol, Holding(ZERO, ZERO if counts else None))
    holding, realised = _moved(held, signed, trade.price)
    balances, totals = view.balances, view.totals
    if not settled:
        balances = _added(_added(balances, base, signed), quote, EXACT.minus(paid))
    elif realised is not None:
        balances = _added(balances, settled, realised)
    return AccountView(
        positions=_holding(view.positions, trade.symbol, holding),
        balances=_added(balances, trade.fee_currency, EXACT.minus(trade.fee)),
        totals=Totals(
            trades=totals.trades + 1,
            realised=_summed(totals.realised, quote, realised or ZERO),
            fees=_summed(totals.fees, trade.fee_currency, trade.fee),
            turnover=_summed(totals.turnover, quote, value),
        ),
    )


def _moved(held: Holding, signed: Decimal, price: Decimal) -> tuple[Holding, Decimal | None]:
    """A holding after so much more or less of it, and what that realised; None where its cost is not known."""
    size = EXACT.add(held.size, signed)
    if held.cost is None:
        return Holding(size, None), None
    if EXACT.multiply(held.size, signed) >= 0:
        return Holding(size, EXACT.add(held.cost, EXACT.multiply(signed, price))), ZERO
    closed = min(signed.copy_abs(), held.size.copy_abs())
    released = held.cost if closed == held.size.copy_abs() else _share(held.cost, closed, held.size)
    given = EXACT.multiply(closed if held.size > 0 else EXACT.minus(closed), price)
    opened = EXACT.multiply(size, price) if EXACT.multiply(size, held.size) < 0 else ZERO
    return Holding(size, EXACT.add(EXACT.subtract(held.cost, released), opened)), EXACT.subtract(given, released)


def _share(cost: Decimal, closed: Decimal, size: Decimal) -> Decimal:
    """The part of a cost that was paid for what is closed, to the unit; the rest keeps the remainder."""
    part = EXACT_ENOUGH.divide(EXACT_ENOUGH.multiply(cost, closed), size.copy_abs())
    return part.quantize(UNIT, context=EXACT_ENOUGH)


def _holding(positions: Mapping[str, Holding], symbol: str, holding: Holding) -> dict[str, Holding]:
    """Positions with this one as it is now; one that is closed is none."""
    others = {name: held for name, held in positions.items() if name != symbol}
    return {**others, symbol: holding} if holding.size else others


def _added(balances: Mapping[str, Balance], currency: str, amount: Decimal) -> dict[str, Balance]:
    old = balances.get(currency, Balance())
    return {**balances, currency: Balance(EXACT.add(old.total, amount), old.locked)}


def _summed(sums: Mapping[str, Decimal], currency: str, amount: Decimal) -> dict[str, Decimal]:
    return {**sums, currency: EXACT.add(sums.get(currency, ZERO), amount)}
