"""Run one strategy over one stretch of market."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tradewind.core.domain.errors import BadInput, StrategyFailed, TradewindError
from tradewind.core.domain.instruments import Instrument
from tradewind.core.domain.orders import REASON_TEXT, REFUSALS
from tradewind.core.domain.timeframes import bucket_start_ns, timeframe_ns
from tradewind.core.engine.driver import driver_text
from tradewind.core.engine.exchange import Exchange
from tradewind.core.engine.forced_closing import close_at_end
from tradewind.core.engine.intake import OrderRefused
from tradewind.core.engine.interpreted import InterpretedRun
from tradewind.core.engine.journal import write_fill
from tradewind.core.engine.market_data import MarketData
from tradewind.core.engine.places import place_in
from tradewind.core.engine.plan import Plan, plan_of
from tradewind.core.engine.prepared import Columns
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.setup import exchange_for, set_up
from tradewind.core.strategy.strategy import Strategy

EngineName = Literal["auto", "compiled", "interpreted"]
CHUNK_BARS = 32_768
"""Bars between two reports of progress; also how soon Ctrl-C is heard in compiled code."""
CHUNK_BARS_INTERPRETED = 2_048
"""The same where Python runs: so many bars, as Python's own numbers, stay in the processor's cache."""

Array = np.ndarray[Any, Any]
Journal = Callable[[list[Any]], tuple[Array, Array, Array]]
"""Gives a run's fills, decisions and funding payments; the rows it is called with are its last fills."""
Progress = Callable[[str, int, int], None]
"""Called with a stage ("compiling", "running"), the bars done and the bars in all."""


@dataclass(frozen=True)
class Refusal:
    """Orders the market turned down for one reason: how many, and when the first was."""

    reason: str
    text: str
    count: int
    first: int


@dataclass(frozen=True)
class RunResult:
    """What a run did. `fills`, `decisions`, `fundings` are records of `domain.records`."""

    engine: str
    why_interpreted: str | None
    cached: bool
    decisions: Array
    fills: Array
    fundings: Array
    refusals: tuple[Refusal, ...]
    liquidations: int
    bankrupt: bool
    cash: float
    equity: float
    strategy: Strategy

    @cached_property
    def decision_hash(self) -> str:
        """Hash over every decision; see `decision_hash`."""
        return decision_hash(self.decisions)


def run(
    make: Callable[[], Strategy],
    data: MarketData,
    instruments: list[Instrument],
    rules: MarketRules,
    engine: EngineName = "auto",
    cache: Path | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Run the strategy that `make` gives over `data`.

    `cache` is the folder that keeps compiled code. With `auto`, what does not compile is interpreted, and the result
    says why. Raises StrategyFailed where the strategy breaks; BadInput where it cannot be run on this data.
    """
    if len(data) == 0:
        raise BadInput("there are no bars to run on", fix="Widen --start and --end, or import more data")
    if engine not in ("auto", "compiled", "interpreted"):
        raise BadInput(f"unknown engine {engine!r}", fix="Use auto, compiled or interpreted")
    report = progress or (lambda _stage, _done, _total: None)
    why = None
    if engine != "interpreted":
        from tradewind.core.compiler.layout import CannotCompile

        try:
            return _compiled(make, data, instruments, rules, cache, report)
        except CannotCompile as reason:
            why = f"{reason.place}: {reason.reason}" if reason.place else reason.reason
            if engine == "compiled":
                raise StrategyFailed(f"it does not compile: {why}", fix="Use --engine auto to interpret it") from reason
        except _Stopped as stopped:
            # The interpreter takes the same decisions, and can say where and with what values it stopped.
            why = f"compiled code raised {stopped.__cause__!r}, which the interpreter does not: please report this"
            result = _interpreted(make, data, instruments, rules, report, why)
            if engine == "compiled":
                raise StrategyFailed(why, fix="Use --engine auto to interpret it") from stopped
            return result
    return _interpreted(make, data, instruments, rules, report, why)


class _Stopped(Exception):
    """Compiled code raised."""


def ready(
    make: Callable[[], Strategy], data: MarketData, instruments: list[Instrument], rules: MarketRules
) -> tuple[Strategy, Plan, Columns]:
    """A strategy set up on a fresh exchange, its plan, and the columns it has prepared."""
    strategy = make()
    x = exchange_for(data, instruments, rules)
    columns = set_up(strategy, x, data)
    if type(strategy).timer:
        x.timer_length = timeframe_ns(type(strategy).timer)
        x.timer_next = bucket_start_ns(int(data.time[0]), x.timer_length) + x.timer_length
    funding = rules.funding and len(data.funding_time) > 0 and any(i.kind == "perpetual" for i in instruments)
    plan = plan_of(
        strategy, x.symbols, bool(type(strategy).timer), funding, rules.slippage == "volatility", tuple(columns)
    )
    x.wants_updates = "on_order_update" in plan.hooks
    return strategy, plan, columns


def _compiled(
    make: Callable[[], Strategy], data: MarketData, instruments: list[Instrument], rules: MarketRules,
    cache: Path | None, report: Progress,
) -> RunResult:  # fmt: skip
    from tradewind.core.engine.compiled import CompiledRun

    strategy, plan, columns = ready(make, data, instruments, rules)
    call_hook(strategy.on_start, strategy)  # first, for what it gives the strategy is compiled too
    report("compiling", 0, 1)
    compiled = CompiledRun(strategy, data, driver_text(plan), cache, columns)
    report("compiling", 1, 1)
    row = 0
    while row < len(data):
        report("running", row, len(data))
        try:
            row = compiled.advance(row, chunk_end(data, row, CHUNK_BARS))
        except TradewindError:
            raise
        except Exception as error:
            raise _Stopped from error
    report("running", len(data), len(data))
    compiled.write_back()
    return result_of(strategy, data, rules, compiled.journal, "compiled", None, compiled.kernel.cached)


def chunk_end(data: MarketData, row: int, bars: int) -> int:
    """Where the chunk of `bars` from `row` on ends: never between two symbols' bars of one moment."""
    stop = min(row + bars, len(data))
    while stop < len(data) and data.time[stop] == data.time[stop - 1]:
        stop += 1
    return stop


def _interpreted(
    make: Callable[[], Strategy], data: MarketData, instruments: list[Instrument], rules: MarketRules, report: Progress,
    why: str | None,
) -> RunResult:  # fmt: skip
    strategy, plan, columns = ready(make, data, instruments, rules)
    interpreted = InterpretedRun(strategy, data, driver_text(plan), columns)
    call_hook(strategy.on_start, strategy)
    row = 0
    while row < len(data):
        report("running", row, len(data))
        try:
            row = interpreted.advance(row, chunk_end(data, row, CHUNK_BARS_INTERPRETED))
        except TradewindError:
            raise
        except (Exception, SystemExit) as error:
            raise failure(error, strategy) from error
    report("running", len(data), len(data))
    return result_of(strategy, data, rules, interpreted.journal, "interpreted", why, False)


def call_hook(hook: Callable[[], None], strategy: Strategy) -> None:
    """Call a hook that runs outside the bars."""
    try:
        hook()
    except TradewindError:
        raise
    except (Exception, SystemExit) as error:
        raise failure(error, strategy) from error


def failure(error: Exception | SystemExit, strategy: Strategy) -> StrategyFailed:
    """What went wrong in the strategy, where in its code, and at which bar."""
    moment = _moment(strategy)
    where = place_in(error, type(strategy).__name__)
    if isinstance(error, OrderRefused):
        return StrategyFailed(
            f"{error}, found {strategy.exchange.bad_value:g}{moment}",
            where=where,
            fix="Check the value before ordering with it",
        )
    return StrategyFailed(
        f"{type(error).__name__}: {error}{moment}", where=where, fix="Run with --debug for the traceback"
    )


def never_ends(error: Exception, strategy: Strategy) -> StrategyFailed:
    """What to say of a loop that compiled code has given up on; the strategy is as it was then."""
    return StrategyFailed(
        f"{error}{_moment(strategy)}",
        where=type(strategy).__name__,
        fix="See that its condition becomes false; --engine interpreted sets no such limit",
    )


def _moment(strategy: Strategy) -> str:
    x: Exchange = strategy.exchange
    bar = x.bars[x.symbol_now]
    return f" at the bar of {np.datetime64(bar.time, 'ns').astype('datetime64[s]')} UTC" if bar.time else ""


def result_of(
    strategy: Strategy, data: MarketData, rules: MarketRules, journal: Journal, engine: str, why: str | None,
    cached: bool,
) -> RunResult:  # fmt: skip
    """What came of a run that is over: `on_stop` is called, and what is open is closed if the rules say so."""
    x: Exchange = strategy.exchange
    x.finished = True
    call_hook(strategy.on_stop, strategy)
    closing: list[Any] = []
    if rules.close_at_end:
        x.fill_count = 0
        for symbol in range(x.symbols):
            close_at_end(x, symbol)
        for i in range(x.fill_count):
            write_fill(closing, i, x.fills[i], _last_row(data, x.fills[i].symbol))
    fills, decisions, fundings = journal(closing)
    return RunResult(
        engine=engine,
        why_interpreted=why,
        cached=cached,
        decisions=decisions,
        fills=fills,
        fundings=fundings,
        refusals=tuple(
            Refusal(r.name, REASON_TEXT[r], x.refused_count[r], x.refused_first[r])
            for r in REFUSALS
            if x.refused_count[r]
        ),
        liquidations=x.liquidations,
        bankrupt=x.bankrupt,
        cash=x.cash,
        equity=x.equity(),
        strategy=strategy,
    )


def _last_row(data: MarketData, symbol: int) -> int:
    row = len(data) - 1
    while data.symbol[row] != symbol:
        row -= 1
    return row


def decision_hash(decisions: Array) -> str:
    """Hash over everything the strategy asked for, in order: the same for every engine, process and machine.

    SHA-256 over the fields one after another in little-endian order, NaN in its canonical form; 32 hexadecimal digits.
    """
    digest = hashlib.sha256(str(len(decisions)).encode())
    for name in decisions.dtype.names or ():
        column = decisions[name]
        if column.dtype.kind == "f":
            column = np.where(np.isnan(column), np.nan, column).astype("<f8")
        else:
            column = column.astype("<i8")
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()[:32]
