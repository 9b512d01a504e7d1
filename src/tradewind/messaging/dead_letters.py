"""Events that could not be handled: put aside with the reason, looked at by a person, and sent again."""

from __future__ import annotations

import logging

from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.core.domain.events.codec import decode, encode
from tradewind.core.domain.events.payloads import DeadLetter
from tradewind.core.domain.events.topics import DEAD_LETTERS
from tradewind.messaging.producer import EventProducer
from tradewind.ports.bus import Bus, Delivery, Subscription
from tradewind.ports.metrics import Metrics

log = logging.getLogger(__name__)
REASON_LENGTH_MAX = 2_000
ORIGINAL_LENGTH_MAX = 200_000
WAIT_S = 0.5


class Burial:
    """Puts events of one group on their topics' dead letters."""

    def __init__(self, producer: EventProducer, metrics: Metrics, group: str) -> None:
        self.producer, self.metrics, self.group = producer, metrics, group

    async def bury(self, delivery: Delivery, reason: str, attempts: int) -> None:
        """Put an event aside. Raises Unavailable where the bus does not take it; then it is not dealt with."""
        original = delivery.raw if delivery.event is None else encode(delivery.event)
        token = "unreadable" if delivery.event is None else delivery.event.token
        letter = DeadLetter(
            topic=delivery.topic,
            partition=delivery.partition,
            offset=delivery.offset,
            group=self.group,
            reason=reason[:REASON_LENGTH_MAX],
            attempts=attempts,
            original=original[:ORIGINAL_LENGTH_MAX].decode("utf-8", "backslashreplace"),
        )
        event = self.producer.event("event.dead", letter, token, cause=delivery.event)
        await self.producer.send_batch([event])
        self.metrics.counter("messages_dead", group=self.group, topic=delivery.topic)(1.0)
        log.error("%s: put aside after %d attempts: %s", delivery.topic, attempts, reason)


class DeadLetters:
    """What lies aside of one topic: to be read, and to be sent again."""

    def __init__(self, bus: Bus, topic: str, reader: str) -> None:
        """`reader` is a group of its own; a letter that it has let go or sent again is not shown again."""
        self.bus, self.topic, self.reader = bus, topic, reader

    async def read(self, at_most: int = 100) -> list[DeadLetter]:
        """The oldest letters, which stay where they are."""
        subscription = await self.bus.subscribe(self.reader, [self.topic + DEAD_LETTERS], "person")
        try:
            return [d.event.data for d in await _oldest(subscription, at_most) if d.event is not None]
        finally:
            await subscription.close()

    async def send_again(self, at_most: int = 100) -> int:
        """Publish the oldest letters' events once more, to their topic; how many it was.

        An event keeps its id: groups that have handled it do nothing, the one that failed tries again. What cannot be
        read any more stays aside. Raises Unavailable; then some may have been sent, and will be sent again.
        """
        subscription = await self.bus.subscribe(self.reader, [self.topic + DEAD_LETTERS], "person")
        sent = 0
        try:
            for delivery in await _oldest(subscription, at_most):
                letter = None if delivery.event is None else delivery.event.data
                try:
                    event = None if letter is None else decode(letter.original.encode())
                except BadInput as problem:
                    log.warning("a dead letter of %s cannot be sent again: %s", self.topic, problem)
                    event = None
                if event is not None:
                    await self.bus.publish([event])
                    sent += 1
                await subscription.commit({delivery.place: delivery.offset + 1})
        except Unavailable:
            log.warning("%s: %d dead letters were sent again before the bus failed", self.topic, sent)
            raise
        finally:
            await subscription.close()
        return sent


async def _oldest(subscription: Subscription, at_most: int) -> list[Delivery]:
    """What lies there: of a bus with many partitions it comes in several parts."""
    found: list[Delivery] = []
    while len(found) < at_most and (some := await subscription.receive(at_most - len(found), WAIT_S)):
        found += some
    return found
