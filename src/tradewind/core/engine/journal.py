"""From the exchange's outbox to the run's journal: the rows that outlive the bar.

The interpreter's journal is a list of tuples, compiled code's an array of records; `write_*` are the only functions
that know (their compiled twins are in `compiled`). A journal's rows have the fields of `domain.records`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradewind.core.engine.exchange import DECISIONS_MAX, FILLS_MAX

if TYPE_CHECKING:
    from tradewind.core.engine.exchange import Exchange
    from tradewind.core.engine.state import Decision, Fill

UNLIMITED = 9_223_372_036_854_775_807


def write_fill(rows: Any, at: int, f: Fill, bar: int) -> None:
    """Write row `at`."""
    rows.append(
        (f.time, bar, f.order, f.symbol, f.side, f.reason, f.maker, f.leg, f.closing, f.size, f.price, f.fee,
         f.fee_base, f.slippage, f.realized, f.cash, f.position)
    )  # fmt: skip


def write_decision(rows: Any, at: int, d: Decision) -> None:
    """Write row `at`."""
    rows.append(
        (d.time, d.order, d.symbol, d.action, d.side, d.kind, d.flags, d.size, d.limit, d.stop, d.stop_loss,
         d.take_profit, d.trail, d.expires)
    )  # fmt: skip


def write_funding(
    rows: Any, at: int, time: int, symbol: int, leg: int, rate: float, price: float, position: float, paid: float,
    cash: float,
) -> None:  # fmt: skip
    """Write row `at`."""
    rows.append((time, symbol, leg, rate, price, position, paid, cash))


def drain(x: Exchange, bar: int, fills: Any, decisions: Any, room: int) -> bool:
    """Empty the outbox into the journal; True where the journal might not hold another bar's worth."""
    if x.fill_count > 0:
        for i in range(x.fill_count):
            write_fill(fills, x.fills_written + i, x.fills[i], bar)
        x.fills_written += x.fill_count
        x.fill_count = 0
    if x.decision_count > 0:
        for i in range(x.decision_count):
            write_decision(decisions, x.decisions_written + i, x.decisions[i])
        x.decisions_written += x.decision_count
        x.decision_count = 0
    x.pending = False
    return is_full(x.fills_written, x.decisions_written, x.symbols, room)


def drain_moment(x: Exchange, first: int, last: int, symbol: Any, fills: Any, decisions: Any, room: int) -> None:
    """Empty the outbox of a moment, whose bars are the rows `first` to `last`: each fill into its symbol's own row."""
    write_moment(x, first, last, symbol, fills)
    drain(x, last - 1, fills, decisions, room)


def write_moment(x: Exchange, first: int, last: int, symbol: Any, fills: Any) -> None:
    """Write a moment's fills, each with the row of its symbol's own bar."""
    for i in range(x.fill_count):
        f = x.fills[i]
        bar = last - 1
        for row in range(first, last):
            if symbol[row] == f.symbol:
                bar = row
        write_fill(fills, x.fills_written + i, f, bar)
    x.fills_written += x.fill_count
    x.fill_count = 0


def is_full(fills: int, decisions: int, symbols: int, room: int) -> bool:
    """Whether a journal of `room` rows might not hold another moment's worth: its fills, and what was asked for at
    them and then on the bars.
    """
    return max(fills + FILLS_MAX * (symbols + 1), decisions + 2 * DECISIONS_MAX * (symbols + 1)) > room
