"""A replay in machine code: the same strategy, exchange and driver as the interpreter's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.core.compiler.kernel import Kernel, build_kernel
from tradewind.core.compiler.rounds import NeverEnds
from tradewind.core.domain.records import DECISION, FILL
from tradewind.core.engine.books.driver import NAMES
from tradewind.core.engine.books.tape import Tape
from tradewind.core.engine.compiled import OUTBOXES
from tradewind.core.engine.journal import is_full
from tradewind.core.engine.run import never_ends
from tradewind.core.strategy.strategy import Strategy

if TYPE_CHECKING:
    from tradewind.core.engine.books.run import Marks

JOURNAL_ROWS = 16_384
"""Rows of journal before they are moved aside."""


class CompiledReplay:
    """A replay in machine code. `write_back` gives the strategy object its final state."""

    def __init__(self, strategy: Strategy, tape: Tape, marks: Marks, text: str, cache: Path | None) -> None:
        self.strategy = strategy
        self.columns = (tape, marks.high, marks.low, marks.close)
        self.fills = np.empty(JOURNAL_ROWS, FILL)
        self.decisions = np.empty(JOURNAL_ROWS, DECISION)
        self.kept_fills: list[np.ndarray[Any, Any]] = []
        self.kept_decisions: list[np.ndarray[Any, Any]] = []
        self.kernel: Kernel = build_kernel(strategy, text, NAMES, self._arguments(0, 0), cache)
        self.state = self.kernel.state_of(strategy)
        self.exchange = self.state.view(self.kernel.layout.dtype)[0]["exchange"]

    def _arguments(self, row: int, stop: int) -> tuple[Any, ...]:
        return (*self.columns, self.fills, self.decisions, JOURNAL_ROWS, row, stop)

    def advance(self, row: int, stop: int) -> int:
        """Run rows `row` to `stop` (or until the journal wants emptying); the row to go on from."""
        try:
            reached = int(self.kernel.entry(self.state, *self._arguments(row, stop)))
        except NeverEnds as endless:
            self.write_back()
            raise never_ends(endless, self.strategy) from endless
        fills, decisions = self._written()
        if is_full(fills, decisions, 1, JOURNAL_ROWS):
            self.kept_fills.append(self.fills[:fills].copy())
            self.kept_decisions.append(self.decisions[:decisions].copy())
            self.exchange["fills_written"] = 0
            self.exchange["decisions_written"] = 0
        return reached

    def _written(self) -> tuple[int, int]:
        return int(self.exchange["fills_written"]), int(self.exchange["decisions_written"])

    def write_back(self) -> None:
        """Give the strategy object the state that the replay came to."""
        self.kernel.restore(self.state, self.strategy, skip=OUTBOXES)

    def journal(self, closing: list[Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """The run's fills, with the rows of `closing` as the last of them, and its decisions."""
        fills, decisions = self._written()
        return (
            np.concatenate([*self.kept_fills, self.fills[:fills], np.array(closing, FILL)]),
            np.concatenate([*self.kept_decisions, self.decisions[:decisions]]),
        )
