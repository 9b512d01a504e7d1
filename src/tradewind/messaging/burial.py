"""Put an event aside that could not be handled, whole, with the reason, so that it can be handled after all."""

from __future__ import annotations

import logging
from uuid import UUID, uuid5

from msgspec.structs import replace

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.codec import encode
from tradewind.core.domain.events.payloads import DeadLetter
from tradewind.core.domain.events.topics import DEAD_LETTERS
from tradewind.messaging.producer import EventProducer
from tradewind.ports.bus import Delivery
from tradewind.ports.metrics import Metrics

log = logging.getLogger(__name__)
LETTERS = UUID("9d7a1c3e-0f52-5b8e-a8c4-2e61d0b7f935")
REASON_LENGTH_MAX = 2_000
RAW_BYTES_MAX = 400_000
"""Of bytes that are no event so many are kept: what Kafka takes by default leaves room for no more, as text."""
SHOWN_MAX = 2_000
"""Characters of such bytes that are shown to a person."""


class Burial:
    """Puts events of one group on their topics' dead letters."""

    def __init__(self, producer: EventProducer, metrics: Metrics, group: str) -> None:
        self.producer, self.metrics, self.group = producer, metrics, group

    async def bury(self, delivery: Delivery, reason: str, attempts: int, known_by: str = "") -> None:
        """Put an event aside. Raises where the bus does not take it; then it is not dealt with.

        An event that is put aside twice, because the first time was not committed, is one letter: its id follows from
        the group and the event, or from what else it is `known_by`.
        """
        event = delivery.event
        original, raw = _kept(delivery)
        place = f"{delivery.topic} {delivery.partition} {delivery.offset}"
        letter = DeadLetter(
            topic=delivery.topic.removesuffix(DEAD_LETTERS),
            partition=delivery.partition,
            offset=delivery.offset,
            group=self.group,
            reason=_text(reason)[:REASON_LENGTH_MAX],
            attempts=attempts,
            original=original,
            raw=raw[:RAW_BYTES_MAX],
            length=len(raw),
        )
        made = self.producer.event("event.dead", letter, "unreadable" if event is None else event.token, cause=event)
        name = known_by or (place if event is None else event.event_id)
        await self.producer.send_batch([replace(made, event_id=str(uuid5(LETTERS, f"{self.group} {name}")))])
        self.metrics.counter("messages_dead", group=self.group, topic=delivery.topic)(1.0)
        log.error("%s: put aside after %d attempts: %s", place, attempts, letter.reason)


def _kept(delivery: Delivery) -> tuple[str, bytes]:
    """The event as text, or bytes that are none with a look at them."""
    raw = delivery.raw
    if delivery.event is not None:
        try:
            return encode(delivery.event).decode(), b""
        except BadInput:
            # Only a bus that keeps nothing carries what cannot be written.
            raw = repr(delivery.event).encode("utf-8", "backslashreplace")
    return raw[:SHOWN_MAX].decode("utf-8", "backslashreplace")[:SHOWN_MAX], raw


def _text(reason: str) -> str:
    return reason.encode("utf-8", "backslashreplace").decode()
