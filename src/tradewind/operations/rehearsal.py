"""Rehearse a strategy: a recorded session on stored candles, at a venue that answers by chance."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from operator import itemgetter

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.payloads import Tick
from tradewind.core.domain.market_data import Bars
from tradewind.operations.backtest_data import completed, instrument_from, load_markets
from tradewind.operations.backtest_request import BacktestRequest
from tradewind.operations.progress import Progress, Silence
from tradewind.operations.run_names import run_name
from tradewind.operations.sessions import TENANT
from tradewind.operations.strategies import strategy_named
from tradewind.ports.event_store import EventStore
from tradewind.ports.market_data import MarketData
from tradewind.research.code_hash import code_hash
from tradewind.trading.sessions.chance_venue import Chances, ChanceVenue
from tradewind.trading.sessions.recording import NameTaken, Recorded, Recorder
from tradewind.trading.sessions.terms import SessionTerms

SHARES = (0.125, 0.125, 0.25, 0.5)
"""Of a candle's volume at each of its ticks: halves of halves, whose sum has no rounding."""
TOLD_EVERY = 1_000
NAMES_TRIED_MAX = 100
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


@dataclass(frozen=True)
class Rehearsed:
    """A rehearsal that is over, and what was assumed for it."""

    recorded: Recorded
    terms: SessionTerms
    candles: int
    said: tuple[str, ...]


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
    terms = SessionTerms(
        strategy=request.strategy,
        instruments=tuple(instrument_from(symbol, request.instrument) for symbol in request.symbols),
        timeframe=request.timeframe,
        code_hash=code_hash(strategy),
        parameters={name: getattr(made, name) for name in strategy.parameters},
        rules=request.rules,
        synthetic=any(info.synthetic for info in infos),
    )
    if name and not NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} is no name of a session", where="--name", fix="Use up to 60 letters, digits, dots, - and _"
        )
    candles = sum(len(market.bars) for market in markets)
    until_ns = max(int(market.bars.time[-1]) + market.bars.step_ns for market in markets if len(market.bars))
    progress.stage("running", candles)
    for number in range(1, NAMES_TRIED_MAX + 1):
        own = name or run_name(now_ns, request.strategy) + (f".{number}" if number > 1 else "")
        venue = ChanceVenue(own, terms.instruments, terms.rules, chances)
        recorder = Recorder(
            strategy, terms, venue, store, session=own, tenant=TENANT, mode="backtest", clock_ns=clock_ns,
            new_id=new_id,
        )  # fmt: skip
        try:
            recorded = await recorder.run(ticks_of_all([market.bars for market in markets], progress), until_ns)
        except NameTaken:
            if name or number == NAMES_TRIED_MAX:
                raise
        else:
            break
    return Rehearsed(recorded, terms, candles, said)


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
