"""The interpreted engine: the driver's text as Python runs it."""

from __future__ import annotations

from typing import Any

import numpy as np

from tradewind.core.domain.records import DECISION, FILL, FUNDING
from tradewind.core.engine.funding import settle_funding
from tradewind.core.engine.journal import UNLIMITED, drain
from tradewind.core.engine.market_data import MarketData
from tradewind.core.engine.matching import update_range
from tradewind.core.strategy.strategy import Strategy

NAMES: dict[str, Any] = {"drain": drain, "settle_funding": settle_funding, "update_range": update_range}
"""What the driver's text may name."""


class InterpretedRun:
    """A run in plain Python; columns become lists, whose items are Python's own numbers."""

    def __init__(self, strategy: Strategy, data: MarketData, text: str) -> None:
        names = dict(NAMES)
        exec(compile(text, "<driver>", "exec"), names)
        self.drive = names["drive"]
        self.strategy = strategy
        self.columns = [
            column.tolist()
            for column in (
                data.time, data.open, data.high, data.low, data.close, data.volume, data.symbol,
                data.funding_time, data.funding_rate, data.funding_price,
            )
        ]  # fmt: skip
        self.fills: list[Any] = []
        self.decisions: list[Any] = []
        self.fundings: list[Any] = []

    def advance(self, row: int, stop: int) -> int:
        """Run bars `row` to `stop`; the row to go on from."""
        return int(
            self.drive(self.strategy, *self.columns, self.fills, self.decisions, self.fundings, UNLIMITED, row, stop)
        )

    def finish(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """The journal's fills, decisions and funding payments."""
        return np.array(self.fills, FILL), np.array(self.decisions, DECISION), np.array(self.fundings, FUNDING)
