"""What is done with an event that is not simply handled: one that comes twice, fails, is revived, or is none."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from tradewind.core.domain.errors import BadInput, Refused, Unavailable
from tradewind.core.domain.events.codec import decode
from tradewind.core.domain.events.payloads import Revival
from tradewind.messaging.alerts import Alerts
from tradewind.messaging.burial import Burial
from tradewind.messaging.dead_letters import service_of
from tradewind.messaging.handled import Handled, Remembered
from tradewind.messaging.handlers import Handler
from tradewind.messaging.lanes import Lane
from tradewind.ports.bus import Delivery
from tradewind.ports.metrics import Metrics

log = logging.getLogger(__name__)
AGAIN_S = 5.0
"""Between two attempts at what must not be left undone, while something outside does not answer."""
NEEDED = "what its handlers need does not answer"


def ends(error: BaseException) -> bool:
    """Whether it is this task that is to end, and not only something that a handler had waited for."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


@dataclass
class Attempts:
    """Deals with deliveries, each of them to its end: handled, put aside, or another member's by now."""

    group: str
    handlers: Mapping[str, Handler]
    burial: Burial
    alerts: Alerts
    metrics: Metrics
    remembered: Remembered
    handled: Handled | None
    retries_s: tuple[float, ...]
    sleep: Callable[[float], Awaitable[None]]
    aside: Remembered = field(default_factory=Remembered)
    """What was put aside: when it comes once more, because that was not committed, it is not tried for long again."""

    async def deal_with(self, lane: Lane, delivery: Delivery) -> int:
        """Deal with a delivery; how many events were handled: 1 or 0."""
        event = delivery.event
        if event is None:
            await self._bury(lane, delivery, delivery.problem, 1)
            return 0
        known_by = ""
        if isinstance(event.data, Revival):
            if event.data.group != self.group:
                return 0
            known_by = event.event_id
            try:
                event = decode(event.data.original.encode())
            except BadInput as problem:
                await self._bury(lane, delivery, str(problem), 1)
                return 0
            delivery = replace(delivery, event=event)
        handler = self.handlers.get(event.type)
        if handler is None or event.event_id in self.remembered:
            return 0
        if self.handled is not None and await self._asked(lane, self.handled, event.event_id):
            return 0
        try:
            await handler(event)
        except (Exception, asyncio.CancelledError) as error:
            if ends(error):
                raise
            return await self.go_on(lane, delivery, handler, error, known_by)
        return await self._done(lane, event.event_id)

    async def go_on(
        self, lane: Lane, delivery: Delivery, handler: Handler, error: BaseException, known_by: str = ""
    ) -> int:
        """After an attempt that failed: the others, then the dead letters. How many events were handled: 1 or 0.

        A handler that raises Unavailable is called until what it needs is there again, however long that takes.
        """
        event, at_work, service = delivery.event, lane.at_work, f"consumer {self.group}"
        assert event is not None
        failed = self.metrics.counter("messages_failed", group=self.group, topic=delivery.topic)
        attempt = 1
        while True:
            failed(1.0)
            log.warning("%s %s failed at attempt %d: %r", event.type, event.event_id, attempt, error)
            again = event.event_id in self.aside and not known_by
            if attempt > len(self.retries_s) and isinstance(error, Unavailable):
                # That is not the event's fault: put aside, all that comes during an outage would be missing after it.
                self.alerts.wrong(service, NEEDED, str(error))
                await self.sleep(AGAIN_S)
            elif attempt > len(self.retries_s) or isinstance(error, Refused) or again:
                await self._bury(lane, delivery, f"{type(error).__name__}: {error}", attempt, known_by)
                return 0
            else:
                await self.sleep(self.retries_s[attempt - 1])
            if lane.at_work is not at_work:
                return 0  # another member has it by now
            attempt += 1
            try:
                await handler(event)
            except (Exception, asyncio.CancelledError) as problem:
                if ends(problem):
                    raise
                error = problem
            else:
                self.alerts.right(service, NEEDED)
                return await self._done(lane, event.event_id)

    async def _done(self, lane: Lane, event_id: str) -> int:
        self.remembered.add(event_id)
        if self.handled is not None:
            await self._noted(lane, self.handled, event_id)
        return 1

    async def _asked(self, lane: Lane, handled: Handled, event_id: str) -> bool:
        """Whether it was handled. While nobody can say, it waits: it might be done twice otherwise."""
        found: list[bool] = []

        async def ask() -> None:
            found.append(await handled.has(event_id))

        await self._until_done(lane, ask, "it is not known what was handled")
        return found[0] if found else True

    async def _noted(self, lane: Lane, handled: Handled, event_id: str) -> None:
        await self._until_done(lane, lambda: handled.note(event_id), "what was handled cannot be noted")

    async def _bury(self, lane: Lane, delivery: Delivery, reason: str, attempts: int, known_by: str = "") -> None:
        """Put an event aside, however long that takes: what comes after it waits, and nothing is lost."""
        cause = "an event cannot be put aside"
        if await self._until_done(lane, lambda: self.burial.bury(delivery, reason, attempts, known_by), cause):
            if delivery.event is not None:
                self.aside.add(delivery.event.event_id)
            self.alerts.happened(service_of(delivery.topic), f"{self.group} could not handle an event: {reason}")

    async def _until_done(self, lane: Lane, work: Callable[[], Awaitable[None]], cause: str) -> bool:
        """Do it until it succeeds; False where the event became another member's meanwhile."""
        service, at_work = f"consumer {self.group}", lane.at_work
        while lane.at_work is at_work:
            try:
                await work()
            except (Exception, asyncio.CancelledError) as problem:
                if ends(problem):
                    raise
                said = str(problem) if isinstance(problem, Unavailable | Refused) else repr(problem)
                log.warning("%s: %s: %s", self.group, cause, said)
                self.alerts.wrong(service, cause, said)
                await self.sleep(AGAIN_S)
            else:
                self.alerts.right(service, cause)
                return True
        return False
