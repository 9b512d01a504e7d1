"""What a run's account came to, without its whole curve: for sweeps, where a curve of every run would be too much.

The numbers are those of `equity_curve` and `drawdown`, added up in the same order; stretches without a position are
passed over, and of a position blocks of rows in which the account reaches no new height are looked at by their highest
and lowest close only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance.kernel import frozen, kernel

BLOCK = 16
"""Rows of a block: positions are often held for less than a hundred."""

TALLY = np.dtype(
    [
        ("cash", np.float64),
        ("now", np.float64),  # equity at the last row that was valued
        ("peak", np.float64),
        ("low", np.float64),  # lowest equity since the peak
        ("deepest", np.float64),
        ("fill", np.int64),  # the next one to be booked
        ("funding", np.int64),
        ("period", np.int64),
        ("open_bars", np.int64),
        ("bars", np.int64),
        ("near", np.float64),  # see `look_ahead`
    ],
    align=True,
)


@dataclass(frozen=True, slots=True)
class AccountFigures:
    """An account in short. Fractions and quote currency, as in `core.performance.metrics`."""

    final: float
    """Equity at the last bar's close."""
    deepest: float
    """Deepest fall below the best value so far, over every bar; <= 0."""
    exposure: float
    """Share of the bars at whose close a position was open."""
    period_equity: NDArray[np.float64]
    """Equity at the end of each period (periods,)."""
    period_below: NDArray[np.float64]
    """Equity below its best so far at the end of each period (periods,), a fraction <= 0."""


@dataclass(frozen=True)
class AccountRows:
    """The rows by which accounts are valued: `close` and `time` (n) are merged rows, `row_symbol` (n) whose each is.

    `row_symbol` is empty for one symbol. `first` is the row at which judging begins, `period_rows` (periods, rising)
    the last row of each period.
    """

    time: NDArray[np.int64]
    close: NDArray[np.float64]
    row_symbol: NDArray[np.int32]
    first: int
    period_rows: NDArray[np.int64]

    @cached_property
    def block_extremes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The highest and the lowest close of each whole block of BLOCK rows."""
        whole = self.close[: len(self.close) // BLOCK * BLOCK].reshape(-1, BLOCK)
        return frozen(np.fmax.reduce(whole, axis=1)), frozen(np.fmin.reduce(whole, axis=1))


def account_figures(
    rows: AccountRows, fills: NDArray[Any], funding: NDArray[Any], initial: float, symbols: int
) -> AccountFigures:
    """The account that starts with `initial` and does these `fills` (FILL) and `funding` (FUNDING) payments.

    See `equity_curve`: a position is worth its size times the last close of its symbol.
    """
    tally = np.zeros(1, TALLY)
    equity, below = np.empty(len(rows.period_rows)), np.empty(len(rows.period_rows))
    sizes = np.zeros(2 * symbols)
    if symbols == 1:
        walk_one(
            rows.time, rows.close, *rows.block_extremes, rows.first, rows.period_rows, fills, funding, initial,
            sizes, tally, equity, below,
        )  # fmt: skip
    else:
        prices = np.zeros(symbols)
        walk_several(
            rows.time, rows.close, rows.row_symbol, rows.first, rows.period_rows, fills, funding, initial, prices,
            sizes, tally, equity, below,
        )  # fmt: skip
    found = dict(zip(TALLY.names or (), tally.item(), strict=True))
    return AccountFigures(found["now"], found["deepest"], found["open_bars"] / found["bars"], equity, below)


@kernel
def begin(t: Any, initial: float) -> None:
    """An account that has its cash and has never been worth more or less."""
    t["cash"] = t["now"] = t["peak"] = t["low"] = initial


@kernel
def book(t: Any, row: int, time: Any, fills: Any, funding: Any, sizes: Any) -> None:
    """Book what happened up to this row's close: its fills, and the payments before the next row's open."""
    while t["fill"] < len(fills) and fills[t["fill"]]["bar"] <= row:
        fill = fills[t["fill"]]
        t["cash"] -= fill["side"] * fill["size"] * fill["price"]
        if fill["fee_base"] == 0.0:
            t["cash"] -= fill["fee"]
        sizes[2 * fill["symbol"] + (1 if fill["leg"] < 0 else 0)] = fill["position"]
        t["fill"] += 1
    n = len(time)
    while t["funding"] < len(funding) and (row + 1 == n or funding[t["funding"]]["time"] < time[row + 1]):
        t["cash"] -= funding[t["funding"]]["paid"]
        t["funding"] += 1


@kernel
def note(t: Any, now: float) -> None:
    """Take the account's value in. A fall is worked out when its peak is over: its lowest point is the deepest."""
    t["now"] = now
    if now > t["peak"]:
        t["deepest"] = min(t["deepest"], t["low"] / t["peak"] - 1.0)
        t["peak"] = now
        t["low"] = now
    elif now < t["low"]:
        t["low"] = now


@kernel
def sample(t: Any, row: int, period_rows: Any, equity: Any, below: Any) -> None:
    """Write down the periods that end at or before this row."""
    while t["period"] < len(period_rows) and period_rows[t["period"]] <= row:
        equity[t["period"]] = t["now"]
        below[t["period"]] = t["now"] / t["peak"] - 1.0
        t["period"] += 1


@kernel
def hold(
    t: Any, row: int, stop: int, first: int, cash: float, long: float, short: float, close: Any, highest: Any,
    lowest: Any,
) -> None:  # fmt: skip
    """Take in rows `row` to `stop`, over which cash and positions stay as they are."""
    now, peak, low, deepest = t["now"], t["peak"], t["low"], t["deepest"]
    # With one leg the account's worth, roundings included, rises and falls with the price, or against it.
    one_leg = long == 0.0 or short == 0.0
    i = row
    while i < stop:
        if one_leg and i % BLOCK == 0 and i + BLOCK <= stop and i >= first:
            top, bottom = highest[i // BLOCK], lowest[i // BLOCK]
            up = cash + (long * top + short * top)
            down = cash + (long * bottom + short * bottom)
            if not max(up, down) > peak:
                low = min(low, up, down)
                i += BLOCK
                now = cash + (long * close[i - 1] + short * close[i - 1])
                continue
        price = close[i]
        now = cash + (long * price + short * price)
        if i >= first:
            if now > peak:
                deepest = min(deepest, low / peak - 1.0)
                peak = now
                low = now
            elif now < low:
                low = now
        i += 1
    t["now"], t["peak"], t["low"], t["deepest"] = now, peak, low, deepest


@kernel
def look_ahead(close: Any, highest: Any, lowest: Any, fills: Any) -> float:
    """Read the prices around all fills, and say what they add up to, which means nothing.

    They are in the processor's cache afterwards. A walk asks for each price only when it has decided on the one before,
    and would wait for every one: the bars of a sweep's run have driven them out.
    """
    total = 0.0
    for i in range(len(fills)):
        block = min(max(0, fills[i]["bar"] // BLOCK), len(highest) - 1)
        if block >= 0:
            total += close[block * BLOCK] + close[block * BLOCK + BLOCK // 2] + highest[block] + lowest[block]
    return total


@kernel
def walk_one(
    time: Any, close: Any, highest: Any, lowest: Any, first: int, period_rows: Any, fills: Any, funding: Any,
    initial: float, sizes: Any, tally: Any, equity: Any, below: Any,
) -> None:  # fmt: skip
    """Value the account of a run of one symbol. `highest` and `lowest` are its `block_extremes`."""
    t = tally[0]
    begin(t, initial)
    t["near"] = look_ahead(close, highest, lowest, fills)
    n = len(time)
    row = 0
    while row < n:
        book(t, row, time, fills, funding, sizes)
        # Nothing is booked before this row; while payments are to come, each row may bring one.
        until = n
        if t["fill"] < len(fills):
            until = min(n, max(row + 1, fills[t["fill"]]["bar"]))
        if t["funding"] < len(funding):
            until = row + 1
        judged = max(0, until - max(row, first))
        t["bars"] += judged
        long, short, cash = sizes[0], sizes[1], t["cash"]
        if long == 0.0 and short == 0.0:
            t["now"] = cash
            if judged > 0:
                note(t, cash)
                sample(t, until - 1, period_rows, equity, below)
            row = until
            continue
        t["open_bars"] += judged
        while row < until:
            stop = until
            if row < first:
                stop = min(until, first)
            elif t["period"] < len(period_rows):
                stop = min(until, period_rows[t["period"]] + 1)
            hold(t, row, stop, first, cash, long, short, close, highest, lowest)
            if row >= first:
                sample(t, stop - 1, period_rows, equity, below)
            row = stop
    t["deepest"] = min(t["deepest"], t["low"] / t["peak"] - 1.0)


@kernel
def walk_several(
    time: Any, close: Any, row_symbol: Any, first: int, period_rows: Any, fills: Any, funding: Any, initial: float,
    prices: Any, sizes: Any, tally: Any, equity: Any, below: Any,
) -> None:  # fmt: skip
    """Value the account of a run of several symbols, after the last of each moment. `prices` and `sizes` are zeros."""
    t = tally[0]
    begin(t, initial)
    n = len(time)
    for row in range(n):
        book(t, row, time, fills, funding, sizes)
        prices[row_symbol[row]] = close[row]
        if row + 1 < n and time[row + 1] == time[row]:
            continue
        positions, gross = 0.0, 0.0
        for leg in range(len(sizes)):
            positions += sizes[leg] * prices[leg // 2]
            gross += abs(sizes[leg])
        t["now"] = t["cash"] + positions
        if row >= first:
            t["bars"] += 1
            t["open_bars"] += 1 if gross > 0.0 else 0
            note(t, t["now"])
            sample(t, row, period_rows, equity, below)
    t["deepest"] = min(t["deepest"], t["low"] / t["peak"] - 1.0)
