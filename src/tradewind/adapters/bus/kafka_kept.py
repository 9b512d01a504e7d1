"""Everything that Kafka keeps on topics, to look at: no group is joined, and nothing is committed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from tradewind.adapters.bus.kafka_place import MAKE_TOPICS, KafkaPlace, Trouble, client_settings, meant, while_moving
from tradewind.adapters.bus.kafka_subscription import delivery_of
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.core.domain.events.event_types import partitions_of
from tradewind.ports.bus import Delivery, Place

if TYPE_CHECKING:
    from confluent_kafka import Consumer, TopicPartition

AT_ONCE = 1_000
SLICE_S = 0.2


async def kept(place: KafkaPlace, topics: Sequence[str], patience_s: float) -> AsyncIterator[list[Delivery]]:
    """What is kept now; see the port."""
    for topic in topics:
        partitions_of(topic)
    reader = await asyncio.to_thread(_Reader, place, topics, patience_s)
    try:
        while reader.ends:
            if some := await asyncio.to_thread(reader.more):
                yield some
    finally:
        await asyncio.to_thread(reader.close)


class _Reader:
    def __init__(self, place: KafkaPlace, topics: Sequence[str], patience_s: float) -> None:
        from confluent_kafka import Consumer, KafkaException  # noqa: PLC0415 - optional

        self.place, self.patience_s, self._trouble = place, patience_s, Trouble()
        told = {
            "group.id": f"{place.prefix}reader",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            # What others have published in a transaction ends with a mark that is no message: the end must be told.
            "enable.partition.eof": True,
        }
        self._consumer: Consumer = Consumer(client_settings(place, self._trouble) | told)
        self.ends: dict[Place, int] = {}
        """Where each partition of which something is still to come ends."""
        try:
            begins = [begin for topic in topics for begin in self._found(topic)]
            self._consumer.assign(begins)
        except BaseException as problem:
            self._consumer.poll(0)  # tells why
            self._consumer.close()
            if isinstance(problem, KafkaException):
                raise meant(self._trouble.explains(problem.args[0]), place) from None
            raise

    def _found(self, topic: str) -> Iterator[TopicPartition]:
        """Where a topic's partitions begin, of those that hold anything."""
        from confluent_kafka import TopicPartition  # noqa: PLC0415 - optional

        name = self.place.prefix + topic
        there = self._consumer.list_topics(timeout=self.patience_s).topics
        if name not in there:
            raise BadInput(f"the topic {name} is not there", where=self.place.shown, fix=MAKE_TOPICS)
        for number in there[name].partitions:
            part = TopicPartition(name, number)
            low, high = while_moving(
                partial(self._consumer.get_watermark_offsets, part, self.patience_s), self.patience_s
            )
            if high > low:
                self.ends[topic, number] = high
                yield TopicPartition(name, number, low)

    def more(self) -> list[Delivery]:
        """What comes next. Raises Unavailable where nothing comes for too long."""
        deadline = time.monotonic() + self.patience_s
        while not (messages := self._consumer.consume(AT_ONCE, SLICE_S)):
            if time.monotonic() > deadline:
                raise Unavailable("Kafka does not answer", where=self.place.shown)
        found = []
        for message in messages:
            topic, number, offset = message.topic(), message.partition(), message.offset()
            if topic is None or number is None or offset is None:
                continue
            at = topic.removeprefix(self.place.prefix), number
            if (error := message.error()) is not None:
                if error.name() == "_PARTITION_EOF":
                    self.ends.pop(at, None)
                continue  # anything else the client overcomes, or time runs out
            if offset < self.ends.get(at, 0):
                found.append(delivery_of(at, message))
            if offset + 1 >= self.ends.get(at, 0):
                self.ends.pop(at, None)
        return found

    def close(self) -> None:
        self._consumer.close()
