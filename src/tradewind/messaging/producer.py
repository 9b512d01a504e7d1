"""Publish events: make the envelope, check, send, and try again while the bus does not answer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from uuid_utils import uuid7

from tradewind.core.domain.errors import Refused, Unavailable
from tradewind.core.domain.events.codec import check, payload_of
from tradewind.core.domain.events.envelope import Event, Mode
from tradewind.core.domain.events.event_types import event_type, numbers_by_topic
from tradewind.messaging.moments import nanoseconds
from tradewind.messaging.retries import RETRIES_S
from tradewind.ports.bus import Bus
from tradewind.ports.metrics import Metrics

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Origin:
    """What all events of one producer share: whose they are, what made them, and whether money is real."""

    tenant: str
    source: str
    mode: Mode
    session: str | None = None


class EventProducer:
    """Publishes events of one origin. An event that could not be published is raised, never dropped."""

    def __init__(
        self,
        bus: Bus,
        origin: Origin,
        metrics: Metrics,
        *,
        retries_s: Sequence[float] = RETRIES_S,
        clock_ns: Callable[[], int] = time.time_ns,
        new_id: Callable[[], str] = lambda: str(uuid7()),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.bus, self.origin, self.metrics = bus, origin, metrics
        self.retries_s = tuple(retries_s)
        self._clock_ns, self._new_id, self._sleep = clock_ns, new_id, sleep
        self._closed = False
        # They stand at 0 from the beginning: of a counter that begins at 1 nobody sees that it rose.
        self._not_taken = {why: metrics.counter("messages_refused", reason=why) for why in ("refused", "unavailable")}

    async def publish(
        self,
        type_: str,
        data: Any,
        token: str | None = None,
        *,
        time_event: int | datetime | None = None,
        cause: Event[Any] | None = None,
    ) -> Event[Any]:
        """Publish one event; it is durable when this returns.

        `data` is the type's payload, or its fields by name. `token` is taken from the payload when left out;
        `time_event` (ns UTC, or a datetime with a zone) is now. `cause` is the event that brought this one about.
        Raises BadInput for what is no such event, Unavailable when the bus did not take it after all retries.
        """
        event = self.event(type_, data, token, time_event=time_event, cause=cause)
        await self.send_batch([event])
        return event

    async def send_batch(self, events: Sequence[Event[Any]]) -> None:
        """Publish events made by `event`, together; all are durable when this returns."""
        if self._closed:
            raise Unavailable("the producer is closed")
        started = time.perf_counter()
        for attempt, wait_s in enumerate((*self.retries_s, None), 1):
            try:
                await self.bus.publish(events)
                break
            except Refused as problem:
                self._not_taken["refused"](len(events))
                log.error("%s were refused: %s", _in_words(events), problem)  # noqa: TRY400 - where, is known
                raise
            except Unavailable as problem:
                if wait_s is None:
                    self._not_taken["unavailable"](len(events))
                    log.error("%s: given up at attempt %d: %s", _in_words(events), attempt, problem)  # noqa: TRY400
                    raise
                log.warning("%s: attempt %d, the next in %g s: %s", _in_words(events), attempt, wait_s, problem)
                await self._sleep(wait_s)
        self.metrics.histogram("publish_latency")(time.perf_counter() - started)
        for topic, number in numbers_by_topic(events).items():
            self.metrics.counter("messages_published", topic=topic)(number)

    def event(
        self,
        type_: str,
        data: Any,
        token: str | None = None,
        *,
        time_event: int | datetime | None = None,
        cause: Event[Any] | None = None,
    ) -> Event[Any]:
        """The event that `publish` would send. Raises BadInput for what is none."""
        kind = event_type(type_)
        payload = payload_of(kind, data)
        now, new_id = self._clock_ns(), self._new_id()
        event: Event[Any] = Event(
            event_id=new_id,
            type=kind.name,
            version=kind.version,
            time_event=now if time_event is None else nanoseconds(time_event, "time_event", kind.name),
            time_recorded=now,
            tenant=self.origin.tenant,
            token=token or str(getattr(payload, kind.token)),
            source=self.origin.source,
            correlation_id=new_id if cause is None else cause.correlation_id,
            causation_id=None if cause is None else cause.event_id,
            mode=self.origin.mode,
            session=self.origin.session,
            data=payload,
        )
        check(event)
        return event

    async def close(self) -> None:
        """Publish nothing more. What was published is durable already; the bus is its owner's to close."""
        self._closed = True


def _in_words(events: Sequence[Event[Any]]) -> str:
    first = f", from {events[0].type} {events[0].event_id} of {events[0].token!r}" if events else ""
    return f"{len(events)} events{first}"
