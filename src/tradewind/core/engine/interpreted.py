"""The interpreted engine: the driver's text as Python runs it."""

from __future__ import annotations

from typing import Any

import numpy as np

from tradewind.core.domain.records import DECISION, FILL, FUNDING
from tradewind.core.engine.capital import keep_capital
from tradewind.core.engine.filling import track_range
from tradewind.core.engine.funding import settle_funding
from tradewind.core.engine.journal import UNLIMITED, drain, drain_moment
from tradewind.core.engine.market_data import MarketData
from tradewind.core.engine.prepared import Columns
from tradewind.core.strategy.strategy import Strategy

NAMES: dict[str, Any] = {
    "drain": drain,
    "drain_moment": drain_moment,
    "keep_capital": keep_capital,
    "settle_funding": settle_funding,
    "track_range": track_range,
}
"""What the driver's text may name."""


class InterpretedRun:
    """A run in plain Python. Columns become lists, whose items are Python's own numbers, a chunk of bars at a time."""

    def __init__(self, strategy: Strategy, data: MarketData, text: str, columns: Columns | None = None) -> None:
        names = dict(NAMES)
        exec(compile(text, "<driver>", "exec"), names)
        self.drive = names["drive"]
        self.strategy = strategy
        self.columns = (data.time, data.open, data.high, data.low, data.close, data.volume)
        self.symbol = data.symbol if len(data.symbols) > 1 else data.symbol[:0]  # the driver of one symbol reads none
        self.funding = [column.tolist() for column in (data.funding_time, data.funding_rate, data.funding_price)]
        self.prepared = list((columns or {}).values())
        self.fills: list[np.ndarray[Any, Any]] = [np.zeros(0, FILL)]
        self.decisions: list[np.ndarray[Any, Any]] = [np.zeros(0, DECISION)]
        self.fundings: list[Any] = []

    def advance(self, row: int, stop: int) -> int:
        """Run bars `row` to `stop`; the row to go on from."""
        chunk = [column[row:stop].tolist() for column in (*self.columns, self.symbol)]
        given = [column[row:stop].tolist() for column in self.prepared]
        fills: list[Any] = []
        decisions: list[Any] = []
        reached = row + int(
            self.drive(
                self.strategy, *chunk, *self.funding, *given, fills, decisions, self.fundings, UNLIMITED, 0, stop - row
            )
        )
        if fills:
            rows = np.array(fills, FILL)
            rows["bar"] += row
            self.fills.append(rows)
        if decisions:
            self.decisions.append(np.array(decisions, DECISION))
        return reached

    def journal(self, closing: list[Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """The run's fills, with the rows of `closing` as the last of them, its decisions and funding payments."""
        fills = [*self.fills, np.array(closing, FILL)]
        return np.concatenate(fills), np.concatenate(self.decisions), np.array(self.fundings, FUNDING)
