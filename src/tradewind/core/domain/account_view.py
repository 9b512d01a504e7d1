"""What an account holds, has and has done: a fold over its events, exact to the last unit.

A trade moves position, balances and totals at once. `position.changed` and `balance.changed` are *statements*: they say
where something stands, whatever it was before. Trades and statements travel on different topics, so either may be
stored first. Which of them a number already holds is told by when they happened (`time_event`), not by when they came:

- a trade up to the time of the latest statement is in that statement: it is counted, and moves nothing any more;
- a statement from before the latest trade is out of date: the position or balance stays as it is;
- a balance's `change` (funding, a deposit) that is out of date as a statement is still added as a change.

So the venue's own times belong on both. A trade that was told of twice, by two events, counts once where not more than
TRADES_REMEMBERED of the account's trades lie between.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec.structs import replace

from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.holdings import ZERO, Holding, charged, moved
from tradewind.core.domain.ledger import EXACT

TYPES = ("trade.executed", "position.changed", "balance.changed")
"""The events that an account is made of."""
FOLD = 2
"""Rises whenever equal events come to another view: what an older fold has made is not gone on from."""
TRADES_REMEMBERED = 256
MARK_CHARACTERS = 12
"""Of one remembered trade."""
FLAT = Holding(ZERO, ZERO)


class Balance(msgspec.Struct, frozen=True):
    """So much of a currency, of which `locked` is bound in orders."""

    total: Decimal = ZERO
    locked: Decimal = ZERO


class Totals(msgspec.Struct, frozen=True):
    """Trades counted; by currency: profits realised before fees, fees paid, value traded, funding paid, and what was

    deposited less what was withdrawn. A realised profit whose cost is not known is in none of them.
    """

    trades: int = 0
    realised: dict[str, Decimal] = {}
    fees: dict[str, Decimal] = {}
    turnover: dict[str, Decimal] = {}
    funding: dict[str, Decimal] = {}
    deposited: dict[str, Decimal] = {}


class Mark(msgspec.Struct, frozen=True, omit_defaults=True):
    """Up to when (ns) a number was stated, and moved by trades. `before` is what trades that are in a statement, but

    have not come yet, still close and open; None where that is what is held.
    """

    stated_ns: int = 0
    moved_ns: int = 0
    before: Holding | None = None


class AccountView(msgspec.Struct, frozen=True):
    """Open positions by symbol (`leg_of`), balances by currency, totals. The empty one is an account without events.

    `marks` are of positions and balances, also of those that are closed; `recent` are the trades counted last.
    """

    positions: dict[str, Holding] = {}
    balances: dict[str, Balance] = {}
    totals: Totals = Totals()
    position_marks: dict[str, Mark] = {}
    balance_marks: dict[str, Mark] = {}
    recent: str = ""


def leg_of(symbol: str, leg: str | None) -> str:
    """The name of a position: its symbol, where an account is hedged with the leg: `BTC/USDT:USDT long`."""
    return symbol if leg is None else f"{symbol} {leg}"


def after(view: AccountView, event: Event[Any]) -> AccountView:
    """The view after one more event of the account; any that is not of TYPES changes nothing."""
    fold = _FOLDS.get(type(event.data))
    return view if fold is None else fold(view, event.data, event.time_event)


def _traded(view: AccountView, trade: p.Trade, time: int) -> AccountView:
    recent = _remembered(view.recent, trade)
    if recent is None:
        return view
    pair, _, settled = trade.symbol.partition(":")
    base, _, quote = pair.partition("/")
    signed = trade.size if trade.side == "buy" else EXACT.minus(trade.size)
    unknown = FLAT if settled in {"", quote} else Holding(ZERO, None)
    name = leg_of(trade.symbol, trade.leg)
    mark, now = view.position_marks.get(name, Mark()), view.positions.get(name, unknown)
    covered = time <= mark.stated_ns
    then = mark.before or now if covered else now
    holding, realised = moved(then, signed, trade.price)
    if not settled and trade.fee_currency == base and trade.fee:
        holding = charged(holding, trade.fee, trade.price)
    changes = [(trade.fee_currency, EXACT.minus(trade.fee))]
    if not settled:
        changes += [(base, signed), (quote, EXACT.minus(EXACT.multiply(signed, trade.price)))]
    elif realised is not None:
        changes.append((settled, realised))
    balances, balance_marks = _moved_balances(view, changes, time)
    before = holding if covered and holding != now else None
    totals = view.totals
    return AccountView(
        positions=view.positions if covered else _with_position(view.positions, name, holding),
        balances=balances,
        totals=replace(
            totals,
            trades=totals.trades + 1,
            realised=_summed(totals.realised, quote, realised or ZERO),
            fees=_summed(totals.fees, trade.fee_currency, trade.fee),
            turnover=_summed(totals.turnover, quote, EXACT.multiply(trade.size, trade.price)),
        ),
        position_marks={**view.position_marks, name: Mark(mark.stated_ns, max(mark.moved_ns, time), before)},
        balance_marks=balance_marks,
        recent=recent,
    )


def _moved_balances(
    view: AccountView, changes: list[tuple[str, Decimal]], time: int
) -> tuple[dict[str, Balance], dict[str, Mark]]:
    balances, marks = dict(view.balances), dict(view.balance_marks)
    for currency, amount in changes:
        mark, old = marks.get(currency, Mark()), balances.get(currency, Balance())
        covered = time <= mark.stated_ns
        balances[currency] = old if covered else Balance(EXACT.add(old.total, amount), old.locked)
        marks[currency] = Mark(mark.stated_ns, max(mark.moved_ns, time))
    return balances, marks


def _position_stated(view: AccountView, stated: p.PositionChange, time: int) -> AccountView:
    name = leg_of(stated.symbol, stated.leg)
    mark = view.position_marks.get(name, Mark())
    if time < max(mark.stated_ns, mark.moved_ns):
        return view
    cost = None if stated.entry_price is None else EXACT.multiply(stated.size, stated.entry_price)
    holding, now = Holding(stated.size, cost), view.positions.get(name, FLAT)
    before = mark.before or now
    return replace(
        view,
        positions=_with_position(view.positions, name, holding),
        position_marks={
            **view.position_marks,
            name: Mark(time, mark.moved_ns, None if before == holding else before),
        },
    )


def _balance_stated(view: AccountView, stated: p.BalanceChange, time: int) -> AccountView:
    view = replace(view, totals=_with_change(view.totals, stated))
    mark, old = view.balance_marks.get(stated.currency, Mark()), view.balances.get(stated.currency, Balance())
    if time < mark.stated_ns:
        return view
    late = time < mark.moved_ns
    total = EXACT.add(old.total, stated.change or ZERO) if late else stated.total
    return replace(
        view,
        balances={**view.balances, stated.currency: Balance(total, stated.locked)},
        balance_marks=view.balance_marks
        if late
        else {**view.balance_marks, stated.currency: Mark(time, mark.moved_ns)},
    )


_FOLDS: Mapping[type, Callable[[AccountView, Any, int], AccountView]] = {
    p.Trade: _traded,
    p.PositionChange: _position_stated,
    p.BalanceChange: _balance_stated,
}


def _with_change(totals: Totals, stated: p.BalanceChange) -> Totals:
    """The totals with what a balance's change was for; a trade's is in the trade."""
    if stated.change is None or stated.cause not in {"funding", "transfer", "settlement"}:
        return totals
    currency, change = stated.currency, stated.change
    if stated.cause == "funding":
        return replace(totals, funding=_summed(totals.funding, currency, EXACT.minus(change)))
    if stated.cause == "transfer":
        return replace(totals, deposited=_summed(totals.deposited, currency, change))
    return replace(totals, realised=_summed(totals.realised, currency, change))


def _remembered(recent: str, trade: p.Trade) -> str | None:
    """The trades counted last with this one; None where it is one of them. Without an id it cannot be told."""
    if not trade.trade_id:
        return recent
    # Both sides of a trade with oneself have one id.
    which = f"{trade.symbol}\n{trade.order_id}\n{trade.side}\n{trade.trade_id}"
    mark = urlsafe_b64encode(blake2b(which.encode(), digest_size=MARK_CHARACTERS * 3 // 4).digest()).decode()
    at = recent.find(mark)
    while at % MARK_CHARACTERS and at >= 0:  # the end of one and the beginning of the next may look like it
        at = recent.find(mark, at + 1)
    return None if at >= 0 else (recent + mark)[-TRADES_REMEMBERED * MARK_CHARACTERS :]


def _with_position(positions: Mapping[str, Holding], name: str, holding: Holding) -> dict[str, Holding]:
    """Positions with this one as it is now; one that is closed is none."""
    others = {other: held for other, held in positions.items() if other != name}
    return {**others, name: holding} if holding.size else others


def _summed(sums: Mapping[str, Decimal], currency: str, amount: Decimal) -> dict[str, Decimal]:
    return {**sums, currency: EXACT.add(sums.get(currency, ZERO), amount)}
