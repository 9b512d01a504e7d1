"""Recorded market data onto the bus, as it came: to see services at work, or to try them on the past.

An event's id follows from what it says and where it is from. So what is published twice is there once, and a stretch
that was cut off is published again from its start. The mode is `backtest`: nobody takes it for the market of today.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID, uuid5

from tradewind.core.domain.book_sequence import EventKind
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.core.domain.events.payloads import Quote, Tick
from tradewind.core.domain.market_data import Kind
from tradewind.core.domain.recording import Recording
from tradewind.core.domain.timeframes import SECOND_NS
from tradewind.operations.data import chosen
from tradewind.operations.progress import Progress, Silence
from tradewind.operations.rehearsal import ticks_of
from tradewind.operations.tenant import TENANT
from tradewind.ports.bus import Bus
from tradewind.ports.market_data import MarketData
from tradewind.trading.feed_days import SYNTHETIC

NAMESPACE = UUID("0c0f6d0e-8a55-5a0b-9d5c-3f2b7b1e6a14")
BATCH = 2_000
AT_LEAST_S = 0.02
"""Slower feeds are published in steps of this, so that a thousand ticks a second are no thousand calls."""


@dataclass(frozen=True)
class Feed:
    """Events of one symbol in the order in which they came. `source` names where they are from in every event."""

    symbol: str
    source: str
    synthetic: bool
    events: Iterator[Event[Any]]
    total: int


@dataclass(frozen=True)
class PublishedFeed:
    """What was published, from the first event's time to the last one's (ns UTC)."""

    events: int
    first_ns: int
    last_ns: int


def candle_feed(
    catalogue: MarketData, symbol: str, timeframe: str | None, start_ns: int | None = None, end_ns: int | None = None
) -> Feed:
    """Stored candles as ticks: each walked from its open over its extremes to its close. Raises BadInput."""
    sets = [info for info in chosen(catalogue, symbol, timeframe) if info.key.kind is Kind.CANDLES]
    if len(sets) != 1:
        there = ", ".join(info.key.timeframe for info in sets)
        raise BadInput(
            f"candles of several timeframes are stored: {there}" if sets else "no candles of it are stored",
            where=symbol,
            fix="Name one: --timeframe",
        )
    (info,) = sets
    bars = catalogue.bars(symbol, info.key.timeframe, start_ns, end_ns)
    if not len(bars):
        raise BadInput("no candle is stored in this stretch", where=str(info.key), fix="Widen --start and --end")
    source = f"{SYNTHETIC if info.synthetic else 'history'} {info.key.timeframe}"
    events = (_event(source, when, when, tick, "") for when, tick in ticks_of(bars))
    return Feed(symbol, source, info.synthetic, events, 4 * len(bars))


def recorded_feed(recording: Recording, name: str) -> Feed:
    """The trades and quotes of a recorded order book, each with the time at which it was received."""
    synthetic = recording.synthetic_seed is not None
    source = f"{SYNTHETIC if synthetic else 'recording'} {name}"
    kinds = (EventKind.TRADE, EventKind.QUOTE)
    total = sum(len(recording.of(kind)) for kind in kinds)
    if not total:
        raise BadInput("it holds no trades and no quotes", where=name, fix="Name a recording that holds some")
    return Feed(recording.symbol, source, synthetic, _recorded(recording, source), total)


def _recorded(recording: Recording, source: str) -> Iterator[Event[Any]]:
    seen = Counter[tuple[int, int, int]]()
    columns = (recording.kind, recording.time, recording.local, recording.last, recording.begin)
    for kind, happened, received, number, row in zip(*(column.tolist() for column in columns), strict=True):
        if kind == EventKind.TRADE:
            data: Tick | Quote = Tick(
                symbol=recording.symbol,
                price=float(recording.price[row]),
                size=float(recording.size[row]),
                aggressor="buy" if recording.side[row] > 0 else "sell",
                trade_id=str(number),
            )
        elif kind == EventKind.QUOTE:
            bid, ask = (row, row + 1) if recording.side[row] > 0 else (row + 1, row)
            data = Quote(
                symbol=recording.symbol,
                bid=float(recording.price[bid]),
                bid_size=float(recording.size[bid]),
                ask=float(recording.price[ask]),
                ask_size=float(recording.size[ask]),
            )
        else:
            continue
        # What a venue sent twice is two events, each the same one however often the file is published.
        times = seen[kind, happened, number] = seen[kind, happened, number] + 1
        yield _event(source, happened, received, data, f"{number} {times}")


def _event(source: str, happened: int, received: int, data: Tick | Quote, more: str) -> Event[Any]:
    name = "price.tick" if isinstance(data, Tick) else "price.quote"
    event_id = str(uuid5(NAMESPACE, repr((source, data.symbol, name, happened, more))))
    return Event(
        event_id=event_id,
        type=name,
        version=EVENT_TYPES[name].version,
        time_event=happened,
        time_recorded=received,
        tenant=TENANT,
        token=data.symbol,
        source=source,
        correlation_id=event_id,
        mode="backtest",
        data=data,
    )


async def publish_feed(
    feed: Feed,
    bus: Bus,
    *,
    speed: float | None = None,
    progress: Progress | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> PublishedFeed:
    """Publish a feed, `speed` times as fast as it came or, with None, as fast as it goes. Raises Unavailable."""
    progress = progress or Silence()
    progress.stage("publishing", feed.total)
    number, first_ns, last_ns, began = 0, 0, 0, clock()
    while batch := list(islice(feed.events, 1 if speed and not number else BATCH)):
        first_ns = first_ns or batch[0].time_recorded
        at = 0
        while at < len(batch):
            until = len(batch)
            if speed is not None:
                due_ns = first_ns + int((clock() - began) * speed * SECOND_NS)
                until = next((i for i in range(at, len(batch)) if batch[i].time_recorded > due_ns), len(batch))
                if until == at:
                    ahead_s = (batch[at].time_recorded - due_ns) / SECOND_NS / speed
                    await sleep(max(AT_LEAST_S, ahead_s))
                    continue
            await bus.publish(batch[at:until])
            progress.advance(until - at)
            at = until
        number, last_ns = number + len(batch), batch[-1].time_recorded
    return PublishedFeed(number, first_ns, last_ns)
