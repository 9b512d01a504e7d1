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
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from tradewind.core.domain.errors import BadInput, Refused, Unavailable
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.messaging.dead_letters import Burial
from tradewind.messaging.finished import Finished
from tradewind.messaging.handled import Handled, HandledHere
from tradewind.messaging.handlers import handlers_of
from tradewind.messaging.producer import EventProducer
from tradewind.messaging.retries import RETRIES_S
from tradewind.ports.bus import Bus, Delivery, Subscription
from tradewind.ports.metrics import Metrics

log = logging.getLogger(__name__)
AT_ONCE_MAX = 256
"""Events that may be in hand at once."""
WAIT_S = 0.2
"""How long to wait for events before looking at what else there is to do."""
BURIAL_S = 5.0
"""Between two attempts to put an event aside while the bus does not answer."""
GRACE_S = 10.0
"""How long a stopping consumer waits for handlers that are at work."""
Lane = tuple[str, int, str]


class EventConsumer:
    """Subclass it and mark methods with `event_handler`. Two members of one group share its partitions."""

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
        retries_s: Sequence[float] = RETRIES_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.handlers = handlers_of(self)
        if not self.handlers:
            raise BadInput(
                "it handles no events", where=type(self).__name__, fix="Mark methods with @event_handler(...)"
            )
        self.bus, self.metrics, self.group, self.member = bus, metrics, group, member
        self.handled = handled or HandledHere()
        self.at_once_max = at_once_max
        self.retries_s = tuple(retries_s)
        self.burial = Burial(producer, metrics, group)
        self._sleep = sleep
        self._finished = Finished()
        self._lanes: dict[Lane, deque[Delivery]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_hand = 0
        self._moved = asyncio.Event()
        self._stopping = asyncio.Event()
        self.subscribed = asyncio.Event()
        """Set from when it is a member of its group: what is published then will come."""

    @property
    def topics(self) -> list[str]:
        """The topics of the types that are handled."""
        return sorted({EVENT_TYPES[name].topic.name for name in self.handlers})

    async def run(self) -> None:
        """Receive and handle until `stop`. Returns when what was at work has ended and is committed."""
        subscription = await self._again(lambda: self.bus.subscribe(self.group, self.topics, self.member))
        self.subscribed.set()
        try:
            while not self._stopping.is_set():
                await self._take_in(subscription)
                await self._commit(subscription)
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=GRACE_S)
            await self._commit(subscription)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await subscription.close()

    def stop(self) -> None:
        """Take nothing more in; `run` returns when what is at work has ended."""
        self._stopping.set()
        self._moved.set()

    async def _again(self, call: Callable[[], Awaitable[Subscription]]) -> Subscription:
        for wait_s in (*self.retries_s, None):
            try:
                return await call()
            except Unavailable:
                if wait_s is None:
                    raise
                await self._sleep(wait_s)
        raise AssertionError

    async def _take_in(self, subscription: Subscription) -> None:
        room = self.at_once_max - self._in_hand
        if room <= 0:
            self._moved.clear()
            await self._moved.wait()
            return
        try:
            deliveries = await subscription.receive(room, WAIT_S)
        except Unavailable as problem:
            log.warning("nothing can be received: %s", problem)
            await self._sleep(self.retries_s[0] if self.retries_s else WAIT_S)
            return
        self._finished.forget(self._finished.places() - subscription.assigned())
        for delivery in deliveries:
            self._finished.begin(delivery.place, delivery.offset)
            self._in_hand += 1
            token = "" if delivery.event is None else delivery.event.token
            lane = (*delivery.place, token)
            if lane in self._lanes:
                self._lanes[lane].append(delivery)
            else:
                self._lanes[lane] = deque([delivery])
                task = asyncio.create_task(self._work_off(lane))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        if deliveries:
            await asyncio.sleep(0)

    async def _work_off(self, lane: Lane) -> None:
        """One token's events, one after the other."""
        line = self._lanes[lane]
        try:
            while line:
                delivery = line[0]
                await self._deal_with(delivery)
                line.popleft()
                self._finished.end(delivery.place, delivery.offset)
                self._in_hand -= 1
                self._moved.set()
        finally:
            self._in_hand -= len(line)
            del self._lanes[lane]

    async def _deal_with(self, delivery: Delivery) -> None:
        event = delivery.event
        if event is None:
            await self._bury(delivery, delivery.problem, 1)
            return
        handler = self.handlers.get(event.type)
        if handler is None or await self.handled.has(event.event_id):
            return
        group, topic = self.group, delivery.topic
        for attempt, wait_s in enumerate((*self.retries_s, None), 1):
            started = time.perf_counter()
            try:
                await handler(event)
            except Exception as error:  # noqa: BLE001 - whatever a handler raises, the others go on
                self.metrics.count("messages_failed", group=group, topic=topic)
                log.warning("%s %s failed at attempt %d: %r", event.type, event.event_id, attempt, error)
                if wait_s is None or isinstance(error, Refused):
                    await self._bury(delivery, f"{type(error).__name__}: {error}", attempt)
                    return
                await self._sleep(wait_s)
            else:
                await self.handled.note(event.event_id)
                self.metrics.observe("process_latency", time.perf_counter() - started, group=group)
                self.metrics.count("messages_consumed", group=group, topic=topic)
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
        try:
            if ready:
                await subscription.commit(ready)
            lag: dict[str, int] = dict.fromkeys(self.topics, 0)
            for (topic, _), waiting in (await subscription.lag()).items():
                lag[topic] += waiting
        except Unavailable as problem:
            log.warning("not committed, so it will be delivered again: %s", problem)
            return
        for topic, waiting in lag.items():
            self.metrics.set("consumer_lag", waiting, group=self.group, topic=topic)
