"""Handle events: in order for each token, several tokens at once, committed only after they were handled.

    class Portfolio(EventConsumer):
        @event_handler("trade.executed")
        async def book(self, event): ...

A handler that fails is tried again after 1, 2, 4, 8 and 16 seconds, while events of other tokens go on; then the event
goes to its topic's dead letters, with the error, and the next one is handled.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from tradewind.core.domain.errors import BadInput, Refused, Unavailable
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.messaging.dead_letters import Burial
from tradewind.messaging.finished import Finished
from tradewind.messaging.handled import Handled, Remembered
from tradewind.messaging.handlers import Handler, handlers_of
from tradewind.messaging.lanes import Lanes
from tradewind.messaging.producer import EventProducer
from tradewind.messaging.retries import RETRIES_S
from tradewind.ports.bus import Bus, Delivery, Place, Subscription
from tradewind.ports.metrics import Metrics

log = logging.getLogger(__name__)
AT_ONCE_MAX = 128
"""Lanes that are worked on at once."""
IN_HAND_MAX = 4_096
"""Events that may be in hand at once."""
WAIT_S = 0.2
"""How long to wait for events before looking at what else there is to do."""
BURIAL_S = 5.0
"""Between two attempts to put an event aside while the bus does not answer."""
GRACE_S = 10.0
"""How long a stopping consumer waits for handlers that are at work."""


class EventConsumer:
    """Subclass it and mark methods with `event_handler`. Members of one group share its partitions.

    An event that comes twice is handled once: ids are remembered here, and in `handled` where that is given.
    """

    def __init__(
        self,
        bus: Bus,
        producer: EventProducer,
        metrics: Metrics,
        *,
        group: str,
        member: str,
        handled: Handled | None = None,
        at_once_max: int = AT_ONCE_MAX,
        in_hand_max: int = IN_HAND_MAX,
        retries_s: Sequence[float] = RETRIES_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.handlers = handlers_of(self)
        if not self.handlers:
            raise BadInput(
                "it handles no events", where=type(self).__name__, fix="Mark methods with @event_handler(...)"
            )
        self.topics = sorted({EVENT_TYPES[name].topic.name for name in self.handlers})
        self.bus, self.group, self.member = bus, group, member
        self.subscribed = asyncio.Event()
        """Set from when it is a member of its group: what is published then will come."""
        self.caught_up = False
        """Whether at the last look nothing had come that was not handled and committed."""
        self.at_once_max, self.in_hand_max = at_once_max, in_hand_max
        self.retries_s = tuple(retries_s)
        self.burial = Burial(producer, metrics, group)
        self._handled, self._remembered = handled, Remembered()
        self._sleep = sleep
        self._finished, self._lanes = Finished(), Lanes()
        self._workers: set[asyncio.Task[None]] = set()
        self._moved, self._stopping = asyncio.Event(), asyncio.Event()
        self._consumed = {t: metrics.counter("messages_consumed", group=group, topic=t) for t in self.topics}
        self._failed = {t: metrics.counter("messages_failed", group=group, topic=t) for t in self.topics}
        self._lag = {t: metrics.gauge("consumer_lag", group=group, topic=t) for t in self.topics}
        self._took = metrics.histogram("process_latency", group=group)
        for topic in self.topics:
            metrics.counter("messages_dead", group=group, topic=topic)  # stands at 0, so that it is seen to rise

    async def run(self) -> None:
        """Receive and handle until `stop`. Returns when what was at work has ended and is committed."""
        subscription = await self._subscribe()
        self.subscribed.set()
        try:
            while not self._stopping.is_set():
                await self._take_in(subscription)
                await self._commit(subscription)
            async with asyncio.timeout(GRACE_S):
                while self._lanes.in_hand:
                    await self._until_moved()
            await self._commit(subscription)
        except TimeoutError:
            log.warning("%s: %d events are given back unhandled", self.group, self._lanes.in_hand)
            await self._commit(subscription)
        finally:
            for worker in self._workers:
                worker.cancel()
            await asyncio.gather(*self._workers, return_exceptions=True)
            await subscription.close()

    def stop(self) -> None:
        """Take nothing more in; `run` returns when what is at work has ended."""
        self._stopping.set()
        self._moved.set()

    def lost(self, places: frozenset[Place]) -> None:
        """These places are another member's now: forget what is kept of their events, for it will be out of date."""

    async def _subscribe(self) -> Subscription:
        for wait_s in self.retries_s:
            try:
                return await self.bus.subscribe(self.group, self.topics, self.member)
            except Unavailable as problem:
                log.warning("%s: cannot subscribe: %s", self.group, problem)
                await self._sleep(wait_s)
        return await self.bus.subscribe(self.group, self.topics, self.member)

    async def _until_moved(self) -> None:
        self._moved.clear()
        await self._moved.wait()

    async def _take_in(self, subscription: Subscription) -> None:
        room = self.in_hand_max - self._lanes.in_hand
        if room <= 0:
            await self._until_moved()
            return
        try:
            deliveries = await subscription.receive(room, WAIT_S)
        except Unavailable as problem:
            log.warning("%s: nothing can be received: %s", self.group, problem)
            await self._sleep(self.retries_s[0] if self.retries_s else WAIT_S)
            return
        if gone := self._finished.places() - subscription.assigned():
            self._finished.forget(gone)
            self.lost(gone)
        for delivery in deliveries:
            self._finished.begin(delivery.place, delivery.offset)
            self._lanes.put(delivery)
        for _ in range(min(self._lanes.ready - self._lanes.idle, self.at_once_max - len(self._workers))):
            worker = asyncio.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        if deliveries:
            await asyncio.sleep(0)

    async def _work(self) -> None:
        """Work lanes off, one after the other."""
        while True:
            lane, line = await self._lanes.take()
            while line:
                delivery = line[0]
                event = delivery.event
                if not self._finished.is_open(delivery.place, delivery.offset):
                    pass  # it is another member's by now
                elif event is None:
                    await self._bury(delivery, delivery.problem, 1)
                elif event.event_id not in self._remembered and (handler := self.handlers.get(event.type)) is not None:
                    await self._handle(handler, delivery)
                line.popleft()
                self._finished.end(delivery.place, delivery.offset)
                self._lanes.in_hand -= 1
                self._moved.set()
            self._lanes.done(lane)

    async def _handle(self, handler: Handler, delivery: Delivery) -> None:
        event = delivery.event
        assert event is not None
        if self._handled is not None and await self._handled.has(event.event_id):
            return
        attempt = 0
        while True:
            attempt += 1
            started = time.perf_counter()
            try:
                await handler(event)
            except Exception as error:  # noqa: BLE001 - whatever a handler raises, the others go on
                self._failed[delivery.topic](1.0)
                log.warning("%s %s failed at attempt %d: %r", event.type, event.event_id, attempt, error)
                if attempt > len(self.retries_s) or isinstance(error, Refused):
                    await self._bury(delivery, f"{type(error).__name__}: {error}", attempt)
                    return
                await self._sleep(self.retries_s[attempt - 1])
            else:
                self._took(time.perf_counter() - started)
                self._consumed[delivery.topic](1.0)
                self._remembered.add(event.event_id)
                if self._handled is not None:
                    await self._handled.note(event.event_id)
                return

    async def _bury(self, delivery: Delivery, reason: str, attempts: int) -> None:
        """Put an event aside, however long that takes: what comes after it waits, and nothing is lost."""
        while True:
            try:
                await self.burial.bury(delivery, reason, attempts)
            except Unavailable as problem:
                log.warning("%s: an event cannot be put aside: %s", delivery.topic, problem)
                await self._sleep(BURIAL_S)
            else:
                return

    async def _commit(self, subscription: Subscription) -> None:
        ready = self._finished.ready()
        lag: dict[str, int] = dict.fromkeys(self.topics, 0)
        try:
            if ready:
                await subscription.commit(ready)
            for (topic, _), waiting in (await subscription.lag()).items():
                lag[topic] += waiting
        except Unavailable as problem:
            log.warning("%s: not committed yet: %s", self.group, problem)
            self._finished.again(ready)
            return
        self.caught_up = not (self._lanes.in_hand or any(lag.values()))
        for topic, waiting in lag.items():
            self._lag[topic](waiting)
