"""Replay one strategy over one recording of an order book."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tradewind.core.domain.errors import BadInput, StrategyFailed, TradewindError
from tradewind.core.domain.instruments import Instrument
from tradewind.core.domain.orders import REASON_TEXT, REFUSALS
from tradewind.core.domain.recording import Recording
from tradewind.core.domain.records import FUNDING
from tradewind.core.domain.timeframes import bucket_start_ns, timeframe_ns
from tradewind.core.engine.books.driver import driver_text, hooks_of
from tradewind.core.engine.books.ending import arrive_all, close_in_book, value_at_venue
from tradewind.core.engine.books.exchange import BookExchange
from tradewind.core.engine.books.interpreted import InterpretedReplay
from tradewind.core.engine.books.rules import QUEUE_MODELS, BookRules
from tradewind.core.engine.books.state import QueueCounts
from tradewind.core.engine.books.tape import Tape, tape_of
from tradewind.core.engine.journal import write_fill
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import Progress, Refusal, RunResult, call_hook, failure
from tradewind.core.engine.setup import set_up, settle_rules
from tradewind.core.strategy.strategy import Strategy

EngineName = Literal["auto", "compiled", "interpreted"]
CHUNK_ROWS = 65_536
CHUNK_ROWS_INTERPRETED = 4_096
SECOND = 1_000_000_000
MARKS_MAX = 1_000_000


@dataclass(frozen=True)
class Marks:
    """The middle of the venue's book over time: `time` opens each step of `step_ns`; NaN before there was a book."""

    time: np.ndarray[Any, Any]
    step_ns: int
    high: np.ndarray[Any, Any]
    low: np.ndarray[Any, Any]
    close: np.ndarray[Any, Any]


@dataclass(frozen=True)
class Replayed:
    """What a replay did: a run's result (a fill's `bar` is a row of `marks`), and how its orders fared in queues."""

    run: RunResult
    marks: Marks
    counts: QueueCounts
    gaps: int
    crossed: int
    left_open: float


def replay(
    make: Callable[[], Strategy],
    recording: Recording,
    instrument: Instrument,
    rules: MarketRules,
    book_rules: BookRules,
    engine: EngineName = "auto",
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Replayed:
    """Replay `recording` to the strategy that `make` gives.

    With `auto`, what does not compile is interpreted, and the result says why. Raises StrategyFailed where the strategy
    breaks; BadInput where there is nothing to replay.
    """
    if len(recording) == 0:
        raise BadInput("there are no events to replay", where=recording.symbol, fix="Bring a recording that holds some")
    if engine not in ("auto", "compiled", "interpreted"):
        raise BadInput(f"unknown engine {engine!r}", fix="Use auto, compiled or interpreted")
    report = progress or (lambda _stage, _done, _total: None)
    tape = tape_of(recording, book_rules)
    why = None
    if engine != "interpreted":
        from tradewind.core.compiler.layout import CannotCompile

        strategy, text = _ready(make, recording, instrument, rules, book_rules)
        try:
            return _compiled(strategy, tape, text, rules, cache, report)
        except CannotCompile as reason:
            why = str(reason)
            if engine == "compiled":
                raise StrategyFailed(f"it does not compile: {why}", fix="Use --engine auto to interpret it") from reason
        except _Stopped as stopped:
            # The interpreter takes the same decisions, and can say where and with what values it stopped.
            why = f"compiled code raised {stopped.__cause__!r}, which the interpreter does not: please report this"
    strategy, text = _ready(make, recording, instrument, rules, book_rules)
    return _interpreted(strategy, tape, text, rules, report, why)


class _Stopped(Exception):
    """Compiled code raised."""


def _ready(
    make: Callable[[], Strategy],
    recording: Recording,
    instrument: Instrument,
    rules: MarketRules,
    book_rules: BookRules,
) -> tuple[Strategy, str]:
    """A strategy set up on a fresh exchange, and the text of its driver."""
    strategy = make()
    x = BookExchange(rules.orders_max)
    settle_rules(x, [instrument], rules)
    x.latency = book_rules.order_ns
    x.report_latency = book_rules.report_ns
    x.cancels_count_ahead = QUEUE_MODELS[book_rules.queue]
    x.least_size = x.instruments[0].size_min
    set_up(strategy, x)
    hooks = hooks_of(strategy)
    if type(strategy).timer:
        x.timer_length = timeframe_ns(type(strategy).timer)
        x.timer_next = bucket_start_ns(int(recording.time.min()), x.timer_length) + x.timer_length
    x.wants_updates = "on_order_update" in hooks
    return strategy, driver_text(hooks, bool(type(strategy).timer))


def _empty_marks(tape: Tape, x: BookExchange) -> Marks:
    """Marks for the tape's length, of a second each, or longer where that would be too many."""
    first, last = int(tape.when[0]), int(tape.when[-1])
    step = SECOND
    while (last - first) // step >= MARKS_MAX:
        step *= 10
    x.marks_step = step
    x.marks_from = first - first % step
    count = (last - x.marks_from) // step + 1
    time = x.marks_from + step * np.arange(count, dtype=np.int64)
    return Marks(time, step, *(np.full(count, np.nan) for _ in range(3)))


def _compiled(
    strategy: Strategy, tape: Tape, text: str, rules: MarketRules, cache: Path | None, report: Progress
) -> Replayed:
    from tradewind.core.engine.books.compiled import CompiledReplay

    marks = _empty_marks(tape, strategy.exchange)
    call_hook(strategy.on_start, strategy)
    report("compiling", 0, 1)
    compiled = CompiledReplay(strategy, tape, marks, text, cache)
    report("compiling", 1, 1)
    row, rows = 0, len(tape.when)
    while row < rows:
        report("running", row, rows)
        try:
            row = compiled.advance(row, min(row + CHUNK_ROWS, rows))
        except TradewindError:
            raise
        except Exception as error:
            raise _Stopped from error
    report("running", rows, rows)
    compiled.write_back()
    return _result(strategy, rules, marks, compiled.journal, "compiled", None, compiled.kernel.cached)


def _interpreted(
    strategy: Strategy, tape: Tape, text: str, rules: MarketRules, report: Progress, why: str | None
) -> Replayed:
    marks = _empty_marks(tape, strategy.exchange)
    interpreted = InterpretedReplay(strategy, tape, marks, text)
    call_hook(strategy.on_start, strategy)
    row, rows = 0, len(tape.when)
    while row < rows:
        report("running", row, rows)
        try:
            row = interpreted.advance(row, min(row + CHUNK_ROWS_INTERPRETED, rows))
        except TradewindError:
            raise
        except (Exception, SystemExit) as error:
            raise failure(error, strategy) from error
    report("running", rows, rows)
    interpreted.write_back()
    return _result(strategy, rules, marks, interpreted.journal, "interpreted", why, False)


def _result(
    strategy: Strategy, rules: MarketRules, marks: Marks, journal: Any, engine: str, why: str | None, cached: bool
) -> Replayed:
    x: BookExchange = strategy.exchange
    x.fill_count = 0
    arrive_all(x)
    x.finished = True
    call_hook(strategy.on_stop, strategy)
    value_at_venue(x)
    if rules.close_at_end:
        close_in_book(x)
    closing: list[Any] = []
    for i in range(x.fill_count):
        write_fill(closing, i, x.fills[i], 0)
    fills, decisions = journal(closing)
    # A fill belongs to the mark of its moment; one of a liquidation is dated when the account heard of the price.
    at = np.clip((fills["time"] - x.marks_from) // x.marks_step, 0, len(marks.time) - 1)
    fills["bar"] = np.maximum.accumulate(at) if len(at) else at
    run = RunResult(
        engine=engine,
        why_interpreted=why,
        cached=cached,
        decisions=decisions,
        fills=fills,
        fundings=np.zeros(0, FUNDING),
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
    return Replayed(run, marks, x.counts, x.book.gaps, x.book.crossed, x.positions[0].size)
