"""Candles from the ticks on the bus; after a restart it goes on as if there had been none.

What a candle is made of, and what is late, `core.domain.candle_building` says. Here ticks are fetched, candles are
published, and what was open when the process ended is made again from the stored ticks.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from tradewind.core.domain.candle_building import CandleBuilder, CandleRules
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.core.domain.events.partitioning import partition_of
from tradewind.core.domain.events.payloads import Candle
from tradewind.core.domain.tick_checks import FUTURE_NS
from tradewind.core.domain.timeframes import SECOND_NS, bucket_start_ns
from tradewind.messaging.consumer import EventConsumer
from tradewind.messaging.handlers import event_handler
from tradewind.messaging.producer import EventProducer
from tradewind.ports.bus import Bus, Place
from tradewind.ports.event_store import EventStore
from tradewind.ports.metrics import Metrics
from tradewind.trading.closed_candles import closings_of, end_of
from tradewind.trading.derived_events import Outbox, Stream, stream_of
from tradewind.trading.earlier_ticks import NOWHERE, EarlierTicks, position_of
from tradewind.trading.most_recent import STREAMS_MAX, MostRecent
from tradewind.trading.open_candles import OpenCandles

log = logging.getLogger(__name__)
TICKS = EVENT_TYPES["price.tick"].topic
STORE_WAITS_S = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8)
"""How long, one after the other, the store is waited for where the bus was quicker."""
FOLDED_MAX = 100_000
"""Ids of ticks that are still to come; of those beyond it each counts as late when it comes, and changes nothing."""
PENDING_MAX = 5_000
"""Candles that are published together while a stream is made again."""
PATIENCE_NS = 10 * SECOND_NS
"""How long a market must be silent before the clock closes its candles: much longer than ticks are under way."""


_Pending: TypeAlias = dict[tuple[str, int], tuple[Candle, Event[Any]]]
"""Candles that are made again and may have to be published, by timeframe and time, with the tick that closed each."""


class CandleMaker(EventConsumer):
    """Publishes `candle.closed` for each stream of ticks. Call `advance` (`passing_time`) for silent ones.

    What a session recorded for itself is no stream: nothing is made of it.
    """

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
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        **given: Any,
    ) -> None:
        super().__init__(bus, producer, metrics, group=group, member=member, sleep=sleep, **given)
        self.producer, self.metrics, self.store = producer, metrics, store
        self.rules, self.patience_ns = rules or CandleRules(), patience_ns
        self._making: MostRecent[Stream, OpenCandles] = MostRecent(streams_max)
        self._losses, self._crowded = 0, False

    @event_handler("price.tick")
    async def take(self, event: Event[Any]) -> None:
        """One tick, and the candles that it closes."""
        if event.session is not None:
            return
        stream = stream_of(event)
        making = self._making.get(stream)
        if making is None:
            losses = self._losses
            making = await self._restored(stream, event)
            if losses == self._losses and self._making.put(stream, making) is not None and not self._crowded:
                self._crowded = True
                log.warning("more than %d streams of ticks: each that made room is made again", self._making.most)
        async with making.one_at_a_time:
            if event.event_id in making.folded:
                making.folded.discard(event.event_id)
            elif making.outbox.last_id != event.event_id:
                self._feed(making, event)
                making.outbox.last_id = event.event_id
            await self._publish(making, event)

    async def advance(self, now_ns: int) -> None:
        """Close what has ended by now (ns UTC), where no ticks come that would. Raises Unavailable; ask again then.

        A market is silent when nothing came for `patience_ns` and the store holds nothing of it that is still to come:
        ticks that wait behind a slow consumer must not find their candles closed. The clock says nothing of a market of
        the past: that goes on with its next tick.
        """
        for stream, making in self._making.items():
            if stream.mode != "backtest":
                async with making.one_at_a_time:
                    await self._advance(stream, making, now_ns)
                    await self._publish(making, None)

    def lost(self, places: frozenset[Place]) -> None:
        """Streams that are another member's now are made again from the store, should they come back."""
        self._losses += 1
        self._making.drop(lambda stream: (TICKS.name, partition_of(stream.token, TICKS.partitions)) in places)

    async def _advance(self, stream: Stream, making: OpenCandles, now_ns: int) -> None:
        silent_since_ns, wait_ns = now_ns - self.patience_ns, self.rules.wait_ns
        if making.builder.due_ns + wait_ns > silent_since_ns or making.heard_ns > silent_since_ns:
            return
        # What happened before it is final would be late: it need not be waited for, and is not remembered either.
        start_ns = max(making.latest_ns - wait_ns, making.builder.final_ns)
        stored = EarlierTicks(self.store, stream, NOWHERE)
        waits = await stored.others(making.recent_ids, start_ns, now_ns + FUTURE_NS + 1)
        # Meanwhile the stream may have become another member's, who closes what there is to close.
        if not waits and self._making.keeps(stream, making):
            # To its end and no further, for that is all that the candle in the store will say after a restart.
            while (until_ns := making.builder.due_ns + wait_ns) <= silent_since_ns:
                making.builder.advance(until_ns)

    async def _publish(self, making: OpenCandles, cause: Event[Any] | None) -> None:
        """Publish what has closed: by a tick, or, without one, by the clock.

        The clock's are in the store before another tick is taken: what a tick closes the ticks say again, but when the
        clock did, only these candles know.
        """
        for candle in making.builder.closed():
            making.send(candle, cause)
            self.metrics.counter("candles_closed", timeframe=candle.timeframe)(1)
        await making.outbox.publish()

    async def _stored_at(self, event: Event[Any]) -> int:
        """Where an event stands in the store. Beside a bus of its own the store may lie behind: it is waited for.

        Everything of the event's token that came before it is stored before it.
        """
        for wait_s in (*STORE_WAITS_S, None):
            position = await position_of(self.store, event)
            if position != NOWHERE:
                return position
            if wait_s is not None:
                await self._sleep(wait_s)
        log.warning("%s is on the bus and not in the store: candles begin with what is there", event.event_id)
        return NOWHERE

    def _feed(self, making: OpenCandles, event: Event[Any]) -> None:
        self.metrics.counter("ticks_for_candles", verdict=making.take(event))(1)

    async def _restored(self, stream: Stream, event: Event[Any]) -> OpenCandles:
        """All that the store holds of a stream, folded: also what is stored after this event and still to come.

        So it does not matter which event is the first to come after a restart, be it an old one that comes again.
        """
        making = OpenCandles(CandleBuilder(stream.token, self.rules), Outbox(stream, self.producer, self.store))
        position = await self._stored_at(event)
        last_ns = await EarlierTicks(self.store, stream, position).last_ns(max(event.time_event, event.time_recorded))
        begin_ns = (event.time_event if last_ns is None else last_ns) - self.rules.wait_ns
        start_ns = min(bucket_start_ns(begin_ns, length) for length in self.rules.lengths_ns)
        stored_ticks = EarlierTicks(self.store, stream, NOWHERE)
        making.closings, read_ns = closings_of([one async for one in stored_ticks.candles(start_ns)], start_ns)
        pending: _Pending = {}
        async for stored in stored_ticks.read(read_ns - self.rules.wait_ns):
            one = stored.event
            if stored.position < position:
                making.take(one)
            else:
                self._feed(making, one)
                if len(making.folded) < FOLDED_MAX:
                    making.folded.add(one.event_id)
            for candle in making.builder.closed():
                # One that began before is not whole, and was published in its time.
                if candle.time >= start_ns:
                    pending[candle.timeframe, candle.time] = candle, one
            if len(pending) >= PENDING_MAX:
                await self._publish_all(making, pending)
        await self._publish_all(making, pending)
        return making

    async def _publish_all(self, making: OpenCandles, pending: _Pending) -> None:
        """Publish candles that the store does not have; one that is on its way there is stored once all the same."""
        if not pending:
            return
        stored = EarlierTicks(self.store, making.outbox.stream, NOWHERE)
        first_ns, last_ns = (pick(end_of(candle) for candle, _ in pending.values()) for pick in (min, max))
        async for event in stored.candles(first_ns, last_ns + 1):
            pending.pop((event.data.timeframe, event.data.time), None)
        for candle, cause in pending.values():
            making.send(candle, cause)
            self.metrics.counter("candles_closed", timeframe=candle.timeframe)(1)
        pending.clear()
        await making.outbox.publish()
