"""One strategy run again and again with other parameters, compiled: what a sweep does a thousand times.

The exchange is laid out once and copied as bytes; of each strategy only what differs from the first one is packed. The
driver, and with it every rule of the market, is that of a single run. A run keeps its fills and funding payments; what
the strategy asked for is not written down.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tradewind.core.compiler.kernel import Kernel, build_kernel
from tradewind.core.compiler.layout import CannotCompile, layout_of
from tradewind.core.compiler.likeness import Met, Unlike, pack_difference
from tradewind.core.compiler.members import classes_in, constants_of
from tradewind.core.domain.instruments import Instrument
from tradewind.core.domain.records import DECISION, FILL, FUNDING
from tradewind.core.engine.bar_in_rows import BarInRows, rows_of
from tradewind.core.engine.compiled import JOURNAL_ROWS_MIN
from tradewind.core.engine.driver import driver_text
from tradewind.core.engine.exchange import Exchange
from tradewind.core.engine.interpreted import NAMES
from tradewind.core.engine.market_data import MarketData
from tradewind.core.engine.plan import Plan, adopt_sources
from tradewind.core.engine.prepared import Columns
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import call_hook, ready
from tradewind.core.engine.setup import set_up
from tradewind.core.engine.sweep_journal import close_account, keep_fills, keep_moment
from tradewind.core.engine.tracks import Followed, Track, Tracks, with_tracks
from tradewind.core.engine.wiring import Wiring, wiring_of
from tradewind.core.indicators.indicator import RingSizes, ring_sizes
from tradewind.core.strategy.strategy import Strategy

Array = np.ndarray[Any, Any]
Make = Callable[[], Strategy]
ATTEMPTS_MAX = 8
"""Times a strategy is set up anew because others have changed what there is to compare it with."""
SHAPES_MAX = 32
"""Kernels kept at a time for strategies whose parameters change what they hold."""
KEPT = NAMES | {"drain": keep_fills, "drain_moment": keep_moment, "close_account": close_account}
CLOSING = "close_account(x, symbol, fills, stop)"
EXCHANGE = frozenset({"exchange"})


@dataclass(frozen=True)
class Shape:
    """Strategies that share a kernel: the first of them, packed."""

    first: Strategy
    wiring: Wiring
    kernel: Kernel
    packed: Array
    followed: tuple[Followed, ...]
    constants: tuple[tuple[type, str, Any], ...]
    """What the classes of what it holds have for all of their objects."""

    def fits(self, wiring: Wiring) -> bool:
        """Whether a strategy of this wiring may have this shape: what is packed has the classes' constants of then."""
        return self.wiring == wiring and all(
            (now := getattr(cls, name, None)) is value or repr(now) == repr(value)
            for cls, name, value in self.constants
        )


@dataclass(frozen=True)
class Run:
    """What a run did: records of `domain.records`, and the account's cash at the end."""

    fills: Array
    fundings: Array
    cash: float


class Desk:
    """The memory of one thread's runs, used again by each."""

    def __init__(self, data: MarketData) -> None:
        self.rows = max(JOURNAL_ROWS_MIN, 1024 * len(data.symbols))
        self.fills = np.empty(self.rows, FILL)
        self.decisions = np.empty(1, DECISION)
        self.fundings = np.zeros(2 * len(data.funding_time) + 1, FUNDING)


class ManyRuns:
    """Runs over one market by one set of rules. Threads may share it by a lock of theirs; each brings its own Desk."""

    def __init__(
        self,
        data: MarketData,
        instruments: list[Instrument],
        rules: MarketRules,
        cache: Path | None,
        lock: AbstractContextManager[Any],
    ) -> None:
        self.data = data
        self.instruments = instruments
        self.rules = rules
        self.cache = cache
        self.sizes = RingSizes()
        self._shapes: list[Shape] = []
        self._lock = lock
        self._tracks = Tracks(data, lock)
        self._rows = rows_of(data) if len(data.symbols) == 1 else None
        self._columns = (
            data.time, data.open, data.high, data.low, data.close, data.volume, data.symbol,
            data.funding_time, data.funding_rate, data.funding_price,
        )  # fmt: skip

    def run(self, make: Make, desk: Desk) -> Run:
        """Run the strategy that `make` gives. The fills are the desk's until its next run.

        Raises CannotCompile where only the interpreter can run it, StrategyFailed where its set-up breaks, and
        whatever its compiled code raises.
        """
        shape, state, columns, _tracks = self._packed(make)
        exchange = state.view(shape.kernel.layout.dtype)[0]["exchange"]
        kept: list[Array] = []
        row, total = 0, len(self.data)
        while row < total:
            row = int(shape.kernel.entry(state, *self._arguments(desk, columns, row, total)))
            written = int(exchange["fills_written"])
            if row < total:
                kept.append(desk.fills[:written].copy())
                exchange["fills_written"] = 0
        fills = desk.fills[:written]
        return Run(
            np.concatenate([*kept, fills]) if kept else fills,
            desk.fundings[: int(exchange["fundings_written"])],
            float(exchange["cash"]),
        )

    def _arguments(self, desk: Desk, columns: Columns, row: int, stop: int) -> tuple[Any, ...]:
        return (
            *self._columns, *columns.values(), desk.fills, desk.decisions, desk.fundings, desk.rows, row, stop,
        )  # fmt: skip

    def _packed(self, make: Make) -> tuple[Shape, Array, Columns, list[Track]]:
        """The strategy as bytes, its kernel, the columns it has prepared, and the tracks that its bytes point to."""
        for _ in range(ATTEMPTS_MAX):
            sizes = self.sizes
            with ring_sizes(sizes):
                if not self._shapes:
                    self._learn(make)
                shapes = self._shapes
                strategy = make()
                columns = set_up(strategy, shapes[0].first.exchange, self.data)
                call_hook(strategy.on_start, strategy)
                adopt_sources(strategy)
                wiring = (*wiring_of(strategy), *columns)
                for shape in shapes:
                    if shape.fits(wiring):
                        try:
                            state, tracks = self._as(shape, strategy)
                        except Unlike:
                            continue
                        return shape, state, columns, tracks
                self._make_room(sizes)
                self._learn(make)
        raise CannotCompile("its set-up does not make the same twice with the same parameters")

    def _as(self, shape: Shape, strategy: Strategy) -> tuple[Array, list[Track]]:
        """A strategy as bytes for the kernel of a shape, and the tracks that they point to. Raises Unlike."""
        state, own = shape.packed.copy(), dict(vars(strategy))
        met: Met = {}
        try:
            tracks = self._tracks.follow(strategy, shape.followed, met)
            pack_difference(strategy, shape.first, state.view(shape.kernel.layout.dtype)[0], EXCHANGE, met)
        except Unlike:
            vars(strategy).update(own)  # the next shape may follow other indicators
            raise
        return state, tracks

    def _make_room(self, sizes: RingSizes) -> None:
        """Where rings have become longer, begin again with all of them so long; else let the oldest shape go."""
        with self._lock:
            if sizes.largest > sizes.least and self.sizes is sizes:
                self.sizes = RingSizes(sizes.largest, sizes.largest)
                self._shapes = []
            elif len(self._shapes) >= SHAPES_MAX:
                self._shapes = self._shapes[1:]

    def _learn(self, make: Make) -> None:
        """Compile for the shape of this strategy."""
        with self._lock, ring_sizes(self.sizes):
            strategy, plan, columns = ready(make, self.data, self.instruments, self.rules)
            call_hook(strategy.on_start, strategy)
            wiring = (*wiring_of(strategy), *columns)
            layout_of(strategy)  # raises for what is held in two places, which a stand-in would hide
            held = tuple((c, n, v) for c in classes_in(strategy) if c is not Exchange for n, v in constants_of(c))
            own = dict(vars(strategy))
            try:
                shape = self._shape(
                    strategy, plan, columns, wiring, held, self._tracks.learn(strategy, plan, self.cache)
                )
            except CannotCompile:
                vars(strategy).update(own)
                shape = self._shape(strategy, plan, columns, wiring, held, ())
            self._shapes = [*self._shapes, shape]

    def _shape(
        self, strategy: Strategy, plan: Plan, columns: Columns, wiring: Wiring,
        held: tuple[tuple[type, str, Any], ...], followed: tuple[Followed, ...],
    ) -> Shape:  # fmt: skip
        self._tracks.follow(strategy, followed, {})
        if self._rows is not None:
            strategy.exchange.bars[:] = [BarInRows(self._rows, self.data.step)]
        closing = CLOSING if self.rules.close_at_end else "pass"
        text = driver_text(with_tracks(plan, followed), closing, self._rows is not None)
        nothing = self._arguments(Desk(self.data), columns, 0, 0)
        kernel = build_kernel(strategy, text, KEPT, nothing, self.cache)
        return Shape(strategy, wiring, kernel, kernel.state_of(strategy), followed, held)
