"""Events that follow from others: the same cause gives the same id, so that one made twice is stored once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from msgspec.structs import replace

from tradewind.core.domain.events.envelope import Event, Mode
from tradewind.messaging.producer import EventProducer
from tradewind.ports.event_store import EventStore

NAMESPACE = UUID("5e0b7c52-4a5e-5d0f-9a9b-6f1d3c2b8e47")


@dataclass(frozen=True, slots=True)
class Stream:
    """Events of one token: a symbol's from one feed, an account's. Of whom, from where, and in which session."""

    tenant: str
    source: str
    mode: Mode
    session: str | None
    token: str

    def derived_id(self, *parts: object) -> str:
        """An id that depends on the stream and these parts alone."""
        whole = (self.tenant, self.source, self.mode, self.session, self.token, *parts)
        return str(uuid5(NAMESPACE, repr(whole)))


def stream_of(event: Event[Any]) -> Stream:
    """The stream that an event belongs to."""
    return Stream(event.tenant, event.source, event.mode, event.session, event.token)


@dataclass
class Outbox:
    """What follows from a stream's events and is not published yet. What could not be published stays for next time.

    `keep` puts into the store what must be there before anything else happens: what a process that begins anew cannot
    work out again. Beside a bus of its own the store is filled by another process, which may be long in coming.
    """

    stream: Stream
    producer: EventProducer
    store: EventStore | None = None
    last_id: str = ""
    """The event that was taken last: when its handler is called again, only the publishing is left to do."""
    _waiting: list[Event[Any]] = field(default_factory=list)
    _to_keep: list[Event[Any]] = field(default_factory=list)

    def add(
        self,
        type_: str,
        data: Any,
        time_event: int,
        parts: Iterable[object],
        cause: Event[Any] | None = None,
        *,
        after: Event[Any] | None = None,
        keep: bool = False,
    ) -> None:
        """One more event, with the stream's tenant, source, mode and session.

        Where nothing that happened is its cause, but the time, it may say `after` which event that was: this is its
        causation then, and its correlation begins with itself.
        """
        made = self.producer.event(type_, data, time_event=time_event, cause=cause)
        event_id = self.stream.derived_id(type_, *parts)
        made = replace(
            made,
            event_id=event_id,
            correlation_id=event_id if cause is None else made.correlation_id,
            causation_id=after.event_id if cause is None and after is not None else made.causation_id,
            tenant=self.stream.tenant,
            source=self.stream.source,
            mode=self.stream.mode,
            session=self.stream.session,
        )
        self._waiting.append(made)
        if keep and self.store is not None:
            self._to_keep.append(made)

    async def publish(self) -> int:
        """Publish what waits and store what is to be kept; how many were published. Raises Unavailable: it waits on."""
        events = tuple(self._waiting)
        if events:
            await self.producer.send_batch(events)
            del self._waiting[: len(events)]
        if self._to_keep:
            assert self.store is not None, "only then something is to be kept"
            await self.store.append(self._to_keep)
            self._to_keep.clear()
        return len(events)
