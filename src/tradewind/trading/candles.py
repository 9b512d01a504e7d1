"""Candles from the ticks on the bus; after a restart it goes on as if there had been none.

What a candle is made of, and what is late, `core.domain.candle_building` says. Here ticks are fetched, candles are
published, and what was open when the process ended is made again from the stored ticks.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from tradewind.core.domain.candle_building import BEFORE_ALL_NS, CandleBuilder, CandleRules
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.payloads import Candle
from tradewind.core.domain.tick_checks import FUTURE_NS
from tradewind.core.domain.timeframes import SECOND_NS, bucket_start_ns, timeframe_ns
from tradewind.messaging.consumer import EventConsumer
from tradewind.messaging.handlers import event_handler
from tradewind.messaging.producer import EventProducer
from tradewind.ports.bus import Bus
from tradewind.ports.event_store import EventStore
from tradewind.ports.metrics import Metrics
from tradewind.trading.derived_events import Outbox, Stream, stream_of
from tradewind.trading.earlier_ticks import NOWHERE, EarlierTicks, is_ahead, position_of
from tradewind.trading.most_recent import STREAMS_MAX, MostRecent

PATIENCE_NS = 10 * SECOND_NS
"""How long a market must be silent before the clock closes its candles: much longer than ticks are under way."""


@dataclass
class _Making:
    builder: CandleBuilder
    outbox: Outbox
    latest_ns: int = BEFORE_ALL_NS
    heard_ns: int = BEFORE_ALL_NS
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)


class CandleMaker(EventConsumer):
    """Publishes `candle.closed` for each stream of ticks. Call `advance` (`passing_time`) for silent ones."""

    def __init__(
        self,
        bus: Bus,
        producer: EventProducer,
        metrics: Metrics,
        store: EventStore,
        *,
        member: str,
        group: str = "candles",
        rules: CandleRules | None = None,
        patience_ns: int = PATIENCE_NS,
        streams_max: int = STREAMS_MAX,
        **given: Any,
    ) -> None:
        super().__init__(bus, producer, metrics, group=group, member=member, **given)
        self.producer, self.metrics, self.store = producer, metrics, store
        self.rules, self.patience_ns = rules or CandleRules(), patience_ns
        self._making: MostRecent[Stream, _Making] = MostRecent(streams_max)

    @event_handler("price.tick")
    async def take(self, event: Event[Any]) -> None:
        """One tick, and the candles that it closes."""
        stream = stream_of(event)
        making = self._making.get(stream)
        if making is None:
            making = await self._restored(stream, event)
            self._making.put(stream, making)
        async with making.one_at_a_time:
            if making.outbox.last_id != event.event_id:
                verdict = _fed(making, event)
                making.outbox.last_id = event.event_id
                self.metrics.counter("ticks_for_candles", verdict=verdict)(1)
            await self._publish(making, event)

    async def advance(self, now_ns: int) -> None:
        """Close what has ended by now (ns UTC), where no ticks come that would. Raises Unavailable; ask again then.

        A market is silent when nothing came for `patience_ns` and the store holds nothing of it that is still to come:
        ticks that wait behind a slow consumer must not find their candles closed.
        """
        for stream, making in self._making.items():
            async with making.one_at_a_time:
                await self._advance(stream, making, now_ns)
                await self._publish(making, None)

    async def _advance(self, stream: Stream, making: _Making, now_ns: int) -> None:
        silent_since_ns = now_ns - self.patience_ns
        if making.builder.due_ns + self.rules.wait_ns > silent_since_ns or making.heard_ns > silent_since_ns:
            return
        stored = EarlierTicks(self.store, stream, NOWHERE)
        if not await stored.any_between(making.latest_ns + 1, now_ns + FUTURE_NS + 1):
            making.builder.advance(silent_since_ns)

    async def _publish(self, making: _Making, cause: Event[Any] | None) -> None:
        for candle in making.builder.closed():
            _send(making.outbox, candle, cause)
            self.metrics.counter("candles_closed", timeframe=candle.timeframe)(1)
        await making.outbox.publish()

    async def _restored(self, stream: Stream, event: Event[Any]) -> _Making:
        """The candles as they stood before this event, made from what the store holds."""
        making = _Making(CandleBuilder(stream.token, self.rules), Outbox(stream, self.producer))
        earlier = EarlierTicks(self.store, stream, await position_of(self.store, event))
        last_ns = await earlier.last_ns(max(event.time_event, event.time_recorded))
        if last_ns is None:
            return making
        start_ns = min(bucket_start_ns(last_ns - self.rules.wait_ns, length) for length in self.rules.lengths_ns)
        published = set()
        async for one in earlier.read(start_ns):
            if isinstance(one.data, Candle):
                end_ns = one.data.time + timeframe_ns(one.data.timeframe)
                making.builder.advance(end_ns + self.rules.wait_ns)
                published.add((one.data.timeframe, one.data.time))
            else:
                _fed(making, one)
        for candle in making.builder.closed():
            # One that began before is not whole, and was published in its time.
            if candle.time >= start_ns and (candle.timeframe, candle.time) not in published:
                _send(making.outbox, candle, None)
        return making


def _fed(making: _Making, event: Event[Any]) -> str:
    """What became of a tick."""
    making.heard_ns = max(making.heard_ns, event.time_recorded)
    if is_ahead(event):
        return "ahead"
    making.latest_ns = max(making.latest_ns, event.time_event)
    tick = event.data
    return making.builder.take(event.time_event, tick.price, tick.size, tick.trade_id)


def _send(outbox: Outbox, candle: Candle, cause: Event[Any] | None) -> None:
    end_ns = candle.time + timeframe_ns(candle.timeframe)
    outbox.add("candle.closed", candle, end_ns, (candle.timeframe, candle.time), cause)
