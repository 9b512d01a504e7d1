"""Recorded order books: is one whole, and what would a strategy have done in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tradewind.core.domain.instruments import Instrument
from tradewind.core.domain.recording import Recording
from tradewind.core.domain.synthetic_book import SyntheticBook, synthetic_book
from tradewind.core.domain.trials import REAL, TrialKind
from tradewind.core.engine.books.rules import BookRules
from tradewind.operations.backtest_data import instrument_from
from tradewind.operations.backtest_request import BacktestRequest, command_of, option
from tradewind.operations.finished import Finished, keep_study
from tradewind.operations.progress import Progress, Silence, Stages
from tradewind.operations.strategies import strategy_named
from tradewind.operations.trials import counting_warnings
from tradewind.operations.workplace import Workplace
from tradewind.ports.book_recordings import BookRecordings
from tradewind.research.book_backtest import BookBacktest, book_backtest, recorded_instrument
from tradewind.research.book_counting import recording_hash
from tradewind.research.book_summary import BookSummary, summary_of
from tradewind.research.code_hash import code_hash
from tradewind.research.counting import counting
from tradewind.research.reports.book_page import book_document, book_study
from tradewind.research.run_words import currency_of, engine_text, warnings_of

KIND = "order-book"


@dataclass(frozen=True)
class BookRequest:
    """What to replay: a strategy with its rules (`run`; its symbols and times are not used), and a recording."""

    run: BacktestRequest
    recording: Path
    book: BookRules = field(default_factory=BookRules)


def check_recording(
    path: Path, *, recordings: BookRecordings, cache: Path | None, progress: Progress | None = None
) -> BookSummary:
    """Read a recording, rebuild its book and compare it with its quotes. Raises BadInput for what is no recording."""
    progress = progress or Silence()
    progress.stage("loading")
    recording = recordings.read(path)
    progress.stage("checking")
    return summary_of(recording, cache)


def make_recording(made: SyntheticBook, path: Path, *, recordings: BookRecordings) -> Recording:
    """Make an order book up and write its recording. Raises BadInput where that cannot be."""
    recording = synthetic_book(made)
    recordings.write(recording, path)
    return recording


def run_book_backtest(request: BookRequest, at: Workplace, *, recordings: BookRecordings) -> Finished[BookBacktest]:
    """Read, replay, count, judge, keep. Raises BadInput or StrategyFailed; then nothing is kept."""
    at.begin()
    strategy = strategy_named(request.run.strategy)
    recording = recordings.read(request.recording)
    instrument = instrument_of(recording, request.run.instrument)
    made_up = recording.synthetic_seed
    origin = REAL if made_up is None else f"seed {made_up}"
    with counting(at.trials, TrialKind.BACKTEST, now_ns=at.now_ns, origin=origin) as count:
        result = book_backtest(
            strategy,
            recording,
            rules=request.run.rules,
            book=request.book,
            instrument=instrument,
            engine=request.run.engine,
            cache=at.kernels,
            progress=Stages(at.progress),
            parameters=request.run.parameters,
        )
    at.progress.stage("reporting")
    return keep_study(
        Finished[BookBacktest],
        at,
        (request.run.strategy, KIND),
        book_study(result, engine=engine_text(result), currency=currency_of(recording.symbol)),
        book_document(result),
        command=book_command(request),
        hashes={
            "recording": recording_hash(recording),
            "code": code_hash(strategy),
            "decisions": result.run.decision_hash,
        },
        synthetic=made_up is not None,
        warnings=(*warnings_of(result), *counting_warnings(count), *recording_warnings(result), *recording.said),
        result=result,
        said=(),
    )


def instrument_of(recording: Recording, changes: Mapping[str, Any]) -> Instrument:
    """The symbol's usual rules with the recording's own tick and lot, and `changes`."""
    own = recorded_instrument(recording)
    chosen = instrument_from(recording.symbol, changes)
    return replace(chosen, tick=chosen.tick or own.tick, lot=chosen.lot or own.lot)


def recording_warnings(result: BookBacktest) -> tuple[str, ...]:
    """What was wrong with the book, and what could not be closed in it."""
    warnings = []
    if result.gaps:
        warnings.append(
            f"The book was lost {result.gaps:,} time{'s' * (result.gaps > 1)} to a gap in its numbers; until the next "
            "snapshot no order was taken and none filled"
        )
    if result.crossed:
        warnings.append(f"The book was crossed after {result.crossed:,} events; nothing was traded through that")
    if result.left_open:
        warnings.append(f"{result.left_open:g} is still open at the end, valued at the last middle of the book")
    return tuple(warnings)


def book_command(request: BookRequest) -> str:
    """The command line that makes the same replay again."""
    usual = BookRules()
    own = [str(request.recording)]
    for name in ("order_ms", "report_ms", "feed_ms", "queue"):
        value = getattr(request.book, name)
        if value != getattr(usual, name):
            own += option(name, value)
    return command_of(request.run, "order-book backtest", own)
