"""The loops of trade matching, compiled.

Lots are rows of LOT. The open lots of one (symbol, leg) form a queue, oldest first, linked by `after`; a lot also leads
to its trades, newest first (`trade`, then `older`), so that an exit order in several fills finds its trade again.

Sizes that have moved are above zero, so what divides by them need not ask whether they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tradewind.core.performance.kernel import kept, kernel

ROUNDING = 1e-9
"""Sizes that differ by less than this share of a fill are the same size, rounded differently."""

NONE = -1

LOT = np.dtype(
    [
        ("symbol", np.int32),
        ("side", np.int32),
        ("order", np.int64),
        ("time", np.int64),
        ("bar", np.int64),
        ("size", np.float64),  # still open
        ("price", np.float64),
        ("fees", np.float64),  # share of the entry's fees that no trade has taken
        ("funding", np.float64),  # paid on what is still open
        ("after", np.int64),  # the next lot of the queue
        ("trade", np.int64),  # the newest trade of this entry order
        ("queued", np.int64),  # 1 while some of it is open
    ],
    align=True,
)
"""An entry order and what of it is still open."""

QUEUE = np.dtype([("head", np.int64), ("tail", np.int64), ("held", np.float64)], align=True)
"""The open lots of one (symbol, leg) and their whole size."""


@kept
def share_funding(due: Any, queue: Any, lots: Any) -> None:
    """Split one payment by size over the lots that are open."""
    lot = queue["head"]
    while lot != NONE:
        lots[lot]["funding"] += due["paid"] * (lots[lot]["size"] / queue["held"])
        lot = lots[lot]["after"]


@kernel
def enter(fill: Any, moved: float, number: int, queue: Any, lots: Any) -> None:
    """Add an opening fill to its order's lot, which joins the queue's tail unless it is in it."""
    lot = lots[number]
    if lot["queued"] == 0:
        lot["queued"] = 1
        lot["after"] = NONE
        if queue["head"] == NONE:
            queue["head"] = number
        else:
            lots[queue["tail"]]["after"] = number
        queue["tail"] = number
    size = lot["size"] + moved
    lot["price"] += (fill["price"] - lot["price"]) * (moved / size)
    lot["size"] = size
    lot["fees"] += fill["fee"]
    queue["held"] += moved


@kernel
def settle(fill: Any, taken: float, moved: float, lot: Any, trade: Any) -> None:
    """Move `taken` of a lot into a trade, at the fill's price, with its share of fees and funding."""
    share = taken / lot["size"]
    funding = lot["funding"] * share
    entry_fees = lot["fees"] * share
    fees = entry_fees + fill["fee"] * (taken / moved)
    size = trade["size"] + taken
    trade["pnl"] += lot["side"] * (fill["price"] - lot["price"]) * taken - fees - funding
    trade["entry_price"] += (lot["price"] - trade["entry_price"]) * (taken / size)
    trade["exit_price"] += (fill["price"] - trade["exit_price"]) * (taken / size)
    trade["size"] = size
    trade["fees"] += fees
    trade["funding"] += funding
    trade["return"] = trade["pnl"] / (trade["entry_price"] * size)
    trade["exit_time"] = fill["time"]
    trade["exit_bar"] = fill["bar"]
    trade["exit_reason"] = fill["reason"]
    lot["fees"] -= entry_fees
    lot["funding"] -= funding
    lot["size"] -= taken


@kernel
def leave(fill: Any, moved: float, queue: Any, lots: Any, trades: Any, older: Any, n_trades: int) -> int:
    """Close lots from the queue's head with a closing fill; the new number of trades, or -1 when too little is open.

    A fill that leaves the leg flat takes every lot, dust of rounding included.
    """
    remaining = moved
    flat = fill["position"] == 0.0
    while queue["head"] != NONE and (remaining > ROUNDING * moved or flat):
        lot = lots[queue["head"]]
        taken = min(lot["size"], remaining)
        if lot["size"] - taken <= ROUNDING * moved:
            taken = lot["size"]
        elif flat:
            return -1
        number = lot["trade"]
        while number != NONE and trades[number]["exit_order"] != fill["order"]:
            number = older[number]
        if number == NONE:
            number = n_trades
            n_trades += 1
            older[number] = lot["trade"]
            lot["trade"] = number
            trades[number]["symbol"] = lot["symbol"]
            trades[number]["side"] = lot["side"]
            trades[number]["entry_order"] = lot["order"]
            trades[number]["exit_order"] = fill["order"]
            trades[number]["entry_time"] = lot["time"]
            trades[number]["entry_bar"] = lot["bar"]
        remaining -= taken
        queue["held"] -= taken
        settle(fill, taken, moved, lot, trades[number])
        if lot["size"] == 0.0:
            lot["queued"] = 0
            queue["head"] = lot["after"]
    if queue["head"] == NONE:
        queue["held"] = 0.0
    return -1 if remaining > ROUNDING * moved else n_trades


@kernel
def match_fills(fills: Any, funding: Any, queues: Any, lots: Any, trades: Any, orders: int) -> tuple[int, int, int]:
    """Fill `lots` and `trades`; how many of each, and the row of an impossible fill (-1: none). Queues start empty."""
    older = np.full(len(trades), NONE)
    lot_of_order = np.full(orders, NONE)
    n_lots, n_trades, paid = 0, 0, 0
    for i in range(len(fills) + 1):
        # Funding up to this fill. At the same instant, the position it was paid on tells which came first.
        while paid < len(funding) and (i == len(fills) or funding[paid]["time"] <= fills[i]["time"]):
            due = funding[paid]
            queue = queues[2 * due["symbol"] + (1 if due["leg"] < 0 else 0)]
            other = abs(abs(due["position"]) - queue["held"]) > ROUNDING * queue["held"]
            if i < len(fills) and due["time"] == fills[i]["time"] and other:
                break
            share_funding(due, queue, lots)
            paid += 1
        if i == len(fills):
            break
        fill = fills[i]
        queue = queues[2 * fill["symbol"] + (1 if fill["leg"] < 0 else 0)]
        moved = fill["size"] - fill["side"] * fill["fee_base"]
        if moved <= 0.0:
            continue
        if fill["closing"] != 0:
            n_trades = leave(fill, moved, queue, lots, trades, older, n_trades)
            if n_trades < 0:
                return 0, 0, i
            continue
        number = lot_of_order[fill["order"]]
        if number == NONE or lots[number]["symbol"] != fill["symbol"] or lots[number]["side"] != fill["leg"]:
            number = n_lots
            n_lots += 1
            lot_of_order[fill["order"]] = number
            lots[number]["symbol"] = fill["symbol"]
            lots[number]["side"] = fill["leg"]
            lots[number]["order"] = fill["order"]
            lots[number]["time"] = fill["time"]
            lots[number]["bar"] = fill["bar"]
            lots[number]["trade"] = NONE
        enter(fill, moved, number, queue, lots)
    return n_trades, n_lots, NONE


@kept
def excursions(high: Any, low: Any, highest: Any, lowest: Any, first: Any, last: Any, best: Any, worst: Any) -> None:
    """The highest high and lowest low of rows first[i] to last[i], both included; NaN rows are passed over.

    `highest` and `lowest` hold the extremes of whole blocks of 64 rows, or nothing where every row is looked at.
    """
    for i in range(len(first)):
        top, bottom = -np.inf, np.inf
        row, stop = first[i], last[i] + 1
        while row < stop:
            if row % 64 == 0 and row + 64 <= stop and row // 64 < len(highest):
                above, under = highest[row // 64], lowest[row // 64]
                row += 64
            else:
                above, under = high[row], low[row]
                row += 1
            if above > top:  # noqa: PLR1730 - max() of NaN is not the same
                top = above
            if under < bottom:  # noqa: PLR1730
                bottom = under
        best[i], worst[i] = top, bottom


@kept
def walk_account(
    time: Any, close: Any, row_symbol: Any, fills: Any, funding: Any, cash: float, prices: Any, sizes: Any,
    equity: Any, exposure: Any, is_open: Any,
) -> None:  # fmt: skip
    """Mark the account at every row: cash plus positions at their last close. `prices` and `sizes` start as zeros."""
    next_fill, next_funding = 0, 0
    for row in range(len(time)):
        while next_fill < len(fills) and fills[next_fill]["bar"] <= row:
            fill = fills[next_fill]
            leg = 2 * fill["symbol"] + (1 if fill["leg"] < 0 else 0)
            cash -= fill["side"] * fill["size"] * fill["price"]
            if fill["fee_base"] == 0.0:
                cash -= fill["fee"]
            sizes[leg] = fill["position"]
            next_fill += 1
        while next_funding < len(funding) and (row + 1 == len(time) or funding[next_funding]["time"] < time[row + 1]):
            cash -= funding[next_funding]["paid"]
            next_funding += 1
        symbol = 0 if len(row_symbol) == 0 else row_symbol[row]
        prices[symbol] = close[row]
        positions, gross = 0.0, 0.0
        for leg in range(len(sizes)):
            positions += sizes[leg] * prices[leg // 2]
            gross += abs(sizes[leg])
        equity[row] = cash + positions
        exposure[row] = positions
        is_open[row] = gross > 0.0
