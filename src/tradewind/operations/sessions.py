"""Sessions: rehearse one on stored candles, play one again, list them, and say where an order came from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.payloads import Tick
from tradewind.core.domain.market_data import Bars
from tradewind.operations.backtest_data import completed, instrument_from, load_markets
from tradewind.operations.backtest_request import BacktestRequest
from tradewind.operations.progress import Progress, Silence
from tradewind.operations.run_names import run_name
from tradewind.operations.strategies import strategy_named
from tradewind.ports.event_store import EventQuery, EventStore
from tradewind.ports.market_data import MarketData
from tradewind.research.code_hash import code_hash
from tradewind.trading.sessions.chance_venue import Chances, ChanceVenue
from tradewind.trading.sessions.lineage import Lineage, lineage
from tradewind.trading.sessions.recording import Recorded, Recorder
from tradewind.trading.sessions.replaying import Replayed, replay
from tradewind.trading.sessions.terms import SessionTerms

TENANT = "home"
SHARES = (0.125, 0.125, 0.25, 0.5)
"""Of a candle's volume at each of its ticks: halves of halves, whose sum has no rounding."""
TOLD_EVERY = 1_000
SESSIONS_SHOWN_MAX = 1_000
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


@dataclass(frozen=True)
class Rehearsed:
    """A rehearsal that is over, and what was assumed for it."""

    recorded: Recorded
    terms: SessionTerms
    candles: int
    said: tuple[str, ...]


@dataclass(frozen=True)
class KnownSession:
    """A session in the store. `ended_ns` and its hash are None where it was cut off, or is still at work."""

    session: str
    strategy: str
    symbol: str
    timeframe: str
    mode: str
    begun_ns: int
    ended_ns: int | None = None
    decision_hash: str | None = None


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
    if strategy.symbols != 1:
        raise BadInput(f"a session trades one symbol, and it trades {strategy.symbols}", where=request.strategy)
    request, said = completed(request, 1, catalogue)
    markets, infos = load_markets(request, catalogue)
    made = strategy(**request.parameters)
    terms = SessionTerms(
        strategy=request.strategy,
        instrument=instrument_from(request.symbols[0], request.instrument),
        timeframe=request.timeframe,
        code_hash=code_hash(strategy),
        parameters={name: getattr(made, name) for name in strategy.parameters},
        rules=request.rules,
        synthetic=any(info.synthetic for info in infos),
    )
    name = await _checked(store, name) if name else await _free_name(store, run_name(now_ns, request.strategy))
    recorder = Recorder(
        strategy, terms, ChanceVenue(name, terms.instrument, chances), store, session=name, tenant=TENANT,
        mode="backtest", clock_ns=clock_ns, new_id=new_id,
    )  # fmt: skip
    progress.stage("running", len(markets[0].bars))
    recorded = await recorder.run(ticks_of(markets[0].bars, progress))
    return Rehearsed(recorded, terms, len(markets[0].bars), said)


async def replay_session(store: EventStore, session: str) -> Replayed:
    """Play a recorded session again with the strategy's code of today. Raises BadInput where there is none."""

    def made_of(terms: SessionTerms) -> tuple[type, str]:
        strategy = strategy_named(terms.strategy)
        return strategy, code_hash(strategy)

    return await replay(store, session, made_of)


async def sessions(store: EventStore) -> list[KnownSession]:
    """The last thousand sessions in the store, the newest last."""
    found: dict[str, KnownSession] = {}
    async for batch in store.read(EventQuery(types=("session.changed",))):
        for stored in batch:
            event, change = stored.event, stored.event.data
            name = event.session or change.service
            if change.state == "begun":
                instrument = change.terms.get("instrument", {})
                found[name] = KnownSession(
                    name, change.strategy, instrument.get("symbol", ""), change.terms.get("timeframe", ""), event.mode,
                    event.time_event,
                )  # fmt: skip
            elif name in found:
                was = found[name]
                found[name] = KnownSession(
                    was.session, was.strategy, was.symbol, was.timeframe, was.mode, was.begun_ns, event.time_event,
                    change.decision_hash,
                )  # fmt: skip
    return list(found.values())[-SESSIONS_SHOWN_MAX:]


async def lineage_of(store: EventStore, order: str) -> Lineage:
    """Where an order came from. Raises BadInput where there is none of this name."""
    return await lineage(store, order)


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


async def _checked(store: EventStore, name: str) -> str:
    if not NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} is no name of a session", where="--name", fix="Use up to 60 letters, digits, dots, - and _"
        )
    if await store.count(EventQuery(session=name)):
        raise BadInput(f"there is a session {name!r} already", where="--name", fix="Choose another name")
    return name


async def _free_name(store: EventStore, name: str) -> str:
    number, free = 1, name
    while await store.count(EventQuery(session=free)):
        number += 1
        free = f"{name}.{number}"
    return free
