"""All decisions of a session, kept small: the decision hash is taken over every one of them, field by field."""

from __future__ import annotations

from typing import Any

import numpy as np

from tradewind.core.domain.records import DECISION
from tradewind.core.engine.run import decision_hash

CHUNK = 1_024


class Decided:
    """Rows of `records.DECISION`: a hundred bytes each, as a run keeps them, and not the tenfold of Python's tuples."""

    def __init__(self) -> None:
        self.count = 0
        self._chunks: list[np.ndarray[Any, Any]] = []
        self._last: list[tuple[Any, ...]] = []

    def add(self, rows: list[tuple[Any, ...]]) -> None:
        """More decisions."""
        self.count += len(rows)
        self._last += rows
        if len(self._last) >= CHUNK:
            self._chunks.append(np.array(self._last, DECISION))
            self._last = []

    def rows(self) -> np.ndarray[Any, Any]:
        """All of them."""
        return np.concatenate([*self._chunks, np.array(self._last, DECISION)])

    def hash(self) -> str:
        """The decision hash, as a backtest's is taken."""
        return decision_hash(self.rows())
