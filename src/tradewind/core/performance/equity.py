"""The account's value over time, worked out again from its fills: a second witness beside the engine's own account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.records import FILL, FUNDING
from tradewind.core.performance.kernel import frozen
from tradewind.core.performance.trade_kernels import walk_account
from tradewind.core.performance.trades import records, symbols_in


@dataclass(frozen=True, slots=True)
class EquityCurve:
    """The account at each bar's close; where several symbols share a time, after the last of them."""

    time: NDArray[np.int64]
    """Open times of the bars (m), ns UTC, strictly rising."""
    equity: NDArray[np.float64]
    """Cash and open positions at their last close, quote currency."""
    exposure: NDArray[np.float64]
    """Net worth of the open positions, quote currency; negative when short."""
    is_open: NDArray[np.bool_]
    """Whether any position is open."""

    def since(self, first_ns: int) -> EquityCurve:
        """The curve from the bar on that opens at `first_ns` or later."""
        start = int(np.searchsorted(self.time, first_ns))
        if start == 0:
            return self
        return EquityCurve(self.time[start:], self.equity[start:], self.exposure[start:], self.is_open[start:])


def equity_curve(
    time: NDArray[np.int64],
    close: NDArray[np.float64],
    fills: NDArray[Any],
    funding: NDArray[Any],
    initial: float,
    *,
    row_symbol: NDArray[np.int32] | None = None,
) -> EquityCurve:
    """Value an account that starts with `initial` cash and does these `fills` (FILL) and `funding` (FUNDING) payments.

    `time` (int64 ns, not falling) and `close` (n) are the merged rows that `fills["bar"]` counts; `row_symbol` (n)
    says whose row each is (None: one symbol). A position is worth its size times the last close of its symbol. A
    funding payment counts in the bar during which, or at whose open, it was paid.
    """
    fills, funding = records(fills, FILL), records(funding, FUNDING)
    symbols = symbols_in(fills, funding)
    if row_symbol is not None and len(row_symbol):
        symbols = max(symbols, 1 + int(row_symbol.max()))
    whose = np.empty(0, np.int32) if row_symbol is None else row_symbol.astype(np.int32)
    n = len(time)
    equity, exposure, is_open = np.empty(n), np.empty(n), np.empty(n, np.bool_)
    prices, sizes = np.zeros(symbols), np.zeros(2 * symbols)
    walk_account(
        frozen(time), frozen(close), frozen(whose), fills, funding, float(initial), prices, sizes,
        equity, exposure, is_open,
    )  # fmt: skip
    if row_symbol is None:
        return EquityCurve(time, equity, exposure, is_open)
    ends = np.append(np.flatnonzero(time[1:] != time[:-1]), n - 1) if n else np.empty(0, np.int64)
    return EquityCurve(time[ends], equity[ends], exposure[ends], is_open[ends])
