"""Everything on the bus into the event store, where the bus is not durable through that store itself.

Whole batches are stored in the order in which they came, so that of one token no event is stored before an earlier one;
only then they are committed. One that comes again is stored once, by its id.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from tradewind.core.domain.errors import Refused, Unavailable
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.topics import TOPICS
from tradewind.messaging.burial import Burial
from tradewind.messaging.producer import EventProducer
from tradewind.messaging.retries import RETRIES_S
from tradewind.ports.bus import Bus, Delivery, Place, Subscription
from tradewind.ports.event_store import EventStore
from tradewind.ports.metrics import Metrics

log = logging.getLogger(__name__)
GROUP = "recorder"
AT_ONCE_MAX = 5_000
"""Events that are stored together."""
WAIT_S = 0.2


class EventRecorder:
    """A member of the group that stores what is published. Members share the partitions."""

    def __init__(
        self,
        bus: Bus,
        producer: EventProducer,
        metrics: Metrics,
        store: EventStore,
        *,
        member: str,
        group: str = GROUP,
        retries_s: Sequence[float] = RETRIES_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.bus, self.store, self.group, self.member = bus, store, group, member
        self.topics = sorted(name for topic in TOPICS.values() for name in (topic.name, topic.dead_letters))
        self.subscribed = asyncio.Event()
        self.caught_up = False
        """Whether at the last look nothing had come that was not stored and committed."""
        self.retries_s, self._sleep = tuple(retries_s), sleep
        self._burial = Burial(producer, metrics, group)
        self._stopping = asyncio.Event()
        self._consumed = {t: metrics.counter("messages_consumed", group=group, topic=t) for t in self.topics}
        self._lag = {t: metrics.gauge("consumer_lag", group=group, topic=t) for t in self.topics}

    async def run(self) -> None:
        """Receive and store until `stop`. Raises Unavailable where the store does not answer for long."""
        subscription = await self.bus.subscribe(self.group, self.topics, self.member)
        self.subscribed.set()
        try:
            while not self._stopping.is_set():
                try:
                    deliveries = await subscription.receive(AT_ONCE_MAX, WAIT_S)
                except Unavailable as problem:
                    log.warning("%s: nothing can be received: %s", self.group, problem)
                    await self._sleep(self.retries_s[0])
                    continue
                if deliveries:
                    self.caught_up = False
                    await self._store(deliveries)
                await self._commit(subscription, deliveries)
        finally:
            await subscription.close()

    def stop(self) -> None:
        """Take nothing more in; `run` returns when what was taken in is stored and committed."""
        self._stopping.set()

    async def _store(self, deliveries: Sequence[Delivery]) -> None:
        for wait_s in (*self.retries_s, None):
            try:
                await self.store.append([d.event for d in deliveries if d.event is not None])
                break
            except Refused:
                # One that the store does not take must not keep the others out.
                for delivery in deliveries:
                    await self._store_one(delivery)
                break
            except Unavailable as problem:
                if wait_s is None:
                    raise
                log.warning("%s: not stored yet: %s", self.group, problem)
                await self._sleep(wait_s)
        for delivery in deliveries:
            if delivery.event is None:
                await self._burial.bury(delivery, delivery.problem, 1)
            self._consumed[delivery.topic](1.0)

    async def _store_one(self, delivery: Delivery) -> None:
        event: Event[Any] | None = delivery.event
        if event is None:
            return
        try:
            await self.store.append([event])
        except Refused as problem:
            await self._burial.bury(delivery, str(problem), 1)

    async def _commit(self, subscription: Subscription, deliveries: Sequence[Delivery]) -> None:
        done: dict[Place, int] = {}
        for delivery in deliveries:
            done[delivery.place] = max(done.get(delivery.place, 0), delivery.offset + 1)
        mine = subscription.assigned()
        waiting = dict.fromkeys(self.topics, 0)
        try:
            if done := {place: offset for place, offset in done.items() if place in mine}:
                await subscription.commit(done)
            for (topic, _), number in (await subscription.lag()).items():
                waiting[topic] += number
        except Unavailable as problem:
            # What is not committed comes again, and is stored already.
            log.warning("%s: not committed: %s", self.group, problem)
            return
        self.caught_up = not any(waiting.values())
        for topic, number in waiting.items():
            self._lag[topic](number)
