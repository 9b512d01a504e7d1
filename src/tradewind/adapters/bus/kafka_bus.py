"""The bus in Kafka: durable in a cluster, shared by many processes.

An event is acknowledged when all replicas in sync have it, and the client's own retries neither double it nor change
its place in its partition. Its partition is that of `core.domain.events.partitioning`, as in every bus.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from tradewind.adapters.bus.kafka_kept import kept
from tradewind.adapters.bus.kafka_place import KafkaPlace, Trouble, client_settings, meant
from tradewind.adapters.bus.kafka_subscription import KafkaSubscription
from tradewind.core.domain.errors import TradewindError, Unavailable
from tradewind.core.domain.events.codec import encode
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.event_types import partitions_of, place_of
from tradewind.ports.bus import Delivery, Subscription

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message, Producer

PATIENCE_S = 10.0
"""How long Kafka may take to acknowledge; a broker's death is over sooner."""
POLL_S = 0.1
FULL_S = 0.005
"""How long to wait for room when too many events are on their way."""
PUBLISHING = {
    "enable.idempotence": True,
    "acks": "all",
    # Events of one call go out together: more than two milliseconds would only be waited for by who publishes one.
    "linger.ms": 2,
    "compression.type": "lz4",
    # A topic that is not there is said to be missing soon; `make_topics` waits until all brokers know it.
    "topic.metadata.propagation.max.ms": 2_000,
    "queue.buffering.max.messages": 200_000,
    "queue.buffering.max.kbytes": 262_144,
}


class KafkaBus:
    """The bus of one process and one event loop, over a Kafka cluster. The topics must be there: `kafka_topics`."""

    def __init__(self, place: KafkaPlace, *, patience_s: float = PATIENCE_S) -> None:
        """Raises BadInput for a place that is none. Nothing is sent before the first call."""
        self.place, self.patience_s = place, patience_s
        self._trouble = Trouble()
        self._settings = client_settings(place, self._trouble) | PUBLISHING
        self._producer: Producer | None = None
        self._poller: threading.Thread | None = None
        self._subscriptions: list[KafkaSubscription] = []
        self._closed = False

    async def publish(self, events: Sequence[Event[Any]]) -> None:
        """Publish, and wait until all are acknowledged; see the port."""
        self._must_be_open()
        # Each is looked at before the first is sent: of a call that is refused nothing is on its way.
        encoded, places = [encode(event) for event in events], [place_of(event) for event in events]
        if not encoded:
            return
        producer = self._open_producer()
        batch = _Batch(asyncio.get_running_loop())
        from confluent_kafka import KafkaException  # noqa: PLC0415 - optional

        produce, prefix, delivered, sent = producer.produce, self.place.prefix, batch.delivered, 0
        try:
            for event, data, (topic, partition) in zip(events, encoded, places, strict=True):
                deadline = 0.0
                while True:
                    try:
                        produce(prefix + topic, data, event.token, partition, delivered)
                        break
                    except BufferError:
                        deadline = deadline or time.monotonic() + self.patience_s
                        await self._room(deadline)
                sent += 1
        except KafkaException as problem:
            raise self._meant(problem.args[0]) from None
        finally:
            batch.all_sent(sent)
        await batch.done.wait()
        if batch.problem is not None:
            raise self._meant(batch.problem)
        self._trouble.over()

    async def subscribe(self, group: str, topics: Sequence[str], member: str) -> Subscription:
        """Become a member of a group; see the port."""
        self._must_be_open()
        for topic in topics:
            partitions_of(topic)
        subscription = KafkaSubscription(self.place, group, topics, member, self.patience_s)
        self._subscriptions = [*(one for one in self._subscriptions if not one.closed), subscription]
        try:
            await subscription.join()
        except BaseException:
            await subscription.close()
            raise
        return subscription

    def kept(self, topics: Sequence[str]) -> AsyncIterator[list[Delivery]]:
        """Everything on these topics that Kafka keeps; see the port."""
        self._must_be_open()
        return kept(self.place, topics, self.patience_s)

    async def close(self) -> None:
        """Let the bus go; members that are left leave their groups."""
        self._closed = True
        for subscription in self._subscriptions:
            await subscription.close()
        self._subscriptions.clear()
        if self._producer is not None and self._poller is not None:
            await asyncio.to_thread(self._producer.flush, self.patience_s)
            self._producer = None
            await asyncio.to_thread(self._poller.join)

    def _must_be_open(self) -> None:
        if self._closed:
            raise Unavailable("the bus is closed", where=self.place.shown)

    def _meant(self, error: KafkaError) -> TradewindError:
        """What an error means; after one that the client cannot overcome, the next call begins with a new client."""
        if error.fatal() or error.name() == "_FATAL":
            self._producer = None
        return meant(self._trouble.explains(error), self.place)

    async def _room(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise Unavailable("too many events are on their way", where=self.place.shown)
        await asyncio.sleep(FULL_S)
        self._must_be_open()  # else nobody would hear any more that they arrived

    def _open_producer(self) -> Producer:
        if self._producer is None:
            from confluent_kafka import Producer  # noqa: PLC0415 - optional

            patience = {"delivery.timeout.ms": round(self.patience_s * 1_000)}
            self._producer = Producer(self._settings | patience)
            self._poller = threading.Thread(target=self._poll, args=(self._producer,), name="kafka", daemon=True)
            self._poller.start()
        return self._producer

    def _poll(self, producer: Producer) -> None:
        """Hear what was acknowledged, on a thread of its own, until all is settled and no more will come."""
        while self._producer is producer or len(producer):
            producer.poll(POLL_S)


class _Batch:
    """The events of one call: how many are settled, and what was wrong with the first that failed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.done = asyncio.Event()
        self.problem: KafkaError | None = None
        self._loop = loop
        self._settled, self._sent = 0, -1

    def delivered(self, error: KafkaError | None, _message: Message) -> None:
        """Called on the polling thread, once for each event."""
        if error is not None and self.problem is None:
            self.problem = error
        self._settled += 1
        if self._settled == self._sent:
            # Where the loop has ended meanwhile, nobody waits any more.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self.done.set)

    def all_sent(self, number: int) -> None:
        """No more will come. Both sides look after they have written, so one of them sees that all is settled."""
        self._sent = number
        if self._settled == number:
            self.done.set()
