"""What load is put on, and how: ticks through the bus, onto disk and into candles, at a rate that does not wait.

Ticks are due at even distances whether or not the one before was taken (an open loop): a system that falls behind shows
as latency, which is counted from when a tick was due, not from when there was time for it.
"""

from __future__ import annotations

import asyncio
import os
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from tradewind.adapters.bus.memory_bus import MemoryBus
from tradewind.adapters.event_store.measured_events import MeasuredEventStore
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.events.envelope import Event
from tradewind.messaging.handled import Remembered
from tradewind.messaging.handlers import event_handler
from tradewind.messaging.producer import EventProducer, Origin
from tradewind.ports.event_store import EventQuery
from tradewind.trading.candles import CandleMaker

TOKENS = tuple(f"COIN{number}/USDT" for number in range(50))
AT_ONCE_MAX = 1_000
"""Ticks that are due together go out together, up to so many."""
TURN_S = 0.001
"""The shortest wait: ticks that are closer than that go out together."""
GROUP = "candles"


class TimedCandles(CandleMaker):
    """The candle builder, which also says how late each tick was when it had done with it, in seconds."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.late = array("d")

    @event_handler("price.tick")
    async def take(self, event: Event[Any]) -> None:
        await super().take(event)
        self.late.append((time.time_ns() - event.time_event) / 1e9)


@dataclass(frozen=True)
class Step:
    """What one rate came to. Latencies in seconds; `lag` is what was waiting when the last tick had been published."""

    rate_asked: float
    rate_published: float
    rate_handled: float
    published_late: dict[str, float | None]
    handled_late: dict[str, float | None]
    lag: int
    processor_us: float
    """Of a processor, for each event, all threads."""


@dataclass
class Stand:
    """The system in one process, over a store in a file. `async with Stand(path) as stand`."""

    path: Path
    remembered_max: int | None = None
    """How many handled ids are remembered; None for as many as usual."""
    metrics: CountedMetrics = field(default_factory=CountedMetrics)
    acknowledged: int = 0
    sent: int = 0

    async def __aenter__(self) -> Stand:
        self.store = MeasuredEventStore(SqliteEventStore(self.path), self.metrics)
        self.bus = MemoryBus(self.store)
        self.producer = EventProducer(self.bus, Origin("load", "load", "paper"), self.metrics)
        self.candles = TimedCandles(self.bus, self.producer, self.metrics, self.store, member="one", group=GROUP)
        if self.remembered_max is not None:
            self.candles._remembered = Remembered(self.remembered_max)
        self._running = asyncio.create_task(self.candles.run())
        await self.candles.subscribed.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.candles.stop()
        await self._running
        await self.bus.close()
        await self.store.close()

    @property
    def lag(self) -> int:
        """Ticks that were acknowledged and have not been handled."""
        return self.acknowledged - int(self.metrics.total("messages_consumed"))

    async def drive(self, rate: float, seconds: float) -> Step:
        """Publish ticks at a rate for a time, and wait until all are handled. Raises what publishing raises."""
        published_late = array("d")
        self.candles.late = array("d")
        total, begun, worked = max(1, int(rate * seconds)), time.time_ns(), time.process_time()
        sent = 0
        while sent < total:
            due = min(total, int((time.time_ns() - begun) / 1e9 * rate) + 1, sent + AT_ONCE_MAX)
            if due <= sent:
                await asyncio.sleep(max(TURN_S, (begun + sent / rate * 1e9 - time.time_ns()) / 1e9))
                continue
            moments = [begun + int(number / rate * 1e9) for number in range(sent, due)]
            await self.publish(moments)
            done = time.time_ns()
            published_late.extend((done - moment) / 1e9 for moment in moments)
            sent = due
        lag, publishing_s = self.lag, (time.time_ns() - begun) / 1e9
        await self.caught_up()
        took_s = (time.time_ns() - begun) / 1e9
        return Step(
            rate, total / publishing_s, total / took_s, percentiles(published_late), percentiles(self.candles.late),
            lag, (time.process_time() - worked) / total * 1e6,
        )  # fmt: skip

    async def publish(self, moments: Sequence[int]) -> None:
        """Ticks that were due at these moments, together; they are counted once they are acknowledged."""
        events = []
        for moment in moments:
            symbol = TOKENS[self.sent % len(TOKENS)]
            data = {"symbol": symbol, "price": 100.0 + self.sent % 997 / 100, "size": 1.0}
            events.append(self.producer.event("price.tick", data, time_event=moment))
            self.sent += 1
        await self.producer.send_batch(events)
        self.acknowledged += len(events)

    async def caught_up(self) -> None:
        """Return when all that was acknowledged has been handled."""
        await until(lambda: self.lag <= 0)

    async def lost(self) -> int:
        """Acknowledged ticks that the store does not have; there should be none."""
        return self.acknowledged - await self.store.count(EventQuery(types=("price.tick",)))


async def until(true: Callable[[], bool], turn_s: float = 0.005) -> None:
    """Wait until something is so; the caller's patience is the bound."""
    while not true():
        await asyncio.sleep(turn_s)


def own_memory_bytes() -> int:
    """Memory of this process that it shares with no file: what a leak would fill. Linux only."""
    _, resident, shared, *_ = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def percentiles(late: Sequence[float]) -> dict[str, float | None]:
    """The latency that so many of all stayed below. None where there are too few for it to mean anything."""
    ordered = sorted(late)
    shares = {"p50": (0.5, 1), "p99": (0.99, 100), "p999": (0.999, 1_000), "max": (1.0, 1)}
    return {
        name: ordered[min(len(ordered) - 1, int(share * len(ordered)))] if len(ordered) >= least else None
        for name, (share, least) in shares.items()
    }
