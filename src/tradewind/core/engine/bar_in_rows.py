"""The bar of a sweep's runs over one symbol: it stands at a row of a table that they share.

A single run copies every bar's values into a `Bar`, which takes a third of the time of a bar on which nothing happens.
Laying out the table would take it as long; a thousand runs lay it out once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tradewind.core.compiler.columns import float_at, whole_at
from tradewind.core.engine.constants import NAN
from tradewind.core.engine.market_data import MarketData
from tradewind.core.engine.state import BarValues

Rows = NDArray[np.float64]
WIDTH = 6


def rows_of(data: MarketData) -> Rows:
    """The bars one after the other (bars + 1, WIDTH), behind a row that has no prices; times as the bits of int64."""
    rows = np.empty((len(data) + 1, WIDTH))
    rows[0] = (0.0, NAN, NAN, NAN, NAN, 0.0)
    columns = (data.time.view(np.float64), data.open, data.high, data.low, data.close, data.volume)
    for i, column in enumerate(columns):
        rows[1:, i] = column
    return rows


class BarInRows(BarValues):
    """Reads as a `Bar` does. The table must live as long as it is read."""

    def __init__(self, rows: Rows, step: int) -> None:
        self.place = 0
        self.symbol = 0
        self.step = step
        self.rows_at = rows.ctypes.data

    def go_to(self, row: int) -> None:
        """Stand at a bar that is in the table."""
        self.place = WIDTH * (row + 1)

    @property
    def time(self) -> int:  # type: ignore[override]
        """When the bar opened."""
        return whole_at(self.rows_at, self.place)

    @property
    def open(self) -> float:  # type: ignore[override]
        """Its first price."""
        return float_at(self.rows_at, self.place + 1)

    @property
    def high(self) -> float:  # type: ignore[override]
        """Its highest price."""
        return float_at(self.rows_at, self.place + 2)

    @property
    def low(self) -> float:  # type: ignore[override]
        """Its lowest price."""
        return float_at(self.rows_at, self.place + 3)

    @property
    def close(self) -> float:  # type: ignore[override]
        """Its last price."""
        return float_at(self.rows_at, self.place + 4)

    @property
    def volume(self) -> float:  # type: ignore[override]
        """What was traded in it."""
        return float_at(self.rows_at, self.place + 5)
