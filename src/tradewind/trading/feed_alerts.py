"""Tells, once for a day and symbol, that more of the live data was wrong than is allowed."""

from __future__ import annotations

import logging
from typing import Any

from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.instants import instant_text
from tradewind.messaging.consumer import EventConsumer
from tradewind.messaging.handlers import event_handler
from tradewind.messaging.producer import EventProducer
from tradewind.ports.bus import Bus
from tradewind.ports.event_store import EventStore
from tradewind.ports.metrics import Metrics
from tradewind.trading.derived_events import Outbox, Stream
from tradewind.trading.feed_days import ALLOWED, DAY_NS, FeedDay, judged, problems_on, received_on
from tradewind.trading.most_recent import STREAMS_MAX, MostRecent

log = logging.getLogger(__name__)
SOURCE = "feed quality"


class FeedAlerts(EventConsumer):
    """Publishes `service.changed` of the service `feed SYMBOL`, `impaired`, as soon as a day has become a breach.

    The event's id follows from tenant, symbol and day, so that it is one event whoever finds it out and how often.
    """

    def __init__(
        self,
        bus: Bus,
        producer: EventProducer,
        metrics: Metrics,
        store: EventStore,
        *,
        member: str,
        group: str = "feed-alerts",
        allowed: float = ALLOWED,
        **given: Any,
    ) -> None:
        super().__init__(bus, producer, metrics, group=group, member=member, **given)
        self.producer, self.metrics, self.store, self.allowed = producer, metrics, store, allowed
        self._told: MostRecent[tuple[str, int, str], bool] = MostRecent(STREAMS_MAX)

    @event_handler("data.quality")
    async def weigh(self, event: Event[Any]) -> None:
        """One more problem: look at its day, unless that is known to be a bad one."""
        day_ns, symbol = event.time_event // DAY_NS * DAY_NS, event.data.symbol
        if event.session is not None or self._told.get((event.tenant, day_ns, symbol)):
            return
        problems = await problems_on(self.store, day_ns, symbol, event.tenant)
        received = await received_on(self.store, day_ns, symbol, event.tenant)
        await self.tell(judged(day_ns, symbol, received, problems, self.allowed), event.tenant, event)

    async def tell(self, day: FeedDay, tenant: str, cause: Event[Any] | None = None) -> None:
        """Publish that a day is a breach, if it is one. Raises Unavailable; tell it again then."""
        key = tenant, day.day_ns, day.symbol
        if not day.breach or self._told.get(key):
            return
        service = f"feed {day.symbol}"
        share = "nothing came" if day.share is None else f"{day.share:.2%} of {day.received:,}"
        reason = f"{instant_text(day.day_ns)[:10]}: {day.told}; {share}, where {self.allowed:.2%} are allowed"
        outbox = Outbox(Stream(tenant, SOURCE, self.producer.origin.mode, None, service), self.producer)
        data = {"service": service, "state": "impaired", "reason": reason}
        outbox.add("service.changed", data, day.day_ns if cause is None else cause.time_event, (day.day_ns,), cause)
        await outbox.publish()
        self._told.put(key, True)
        self.metrics.counter("feed_breaches")(1)
        log.warning("%s: %s", service, reason)
