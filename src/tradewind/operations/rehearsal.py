"""Rehearse a strategy: a recorded session on stored candles, at a venue that answers by chance."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from heapq import merge
from operator import itemgetter

import msgspec
import numpy as np

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.payloads import FundingDue, Tick
from tradewind.core.domain.market_data import Bars
from tradewind.core.engine.rules import MarketRules
from tradewind.core.strategy.strategy import Strategy
from tradewind.operations.backtest_data import completed, instrument_from, load_markets
from tradewind.operations.backtest_request import BacktestRequest
from tradewind.operations.progress import Progress, Silence
from tradewind.operations.run_names import run_name
from tradewind.operations.strategies import strategy_named
from tradewind.operations.tenant import TENANT
from tradewind.ports.event_store import EventStore
from tradewind.ports.market_data import MarketData
from tradewind.research.backtest import Market, symbol_data
from tradewind.research.code_hash import code_hash
from tradewind.trading.sessions.chance_venue import Chances, ChanceVenue
from tradewind.trading.sessions.lineage import terms_of
from tradewind.trading.sessions.recording import NameTaken, Recorded, Recorder
from tradewind.trading.sessions.resuming import resume
from tradewind.trading.sessions.terms import SessionTerms

SHARES = (0.125, 0.125, 0.25, 0.5)
"""Of a candle's volume at each of its ticks: halves of halves, whose sum has no rounding."""
TOLD_EVERY = 1_000
NAMES_TRIED_MAX = 100
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


Held = Callable[[str], AbstractContextManager[None]]
"""A session's name is this process's alone in the block; BadInput where another process has it."""


@dataclass(frozen=True)
class Rehearsed:
    """A rehearsal that is over, and what was assumed for it. `inputs_before` were recorded before it was cut off."""

    recorded: Recorded
    terms: SessionTerms
    candles: int
    said: tuple[str, ...]
    inputs_before: int = 0


def held_by_nobody(session: str) -> AbstractContextManager[None]:  # noqa: ARG001
    """Nothing is held."""
    return nullcontext()


async def rehearse(
    request: BacktestRequest,
    chances: Chances,
    *,
    catalogue: MarketData,
    store: EventStore,
    now_ns: int,
    clock_ns: Callable[[], int],
    new_id: Callable[[], str],
    name: str = "",
    held: Held = held_by_nobody,
    progress: Progress | None = None,
) -> Rehearsed:
    """Run a recorded session on stored candles, each walked as four ticks, at a venue that answers by chance.

    It shows that a strategy copes with answers that are late, in parts or refusals, and that the session can be played
    again; it measures nothing. Raises BadInput or StrategyFailed; what was recorded until then stays.
    """
    progress = progress or Silence()
    progress.stage("loading")
    strategy = strategy_named(request.strategy)
    request, said = completed(request, strategy.symbols, catalogue)
    markets, infos = load_markets(request, catalogue)
    made = strategy(**request.parameters)
    start_ns = min(int(market.bars.time[0]) for market in markets)
    until_ns = max(int(market.bars.time[-1]) + market.bars.step_ns for market in markets)
    terms = SessionTerms(
        strategy=request.strategy,
        instruments=tuple(instrument_from(symbol, request.instrument) for symbol in request.symbols),
        timeframe=request.timeframe,
        code_hash=code_hash(strategy),
        parameters={name: getattr(made, name) for name in strategy.parameters},
        rules=request.rules,
        synthetic=any(info.synthetic for info in infos),
        rehearsal={"start_ns": start_ns, "end_ns": until_ns, "chances": msgspec.to_builtins(chances)},
    )
    if name and not NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} is no name of a session", where="--name", fix="Use up to 60 letters, digits, dots, - and _"
        )
    candles = sum(len(market.bars) for market in markets)
    progress.stage("running", candles)
    for number in range(1, NAMES_TRIED_MAX + 1):
        own = name or run_name(now_ns, request.strategy) + (f".{number}" if number > 1 else "")
        recorder = _recorder(own, strategy, terms, chances, store, clock_ns, new_id)
        try:
            with held(own):
                recorded = await recorder.run(market_of(markets, terms.rules, progress), until_ns)
        except NameTaken:
            if name or number == NAMES_TRIED_MAX:
                raise
        else:
            break
    return Rehearsed(recorded, terms, candles, said)


async def resume_rehearsal(
    session: str,
    *,
    catalogue: MarketData,
    store: EventStore,
    clock_ns: Callable[[], int],
    new_id: Callable[[], str],
    held: Held = held_by_nobody,
    progress: Progress | None = None,
) -> Rehearsed:
    """Go on with a rehearsal that was cut off: positions and open orders as they were, to the end of its market.

    What it comes to is what it would have come to. Raises BadInput for a session that is not there, has ended, or is
    being worked on; for another code or market than it had; Disputed for a record that does not replay.
    """
    progress = progress or Silence()
    progress.stage("loading")
    terms = await terms_of(store, session, TENANT)
    if terms is None:
        raise BadInput(f"there is no session {session!r}", fix="List the sessions: tradewind replay")
    with held(session):
        stretch = terms.rehearsal
        try:
            chances = msgspec.convert(stretch["chances"], Chances)
            start_ns, end_ns = int(stretch["start_ns"]), int(stretch["end_ns"])
        except (KeyError, TypeError, ValueError):
            raise BadInput(
                "its record does not say on which stretch of the market and at which venue it was rehearsed",
                where=f"session {session}", fix="Begin another one: tradewind rehearse",
            ) from None  # fmt: skip
        strategy = strategy_named(terms.strategy)
        stored, _ = load_markets(
            BacktestRequest(terms.strategy, terms.symbols, terms.timeframe, start_ns, end_ns), catalogue
        )
        markets = [replace(m, instrument=of) for m, of in zip(stored, terms.instruments, strict=True)]
        candles = sum(len(market.bars) for market in markets)
        progress.stage("running", candles)
        recorder = _recorder(session, strategy, terms, chances, store, clock_ns, new_id)
        found = await resume(recorder, strategy, code_hash(strategy), market_of(markets, terms.rules, progress), end_ns)
    return Rehearsed(found.recorded, terms, candles, (), found.inputs)


def _recorder(
    session: str, strategy: type[Strategy], terms: SessionTerms, chances: Chances, store: EventStore,
    clock_ns: Callable[[], int], new_id: Callable[[], str],
) -> Recorder:  # fmt: skip
    return Recorder(
        strategy, terms, ChanceVenue(session, terms.instruments, terms.rules, chances), store, session=session,
        tenant=TENANT, mode="backtest", clock_ns=clock_ns, new_id=new_id,
    )  # fmt: skip


def market_of(
    markets: Sequence[Market], rules: MarketRules, progress: Progress | None = None
) -> Iterator[tuple[int, Tick | FundingDue]]:
    """All that happens in the markets by its time; funding that falls due as a candle opens comes before its ticks."""
    due = [] if not rules.funding else [funding_of(market) for market in markets]
    ticks = ticks_of_all([market.bars for market in markets], progress)
    return merge(*due, ticks, key=itemgetter(0)) if due else ticks


def funding_of(market: Market) -> Iterator[tuple[int, FundingDue]]:
    """A market's payments, each at its mark price; where none is known at its candle's open, as a backtest does."""
    found, bars = symbol_data(market), market.bars
    if found.funding_time is None or found.funding_rate is None:
        return
    prices = found.funding_price
    rows = np.searchsorted(bars.time + bars.step_ns, found.funding_time, side="right")
    for i, row in enumerate(rows):
        known = np.nan if prices is None else float(prices[i])
        price = float(bars.open[row]) if np.isnan(known) else known
        yield int(found.funding_time[i]), FundingDue(symbol=bars.symbol, rate=float(found.funding_rate[i]), price=price)


def ticks_of_all(markets: Sequence[Bars], progress: Progress | None = None) -> Iterator[tuple[int, Tick]]:
    """The ticks of several symbols by their times; of one moment in the order of the symbols."""
    if len(markets) == 1:
        return ticks_of(markets[0], progress)
    return merge(*(ticks_of(bars, progress) for bars in markets), key=itemgetter(0))


def ticks_of(bars: Bars, progress: Progress | None = None) -> Iterator[tuple[int, Tick]]:
    """Candles as ticks that make the same candles again: open, then the extreme nearer to it, the other one, close."""
    quarter = bars.step_ns // len(SHARES)
    columns = (bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume)
    for row, (time, first, high, low, last, volume) in enumerate(
        zip(*(column.tolist() for column in columns), strict=True)
    ):
        if progress is not None and row % TOLD_EVERY == 0 and row:
            progress.advance(TOLD_EVERY)
        path = (first, low, high, last) if first - low < high - first else (first, high, low, last)
        for i, price in enumerate(path):
            yield time + i * quarter, Tick(symbol=bars.symbol, price=price, size=volume * SHARES[i])
