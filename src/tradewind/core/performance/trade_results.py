"""A run's trades as what each did to the account: the cards that Monte Carlo shuffles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance.undefined import Undefined

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TradeResults:
    """Trades (n) in the order in which they ended, as fractions of the account (`compounded`) or in quote currency."""

    initial: float
    compounded: bool
    value: Array
    """What each trade brought, after all costs."""
    worst: Array
    """Where the account stood at the trade's worst moment, against its start; never above `value`."""
    costs: Array
    """The trade's fees and slippage: what becomes dearer when costs are stressed."""

    def stressed(self, factor: float) -> TradeResults:
        """The same trades with fees and slippage multiplied by `factor`."""
        extra = (factor - 1.0) * self.costs
        return replace(self, value=self.value - extra, worst=self.worst - extra, costs=self.costs * factor)


def trade_results(
    trades: NDArray[Any], slippage: Array, initial: float, *, compounded: bool = True
) -> TradeResults | Undefined:
    """What each trade (TRADE) did to an account that started with `initial`; `slippage` (n) is what it cost each.

    Compounded: profit over the account as it stood when all earlier trades had ended. Made again in the same order the
    trades then give the same account to the last cent. Where trades overlap, that is not quite the account they began
    with. The worst moment is the trade's worst price, as the trade records it.

    Undefined without two trades, where a trade has no result, and where the account had nothing left half way through.
    """
    if len(trades) < 2:
        return Undefined("no trades" if len(trades) == 0 else "only one trade")
    order = np.argsort(trades["exit_time"], kind="stable")
    rows = trades[order]
    pnl = np.array(rows["pnl"])
    bad = np.flatnonzero(~np.isfinite(pnl))
    if len(bad):
        return Undefined(f"trade {int(bad[0]) + 1} has the result {pnl[bad[0]]}")
    worst = np.fmin(rows["drawdown"] * rows["entry_price"] * rows["size"], np.minimum(pnl, 0.0))
    costs = rows["fees"] + slippage[order]
    if not compounded:
        return TradeResults(initial, False, pnl, worst, costs)
    before = initial + np.concatenate(([0.0], np.cumsum(pnl)[:-1]))
    empty = np.flatnonzero(before <= 0.0)
    if len(empty):
        return Undefined(f"the account had nothing left after trade {int(empty[0])}")
    return TradeResults(initial, True, pnl / before, worst / before, costs / before)


def slippage_of(trades: NDArray[Any], fills: NDArray[Any]) -> Array:
    """What slippage cost each trade (n), quote currency: its share by size of its two orders' fills (FILL)."""
    if len(fills) == 0:
        return np.zeros(len(trades))
    orders = 1 + int(fills["order"].max())
    size = np.bincount(fills["order"], fills["size"], orders)
    cost = np.bincount(fills["order"], fills["slippage"], orders)
    each = np.divide(cost, size, out=np.zeros(orders), where=size > 0.0)
    return np.asarray(trades["size"] * (each[trades["entry_order"]] + each[trades["exit_order"]]), np.float64)
