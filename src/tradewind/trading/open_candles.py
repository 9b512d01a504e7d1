"""One stream's candles that are open, and what has to be remembered of its ticks."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tradewind.core.domain.candle_building import BEFORE_ALL_NS, CandleBuilder, Verdict
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.payloads import Candle
from tradewind.trading.closed_candles import end_of
from tradewind.trading.derived_events import Outbox
from tradewind.trading.earlier_ticks import is_ahead


@dataclass
class OpenCandles:
    """Of whom `take` is told every tick of the stream, in the order in which they come."""

    builder: CandleBuilder
    outbox: Outbox
    latest_ns: int = BEFORE_ALL_NS
    heard_ns: int = BEFORE_ALL_NS
    recent: deque[tuple[int, str]] = field(default_factory=deque)
    """When ticks happened, and their ids, as far as they are not final: one that comes again is known by its id."""
    recent_ids: set[str] = field(default_factory=set)
    folded: set[str] = field(default_factory=set)
    """Ids of ticks that were taken from the store and are still to come on the bus."""
    last: Event[Any] | None = None
    """The tick that was taken last: what the clock closes is closed after it."""
    closings: dict[str, int] = field(default_factory=dict)
    """After which ticks the clock closed candles, and up to when: of what the store knows and is not folded yet."""
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    def take(self, event: Event[Any]) -> str:
        """What became of a tick. One that is final is late when it comes again; one that is not is known by its id."""
        self.heard_ns = max(self.heard_ns, event.time_recorded)
        if is_ahead(event):
            return "ahead"
        if event.event_id in self.recent_ids:
            return "duplicate"
        self.latest_ns = max(self.latest_ns, event.time_event)
        tick = event.data
        verdict = self.builder.take(event.time_event, tick.price, tick.size, tick.trade_id)
        if verdict is Verdict.TAKEN:
            self.last = event
        if self.closings and (until_ns := self.closings.pop(event.event_id, None)) is not None:
            self.builder.advance(until_ns + self.builder.rules.wait_ns)
        self.recent.append((event.time_event, event.event_id))
        self.recent_ids.add(event.event_id)
        while self.recent and self.recent[0][0] < self.builder.final_ns:
            self.recent_ids.discard(self.recent.popleft()[1])
        return verdict

    def send(self, candle: Candle, cause: Event[Any] | None) -> None:
        """Put a closed candle into the outbox: by the tick that closed it or, without one, by the clock."""
        parts = candle.timeframe, candle.time
        self.outbox.add("candle.closed", candle, end_of(candle), parts, cause, after=self.last, keep=cause is None)
