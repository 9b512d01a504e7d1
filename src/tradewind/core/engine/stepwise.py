"""A run that goes on only as far as it is told, and whose account may be paid into and taken from in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.core.domain.errors import BadInput, StrategyFailed, TradewindError
from tradewind.core.domain.instruments import Instrument
from tradewind.core.engine.driver import driver_text
from tradewind.core.engine.interpreted import InterpretedRun
from tradewind.core.engine.market_data import MarketData
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import (
    CHUNK_BARS,
    CHUNK_BARS_INTERPRETED,
    EngineName,
    RunResult,
    call_hook,
    chunk_end,
    failure,
    ready,
    result_of,
)
from tradewind.core.strategy.strategy import Strategy

if TYPE_CHECKING:
    from tradewind.core.engine.compiled import CompiledRun

AT_STOP = "keep_capital(x)"


class CompiledStopped(Exception):
    """Compiled code raised in `run`; the interpreter takes the same decisions and can say where and why."""

    def __init__(self, run: SteppedRun) -> None:
        super().__init__()
        self.run = run


class SteppedRun:
    """One strategy over one stretch of market, stop by stop. Engine, market and hooks are those of `run`."""

    def __init__(
        self, make: Callable[[], Strategy], data: MarketData, instruments: list[Instrument], rules: MarketRules,
        cash: float, engine: EngineName = "auto", cache: Path | None = None,
    ) -> None:  # fmt: skip
        """The account begins with `cash`, which may be nothing; `rules.cash` is what the strategy's set-up sees.

        Raises StrategyFailed where the set-up breaks or, with engine "compiled", where it does not compile.
        """
        if len(data) == 0:
            raise BadInput("there are no bars to run on", fix="Widen --start and --end, or import more data")
        self.data = data
        self.rules = rules
        self.row = 0
        self.why_interpreted: str | None = None
        self._compiled: CompiledRun | None = None
        if engine != "interpreted":
            self._compile(make, instruments, cash, engine, cache)
        if self._compiled is None:
            self.strategy, plan, columns = self._prepared(make, instruments, cash)
            self._interpreted = InterpretedRun(self.strategy, data, driver_text(plan, AT_STOP), columns)
        self._take_stock()

    def _prepared(self, make: Callable[[], Strategy], instruments: list[Instrument], cash: float) -> Any:
        made = ready(make, self.data, instruments, self.rules)
        call_hook(made[0].on_start, made[0])
        made[0].exchange.cash = float(cash)
        return made

    def _compile(
        self, make: Callable[[], Strategy], instruments: list[Instrument], cash: float, engine: str, cache: Path | None
    ) -> None:
        from tradewind.core.compiler.layout import CannotCompile
        from tradewind.core.engine.compiled import CompiledRun

        self.strategy, plan, columns = self._prepared(make, instruments, cash)
        try:
            self._compiled = CompiledRun(self.strategy, self.data, driver_text(plan, AT_STOP), cache, columns)
        except CannotCompile as reason:
            self.why_interpreted = f"{reason.place}: {reason.reason}" if reason.place else reason.reason
            if engine == "compiled":
                raise StrategyFailed(
                    f"it does not compile: {self.why_interpreted}", fix="Use --engine auto to interpret it"
                ) from reason

    @property
    def begins_ns(self) -> int:
        """When its first bar opens."""
        return int(self.data.time[0])

    @property
    def ends_ns(self) -> int:
        """When its last bar closes."""
        return int(self.data.time[-1]) + self.data.step

    @property
    def worth(self) -> float:
        """The account's equity at the last prices known."""
        return float(self._state("worth"))

    @property
    def can_leave(self) -> float:
        """The cash that nothing holds: no margin, no position, no open order."""
        return float(self._state("can_leave"))

    @property
    def cash(self) -> float:
        """The account's cash."""
        return float(self._state("cash"))

    @property
    def holds(self) -> bool:
        """Whether any position is open."""
        return int(self._state("exposed")) > 0

    @property
    def bankrupt(self) -> bool:
        """Whether it was liquidated with nothing left; it takes no orders any more."""
        return bool(self._state("bankrupt"))

    def advance(self, until_ns: int) -> None:
        """Run every bar that closes by `until_ns`. Raises StrategyFailed where the strategy breaks."""
        stop = int(np.searchsorted(self.data.time, until_ns - self.data.step, side="right"))
        bars = CHUNK_BARS if self._compiled is not None else CHUNK_BARS_INTERPRETED
        while self.row < stop:
            self.row = self._step(min(stop, chunk_end(self.data, self.row, bars)))

    def move(self, paid_in: float, resize_by: float = 0.0) -> None:
        """Pay cash in (below zero: take it out); change every position by the fraction `resize_by` at the next open.

        Raises BadInput for more than `can_leave`.
        """
        if -paid_in > self.can_leave:
            raise BadInput(
                f"{-paid_in:g} cannot leave the account: {self.can_leave:g} are free",
                fix="Take out less, or close positions first",
            )
        x = self._exchange()
        _put(x, "paid_in", paid_in)
        _put(x, "resize_by", resize_by)
        self._take_stock()

    def finish(self) -> RunResult:
        """End the run where it is; what is open is closed at its last close where the rules say so."""
        if self._compiled is not None:
            self._compiled.write_back()
            made = self._compiled
            return result_of(self.strategy, self.data, self.rules, made.journal, "compiled", None, made.kernel.cached)
        journal = self._interpreted.journal
        return result_of(self.strategy, self.data, self.rules, journal, "interpreted", self.why_interpreted, False)

    def _take_stock(self) -> None:
        """A step over no bars does only what is done at a stop."""
        self._step(self.row)

    def _step(self, stop: int) -> int:
        if self._compiled is not None:
            try:
                return self._compiled.advance(self.row, stop)
            except TradewindError:
                raise
            except Exception as error:
                raise CompiledStopped(self) from error
        try:
            return self._interpreted.advance(self.row, stop)
        except TradewindError:
            raise
        except (Exception, SystemExit) as error:
            raise failure(error, self.strategy) from error

    def _exchange(self) -> Any:
        return self.strategy.exchange if self._compiled is None else self._compiled.exchange

    def _state(self, name: str) -> Any:
        x = self._exchange()
        return x[name] if isinstance(x, np.void) else getattr(x, name)


def _put(x: Any, name: str, value: float) -> None:
    if isinstance(x, np.void):
        x[name] = value
    else:
        setattr(x, name, value)
