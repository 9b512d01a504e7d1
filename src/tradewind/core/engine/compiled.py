"""The compiled engine: the same strategy, exchange and driver as the interpreter's, as machine code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numba.extending import overload

from tradewind.core.compiler.exact import REPLACED
from tradewind.core.compiler.kernel import Kernel, build_kernel
from tradewind.core.compiler.rounds import NeverEnds
from tradewind.core.domain.records import DECISION, FILL, FUNDING
from tradewind.core.engine import journal
from tradewind.core.engine.interpreted import NAMES
from tradewind.core.engine.journal import is_full
from tradewind.core.engine.market_data import MarketData
from tradewind.core.engine.prepared import Columns
from tradewind.core.engine.run import never_ends
from tradewind.core.strategy.strategy import Strategy

JOURNAL_ROWS_MIN = 16_384
JOURNAL_ROWS_MAX = 262_144
"""Rows of journal before they are moved aside. Those that are never written to take no memory."""
OUTBOXES = frozenset({"fills", "decisions", "updates"})


def _row_writer(name: str, parameters: str, fields: dict[str, str]) -> Any:
    """The compiled twin of a `write_*` function: it sets the fields of row `at` of a record array."""
    body = "\n".join(f"        row.{field} = {value}" for field, value in fields.items())
    source = (
        f"def {name}({parameters}):\n    raise NotImplementedError\n\n\n"
        f"def overloaded({parameters}):\n"
        f"    def write({parameters}):\n        row = rows[at]\n{body}\n    return write\n"
    )
    names: dict[str, Any] = {}
    exec(source, names)
    overload(names[name])(names["overloaded"])
    return names[name]


_FUNDING_FIELDS = ("time", "symbol", "leg", "rate", "price", "position", "paid", "cash")
REPLACED[journal.write_fill] = _row_writer(
    "write_fill", "rows, at, f, bar", {n: "bar" if n == "bar" else f"f.{n}" for n in FILL.names or ()}
)
REPLACED[journal.write_decision] = _row_writer(
    "write_decision", "rows, at, d", {n: f"d.{n}" for n in DECISION.names or ()}
)
REPLACED[journal.write_funding] = _row_writer(
    "write_funding", f"rows, at, {', '.join(_FUNDING_FIELDS)}", {n: n for n in _FUNDING_FIELDS}
)


class CompiledRun:
    """A run in machine code. `write_back` gives the strategy object its final state."""

    def __init__(
        self, strategy: Strategy, data: MarketData, text: str, cache: Path | None, columns: Columns | None = None
    ) -> None:
        self.strategy = strategy
        self.data = data
        self.columns = (
            data.time, data.open, data.high, data.low, data.close, data.volume, data.symbol,
            data.funding_time, data.funding_rate, data.funding_price, *(columns or {}).values(),
        )  # fmt: skip
        self.rows = max(JOURNAL_ROWS_MIN, 1024 * len(data.symbols), min(len(data), JOURNAL_ROWS_MAX))
        self.fills = np.empty(self.rows, FILL)
        self.decisions = np.empty(self.rows, DECISION)
        self.fundings = np.zeros(2 * len(data.funding_time) + 1, FUNDING)
        self.kept_fills: list[np.ndarray[Any, Any]] = []
        self.kept_decisions: list[np.ndarray[Any, Any]] = []
        self.kernel: Kernel = build_kernel(strategy, text, NAMES, self._arguments(0, 0), cache)
        self.state = self.kernel.state_of(strategy)
        self.exchange = self.state.view(self.kernel.layout.dtype)[0]["exchange"]

    def _arguments(self, row: int, stop: int) -> tuple[Any, ...]:
        return (*self.columns, self.fills, self.decisions, self.fundings, self.rows, row, stop)

    def advance(self, row: int, stop: int) -> int:
        """Run bars `row` to `stop` (or until the journal wants emptying); the row to go on from.

        Raises StrategyFailed for a loop that does not end, and whatever else the compiled code raises.
        """
        try:
            reached = int(self.kernel.entry(self.state, *self._arguments(row, stop)))
        except NeverEnds as endless:
            self.write_back()
            raise never_ends(endless, self.strategy) from endless
        fills, decisions = self._written()
        if is_full(fills, decisions, len(self.data.symbols), self.rows):
            self.kept_fills.append(self.fills[:fills].copy())
            self.kept_decisions.append(self.decisions[:decisions].copy())
            self.exchange["fills_written"] = 0
            self.exchange["decisions_written"] = 0
        return reached

    def _written(self) -> tuple[int, int]:
        return int(self.exchange["fills_written"]), int(self.exchange["decisions_written"])

    def write_back(self) -> None:
        """Give the strategy object the state that the run came to."""
        self.kernel.restore(self.state, self.strategy, skip=OUTBOXES)

    def journal(self, closing: list[Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """The run's fills, with the rows of `closing` as the last of them, its decisions and funding payments."""
        fills, decisions = self._written()
        last = fills + len(closing)  # an emptied journal has room for another bar's worth
        self.fills[fills:last] = np.array(closing, FILL)
        return (
            _joined(self.kept_fills, self.fills[:last]),
            _joined(self.kept_decisions, self.decisions[:decisions]),
            self.fundings[: int(self.exchange["fundings_written"])].copy(),
        )


def _joined(kept: list[np.ndarray[Any, Any]], last: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.concatenate([*kept, last]) if kept else last
