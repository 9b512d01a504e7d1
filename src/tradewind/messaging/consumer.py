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
from tradewind.messaging.alerts import Alerts
from tradewind.messaging.attempts import Attempts, ends
from tradewind.messaging.burial import Burial
from tradewind.messaging.handled import Handled, Remembered
from tradewind.messaging.handlers import handlers_of
from tradewind.messaging.lanes import Lane, Lanes
from tradewind.messaging.producer import EventProducer
from tradewind.messaging.retries import RETRIES_S
from tradewind.ports.bus import Bus, Place, Subscription
from tradewind.ports.metrics import Metrics

log = logging.getLogger(__name__)
AT_ONCE_MAX = 128
"""Lanes that are worked on at once."""
IN_HAND_MAX = 4_096
"""Events that may be in hand at once."""
RUN_MAX = 512
"""Events of one lane that are handled before others have their turn, where no handler waits for anything."""
WAIT_S = 0.2
"""How long to wait for events before looking at what else there is to do."""
COMMIT_S = 0.1
"""Between two commits, while events come in; one that is killed has so much to do again."""
LAG_S = 1.0
"""Between two looks at how much there is to do, while events come in."""
ALIVE_S = 5.0
"""How often a member that has its hands full shows that it lives."""
STUCK_S = 120.0
"""A handler that is at one event for so long is told of. It is not ended: what it has done by halves is not known."""
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
        stuck_s: float = STUCK_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.handlers = handlers_of(self)
        if not self.handlers:
            raise BadInput(
                "it handles no events", where=type(self).__name__, fix="Mark methods with @event_handler(...)"
            )
        self.topics = sorted({EVENT_TYPES[name].topic.name for name in self.handlers})
        self.bus, self.group, self.member = bus, group, member
        self.service = f"consumer {group}"
        self.subscribed = asyncio.Event()
        """Set from when it is a member of its group: what is published then will come."""
        self.caught_up = False
        """Whether at the last look nothing had come that was not handled and committed."""
        self.at_once_max, self.in_hand_max = at_once_max, in_hand_max
        self.retries_s, self.stuck_s = tuple(retries_s), stuck_s
        self._sleep = sleep
        self._lanes, self._remembered = Lanes(), Remembered()
        self._alerts = Alerts(producer)
        self._attempts = Attempts(
            self.group, self.handlers, Burial(producer, metrics, group), self._alerts, metrics,
            self._remembered, handled, self.retries_s, sleep,
        )  # fmt: skip
        self._first_hand = handled is None
        self._workers: set[asyncio.Task[None]] = set()
        self._broken: BaseException | None = None
        self._moved, self._stopping = asyncio.Event(), asyncio.Event()
        self._alive_at = self._commit_at = self._lag_at = 0.0
        self._consumed = {t: metrics.counter("messages_consumed", group=group, topic=t) for t in self.topics}
        for name in ("messages_failed", "messages_dead"):
            for topic in self.topics:
                metrics.counter(name, group=group, topic=topic)  # stands at 0, so that it is seen to rise
        self._lag = {t: metrics.gauge("consumer_lag", group=group, topic=t) for t in self.topics}
        self._took = metrics.histogram("process_latency", group=group)

    async def run(self) -> None:
        """Receive and handle until `stop`. Returns when what was at work has ended and is committed."""
        subscription = await self._subscribe()
        self.subscribed.set()
        patience_s = 0.0
        try:
            while not self._stopping.is_set():
                idle = await self._take_in(subscription)
                await self._look_after(subscription, idle)
            await self._work_off_rest()
            await self._commit(subscription)
            patience_s = GRACE_S
        finally:
            for worker in self._workers:
                worker.cancel()
            await asyncio.gather(*self._workers, return_exceptions=True)
            try:
                await subscription.close()
            finally:
                await self._alerts.close(patience_s)

    async def _work_off_rest(self) -> None:
        """Wait for handlers that are at work, and what waits behind them, but not for ever."""
        try:
            async with asyncio.timeout(GRACE_S):
                while self._lanes.in_hand and self._broken is None:
                    await self._until_moved(WAIT_S)
        except TimeoutError:
            log.warning("%s: %d events are given back unhandled", self.group, self._lanes.in_hand)
        if self._broken is not None:
            raise self._broken

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
                self._alerts.wrong(self.service, "the bus is away", str(problem))
                await self._sleep(wait_s)
        return await self.bus.subscribe(self.group, self.topics, self.member)

    async def _until_moved(self, wait_s: float) -> None:
        self._moved.clear()
        try:
            async with asyncio.timeout(wait_s):
                await self._moved.wait()
        except TimeoutError:
            return

    async def _take_in(self, subscription: Subscription) -> bool:
        """Take in what there is room for; whether nothing came."""
        room = self.in_hand_max - self._lanes.in_hand
        if room <= 0:
            await self._until_moved(WAIT_S)
            room = max(0, self.in_hand_max - self._lanes.in_hand)
            if room == 0 and time.monotonic() < self._alive_at:
                return False
        try:
            # Who takes nothing asks all the same: a member that is not heard of loses its partitions.
            deliveries = await subscription.receive(room, WAIT_S if room else 0.0)
        except (Unavailable, Refused) as problem:
            # A broker that has just come back may refuse for a moment what it let us do before.
            log.warning("%s: nothing can be received: %s", self.group, problem)
            self._alerts.wrong(self.service, "nothing can be received", str(problem))
            await self._sleep(self.retries_s[0] if self.retries_s else WAIT_S)
            return True
        self._alerts.right(self.service, "nothing can be received")
        self._alerts.right(self.service, "the bus is away")
        self._alive_at = time.monotonic() + ALIVE_S
        if gone := subscription.lost():
            self._lanes.drop(gone)
            self.lost(gone)
        if deliveries:
            self.caught_up = False
            self._lanes.put(deliveries)
            for _ in range(min(self._lanes.ready - self._lanes.idle, self.at_once_max - len(self._workers))):
                worker = asyncio.create_task(self._work())
                self._workers.add(worker)
                worker.add_done_callback(self._ended)
            await asyncio.sleep(0)
        return not deliveries

    def _ended(self, worker: asyncio.Task[None]) -> None:
        """A worker ends only when it is told to; anything else is a fault in here, and is not hidden."""
        self._workers.discard(worker)
        if not worker.cancelled() and (problem := worker.exception()) is not None:
            self._broken = problem
            self._moved.set()

    async def _work(self) -> None:
        """Work lanes off, one after the other."""
        while True:
            lane = await self._lanes.take()
            while lane.waiting:
                await self._work_off(lane)
            self._lanes.done(lane)
            self._moved.set()

    async def _work_off(self, lane: Lane) -> None:
        """Handle what waits in a lane, up to RUN_MAX of it, and let others have their turn."""
        waiting, handlers, first_hand = lane.waiting, self.handlers, self._first_hand
        newer, older = self._remembered.newer, self._remembered.older
        took, clock, handled = self._took, time.perf_counter, 0
        lane.since = clock()
        try:
            for _ in range(min(RUN_MAX, len(waiting))):
                if not waiting:
                    break  # its place was taken away meanwhile
                lane.at_work = delivery = waiting.popleft()
                event = delivery.event
                if event is None or not first_hand or (handler := handlers.get(event.type)) is None:
                    handled += await self._attempts.deal_with(lane, delivery)
                    continue
                event_id = event.event_id
                if event_id in newer or event_id in older:
                    continue
                before = lane.since
                try:
                    await handler(event)
                except (Exception, asyncio.CancelledError) as error:
                    if ends(error):
                        raise
                    handled += await self._attempts.go_on(lane, delivery, handler, error)
                else:
                    newer.add(event_id)
                    handled += 1
                lane.since = after = clock()
                took(after - before)
            lane.at_work = None
        finally:
            self._remembered.make_room()
            if handled:
                self._consumed[lane.place[0]](handled)
        await asyncio.sleep(0)

    async def _look_after(self, subscription: Subscription, idle: bool) -> None:
        """Commit, measure and tell, as often as is needed."""
        if self._broken is not None:
            raise self._broken
        now = time.monotonic()
        if idle or now >= self._commit_at:
            await self._commit(subscription)
            self._commit_at = time.monotonic() + COMMIT_S
        if idle or now >= self._lag_at:
            await self._measure(subscription)
            self._lag_at = time.monotonic() + LAG_S
        self._alerts.tell()

    async def _commit(self, subscription: Subscription) -> None:
        offsets = self._lanes.settled()
        if not offsets:
            return
        try:
            await subscription.commit(offsets)
        except Unavailable as problem:
            log.warning("%s: not committed yet: %s", self.group, problem)
            self._alerts.wrong(self.service, "nothing can be committed", str(problem))
            return
        self._lanes.committed(offsets)
        self._alerts.right(self.service, "nothing can be committed")

    async def _measure(self, subscription: Subscription) -> None:
        lag: dict[str, int] = dict.fromkeys(self.topics, 0)
        try:
            for (topic, _), waiting in (await subscription.lag()).items():
                lag[topic] += waiting
        except (Unavailable, Refused) as problem:
            log.warning("%s: it is not known how much there is to do: %s", self.group, problem)
            return
        self.caught_up = not (self._lanes.in_hand or any(lag.values()))
        for topic, waiting in lag.items():
            self._lag[topic](waiting)
        now = time.perf_counter()
        stuck = [lane for lane in self._lanes.at_work() if now - lane.since > self.stuck_s]
        if stuck:
            reason = f"{len(stuck)}, the first at {stuck[0].token!r} for {now - stuck[0].since:.0f} s"
            self._alerts.wrong(self.service, "handlers do not come to an end", reason)
        else:
            self._alerts.right(self.service, "handlers do not come to an end")
