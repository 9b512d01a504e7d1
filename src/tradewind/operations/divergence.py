"""Hold a session against the backtest of the same strategy over the same candles, and say where they part and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tradewind.core.domain.errors import BadInput, TradewindError
from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.timeframes import timeframe_ns
from tradewind.core.domain.trials import REAL, TrialKind
from tradewind.core.engine.rules import MarketRules
from tradewind.operations.finished import Finished, keep_study
from tradewind.operations.progress import Stages
from tradewind.operations.sessions import replay_session
from tradewind.operations.strategies import strategy_named
from tradewind.operations.workplace import Workplace
from tradewind.ports.event_store import EventStore
from tradewind.ports.market_data import MarketData
from tradewind.research.backtest import Market, backtest
from tradewind.research.counting import counting
from tradewind.research.divergence import Divergence, compare
from tradewind.research.pairing import Side
from tradewind.research.reports.divergence_document import divergence_document
from tradewind.research.reports.divergence_page import divergence_study
from tradewind.research.reports.divergence_words import Compared
from tradewind.trading.sessions.replaying import Replayed
from tradewind.trading.sessions.terms import SessionTerms
from tradewind.trading.sessions.witness import Witness

STAGES = ("replaying", "compiling", "running", "reporting")


@dataclass(frozen=True)
class FinishedDivergence(Finished[Divergence]):
    """A comparison that has been kept."""

    terms: SessionTerms
    replayed: Replayed


async def diverge(session: str, at: Workplace, *, store: EventStore) -> FinishedDivergence:
    """Replay the session, run the backtest over its candles, compare, keep.

    Raises BadInput for a session that is not there or in which no candle has closed, StrategyFailed for a strategy that
    a backtest cannot run.
    """
    at.runs.prepare()
    at.progress.stage("replaying")
    seen = Witness()
    replayed = await replay_session(store, session, seen)
    terms = replayed.terms
    bars = _candles(seen, terms, session)
    rules = replace(terms.rules, close_at_end=False)
    with counting(
        at.trials, TrialKind.BACKTEST, now_ns=at.now_ns, origin=f"session {session}" if terms.synthetic else REAL
    ):
        tested = backtest(
            strategy_named(terms.strategy),
            [Market(of, i, *(seen.due(of.symbol) or ())) for of, i in zip(bars, terms.instruments, strict=True)],
            rules=rules, cache=at.kernels, progress=Stages(at.progress), parameters=terms.parameters,
        )  # fmt: skip
    at.progress.stage("reporting")
    step = timeframe_ns(terms.timeframe)
    here = Side(
        seen.decisions, seen.fills, seen.ends, np.array(seen.time, np.int64), np.array(seen.equity), terms.wait_ns
    )
    fills = tested.run.fills
    there = Side(
        tested.run.decisions, fills, {}, tested.time + step, tested.equity, fill_bars=tested.row_time[fills["bar"]]
    )
    result = compare(here, there, step)
    warnings = (*_warnings(replayed, rules), *_other_candles(bars, at.catalogue))
    compared = Compared(
        session, terms.strategy, terms.symbols, terms.timeframe, dict(terms.parameters), rules, here, there, result,
        replayed.decision_hash, tested.run.decision_hash, terms.code_hash, seen.counts, len(seen.unknown),
    )  # fmt: skip
    return keep_study(
        FinishedDivergence,
        at,
        (Path(terms.strategy).stem, "divergence"),
        divergence_study(compared),
        divergence_document(compared),
        command=f"tradewind divergence {session}",
        hashes={},
        synthetic=terms.synthetic,
        warnings=warnings,
        result=result,
        said=(),
        terms=terms,
        replayed=replayed,
    )


def _candles(seen: Witness, terms: SessionTerms, session: str) -> list[Bars]:
    found = [seen.bars(i, symbol, terms.timeframe) for i, symbol in enumerate(terms.symbols)]
    for bars in found:
        if not len(bars):
            raise BadInput(
                f"no {terms.timeframe} candle of {bars.symbol} has closed in it, so there is nothing to compare",
                where=f"session {session}", fix="Compare a longer session",
            )  # fmt: skip
    return found


def _warnings(replayed: Replayed, rules: MarketRules) -> tuple[str, ...]:
    """What a reader must know before the figures."""
    said = []
    if replayed.difference is not None:
        at = replayed.difference
        said.append(
            f"The replay stops at event {at.position} ({at.type}): what comes after it is not compared. "
            f"tradewind replay {replayed.session} shows both sides"
        )
    elif replayed.failed is not None:
        said.append(f"The session failed, and is compared up to there: {replayed.failed}")
    elif not replayed.ended:
        said.append("The session was cut off, or is still at work: it is compared as far as it is written")
    if replayed.code_hash != replayed.terms.code_hash:
        said.append("The strategy's code is not the code of that day: the backtest is of today's")
    if rules.liquidation and rules.leverage > 1.0:
        said.append("The backtest liquidates at the maintenance margin; in a session that is the venue's business")
    return tuple(said)


def _other_candles(bars: list[Bars], catalogue: MarketData) -> tuple[str, ...]:
    """Where the catalogue has other candles than the session saw: then a usual backtest differs by its data too."""
    said = []
    for of in bars:
        first, end = int(of.time[0]), int(of.time[-1]) + of.step_ns
        try:
            stored = catalogue.bars(of.symbol, of.timeframe, first, end)
        except TradewindError:
            continue  # nothing is stored of it, or not in this timeframe
        shared, mine, theirs = np.intersect1d(of.time, stored.time, return_indices=True)
        if not len(shared):
            continue
        unequal = np.zeros(len(shared), bool)
        for name in ("open", "high", "low", "close"):
            unequal |= getattr(of, name)[mine] != getattr(stored, name)[theirs]
        gone = len(stored) - len(shared)
        if unequal.any() or gone:
            said.append(
                f"Of {len(stored):,} stored candles of {of.symbol} {int(unequal.sum()):,} have other prices than the "
                f"session saw, and {gone:,} it did not see: this backtest is over what it saw"
            )
    return tuple(said)
