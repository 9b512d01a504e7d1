"""When an account is worth a snapshot: at first, when enough time has passed, or when it has changed a good deal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from tradewind.core.domain.account_view import AccountView
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.ledger import EXACT
from tradewind.core.domain.timeframes import UNITS_NS

Reason: TypeAlias = Literal["first", "time", "opened", "closed", "turned", "moved"]
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class SnapshotRules:
    """A snapshot at the first event `every_ns` after the one before, or where a size or balance moved by `moved`.

    An account to which nothing happens stays what its latest snapshot says, so no clock is needed.
    """

    every_ns: int = 5 * UNITS_NS["m"]
    moved: Decimal = Decimal("0.05")

    def __post_init__(self) -> None:
        if self.every_ns < 1 or not self.moved > 0:
            raise BadInput("every_ns is at least 1 and moved above 0", where="snapshots")


def reason_for(
    before: AccountView | None, before_ns: int, now: AccountView, now_ns: int, rules: SnapshotRules
) -> Reason | None:
    """Why there should be a snapshot now, given the one before and its time (ns); None where there need not be."""
    if before is None:
        return "first"
    if now_ns - before_ns >= rules.every_ns:
        return "time"
    then, sizes = ({name: held.size for name, held in view.positions.items()} for view in (before, now))
    if sizes.keys() - then.keys():
        return "opened"
    if then.keys() - sizes.keys():
        return "closed"
    if any(size.is_signed() != then[name].is_signed() for name, size in sizes.items()):
        return "turned"
    totals = [{name: balance.total for name, balance in view.balances.items()} for view in (before, now)]
    return "moved" if _moved(then, sizes, rules.moved) or _moved(totals[0], totals[1], rules.moved) else None


def _moved(then: Mapping[str, Decimal], now: Mapping[str, Decimal], share: Decimal) -> bool:
    for name in then.keys() | now.keys():
        was, change = then.get(name, ZERO), EXACT.subtract(now.get(name, ZERO), then.get(name, ZERO))
        if change and change.copy_abs() >= EXACT.multiply(was.copy_abs(), share):
            return True
    return False
