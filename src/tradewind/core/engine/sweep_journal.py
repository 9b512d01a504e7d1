"""The journal of a run in a sweep: fills only, and the end of the data settled in compiled code.

What a strategy asked for is taken from the outbox and not written down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradewind.core.engine.forced_closing import close_at_end
from tradewind.core.engine.journal import is_full, write_fill, write_moment

if TYPE_CHECKING:
    from tradewind.core.engine.exchange import Exchange


def keep_fills(x: Exchange, bar: int, fills: Any, decisions: Any, room: int) -> bool:
    """As `journal.drain`, without the decisions."""
    if x.fill_count > 0:
        for i in range(x.fill_count):
            write_fill(fills, x.fills_written + i, x.fills[i], bar)
        x.fills_written += x.fill_count
        x.fill_count = 0
    x.decision_count = 0
    x.pending = False
    return is_full(x.fills_written, 0, x.symbols, room)


def keep_moment(x: Exchange, first: int, last: int, symbol: Any, fills: Any, decisions: Any, room: int) -> None:
    """As `journal.drain_moment`, without the decisions."""
    write_moment(x, first, last, symbol, fills)
    keep_fills(x, last - 1, fills, decisions, room)


def close_account(x: Exchange, symbol: Any, fills: Any, rows: int) -> None:
    """After the last of `rows`: close what is open, each fill with its symbol's last row."""
    x.finished = True
    x.fill_count = 0
    for i in range(x.symbols):
        close_at_end(x, i)
    for i in range(x.fill_count):
        f = x.fills[i]
        row = rows - 1
        while symbol[row] != f.symbol:
            row -= 1
        write_fill(fills, x.fills_written + i, f, row)
    x.fills_written += x.fill_count
    x.fill_count = 0
