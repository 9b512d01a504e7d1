"""A replay in plain Python: the driver's text as Python runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.core.domain.records import DECISION, FILL
from tradewind.core.engine.books.driver import NAMES
from tradewind.core.engine.books.tape import Tape, as_lists
from tradewind.core.engine.journal import UNLIMITED
from tradewind.core.strategy.strategy import Strategy

if TYPE_CHECKING:
    from tradewind.core.engine.books.run import Marks


class InterpretedReplay:
    """Columns become lists, whose items are Python's own numbers."""

    def __init__(self, strategy: Strategy, tape: Tape, marks: Marks, text: str) -> None:
        names = dict(NAMES)
        exec(compile(text, "<driver>", "exec"), names)
        self.drive = names["drive"]
        self.strategy = strategy
        self.tape = as_lists(tape)
        self.marks = marks
        self.kept = [column.tolist() for column in (marks.high, marks.low, marks.close)]
        self.fills: list[Any] = []
        self.decisions: list[Any] = []

    def advance(self, row: int, stop: int) -> int:
        """Run rows `row` to `stop`; the row to go on from."""
        return int(self.drive(self.strategy, self.tape, *self.kept, self.fills, self.decisions, UNLIMITED, row, stop))

    def write_back(self) -> None:
        """Give the marks what was kept of them."""
        for column, kept in zip((self.marks.high, self.marks.low, self.marks.close), self.kept, strict=True):
            column[:] = kept

    def journal(self, closing: list[Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """The run's fills, with the rows of `closing` as the last of them, and its decisions."""
        return np.array([*self.fills, *closing], FILL), np.array(self.decisions, DECISION)
