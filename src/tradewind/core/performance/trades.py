"""Round trips out of fills: entries matched first-in-first-out with exits, per symbol and leg.

What is matched is base currency that moved: a fee taken in base makes a bought lot smaller and a sold one larger, so
that the sum of all profits equals the change of the account (`fee` is the whole fee's worth in quote, `fee_base` the
part of it that was taken in base).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.errors import Corrupt
from tradewind.core.domain.records import FILL, FUNDING, TRADE
from tradewind.core.performance.kernel import frozen
from tradewind.core.performance.trade_kernels import LOT, QUEUE, excursions, match_fills


@dataclass(frozen=True, slots=True)
class Matched:
    """Closed round trips (TRADE, in order of their first exit fill) and the lots still open (LOT, oldest first)."""

    trades: NDArray[Any]
    open_lots: NDArray[Any]


def match_trades(
    fills: NDArray[Any],
    funding: NDArray[Any],
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    row_symbol: NDArray[np.int32] | None = None,
) -> NDArray[Any]:
    """TRADE records of a run: one for each pair of entry order and exit order. What is still open is no trade.

    See `match_orders` for the arguments; this is its `trades`.
    """
    return match_orders(fills, funding, high, low, row_symbol).trades


def match_orders(
    fills: NDArray[Any],
    funding: NDArray[Any],
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    row_symbol: NDArray[np.int32] | None = None,
) -> Matched:
    """Match entry orders with exit orders, first in first out, per (symbol, leg).

    `fills` (FILL) and `funding` (FUNDING) are in the order in which they happened. `high` and `low` (n) are the run's
    merged rows that `fills["bar"]` counts; `row_symbol` (n) says whose row each is, None for a run of one symbol.

    Fills of one order are merged; prices are weighted by size. Fees are split by size: the entry order's over its
    exits, the exit order's over the lots it closes. A funding payment is split by size over the lots open when it was
    paid (where it shares its instant with fills, the position it was paid on tells which of them came before). Run-up
    and drawdown look at every bar from entry to exit, both included. Sum of pnl + what is open = change of the account.

    Raises Corrupt when a fill closes more than is open: the fills are then not one account's history.
    """
    matched = match_closed(fills, funding)
    for symbol in range(symbols_in(fills, funding)):
        _measure_excursions(matched.trades, symbol, high, low, row_symbol)
    return matched


def match_closed(fills: NDArray[Any], funding: NDArray[Any]) -> Matched:
    """As `match_orders`, with trades whose run-up and drawdown are left at zero: for those who do not ask for them."""
    fills, funding = records(fills, FILL), records(funding, FUNDING)
    symbols = symbols_in(fills, funding)
    orders = 1 + (int(fills["order"].max()) if len(fills) else 0)
    queues = np.zeros(2 * symbols, QUEUE)
    queues["head"] = queues["tail"] = -1
    lots, trades = np.zeros(len(fills), LOT), np.zeros(len(fills) + 1, TRADE)
    n_trades, n_lots, impossible = match_fills(fills, funding, queues, lots, trades, orders)
    if impossible >= 0:
        raise Corrupt(
            f"order {int(fills['order'][impossible])} closes another size than is open",
            where=f"fill {impossible}",
            fix="Fills must be the whole history of one account, in order",
        )
    trades, lots = _copied(trades[:n_trades]), lots[:n_lots]
    return Matched(trades, lots[lots["queued"] == 1])


def _copied(rows: NDArray[Any]) -> NDArray[Any]:
    """A copy of records as bytes; NumPy would go through them field by field."""
    return rows.view(np.uint8).copy().view(rows.dtype)


def records(rows: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """The rows, read-only; raises TypeError for records of another kind."""
    if rows.dtype != dtype:
        raise TypeError(f"expected records of {dtype.names}, found {rows.dtype}")
    return frozen(rows)


def symbols_in(fills: NDArray[Any], funding: NDArray[Any]) -> int:
    """How many symbols the rows speak of (the highest number + 1, at least 1)."""
    return 1 + max((int(rows["symbol"].max()) for rows in (fills, funding) if len(rows)), default=0)


def _measure_excursions(
    trades: NDArray[Any],
    symbol: int,
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    row_symbol: NDArray[np.int32] | None,
) -> None:
    mine = np.flatnonzero(trades["symbol"] == symbol)
    if len(mine) == 0:
        return
    first, last = trades["entry_bar"][mine], trades["exit_bar"][mine]
    if row_symbol is not None:
        rows = np.flatnonzero(row_symbol == symbol)
        high, low = high[rows], low[rows]
        first, last = np.searchsorted(rows, first), np.searchsorted(rows, last, side="right") - 1
    best, worst = np.empty(len(mine)), np.empty(len(mine))
    highest = lowest = np.empty(0)
    if int((last - first).sum()) > len(high):
        highest, lowest = _blocks(high, np.fmax), _blocks(low, np.fmin)
    excursions(frozen(high), frozen(low), highest, lowest, first.astype(np.int64), last.astype(np.int64), best, worst)
    entry, side = trades["entry_price"][mine], trades["side"][mine]
    up, down = best / entry - 1.0, worst / entry - 1.0
    trades["run_up"][mine] = np.maximum(np.where(side > 0, up, -down), 0.0)
    trades["drawdown"][mine] = np.minimum(np.where(side > 0, down, -up), 0.0)


def _blocks(values: NDArray[np.float64], extreme: np.ufunc) -> NDArray[np.float64]:
    """The extreme of each whole block of 64 rows, so that many long trades need not look at every row each."""
    whole = len(values) // 64
    return np.asarray(extreme.reduce(values[: whole * 64].reshape(whole, 64), axis=1), dtype=np.float64)
