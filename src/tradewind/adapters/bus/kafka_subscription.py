"""A member of a Kafka consumer group. All it does happens on one thread of its own, one thing after the other."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from tradewind.adapters.bus.kafka_place import MAKE_TOPICS, KafkaPlace, Trouble, client_settings, meant, while_moving
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.core.domain.events.codec import decode
from tradewind.core.domain.events.event_types import partitions_of
from tradewind.ports.bus import Delivery, Place

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

SILENCE_S_MAX = 30.0
"""Seconds after which a member that receives nothing any more is taken for dead."""
SESSION_S = 10.0
"""Seconds after which a process that is not heard of any more is taken for dead."""
JOIN_S_MAX = 45.0
"""A group waits for members that are silent before it lets a new one in."""
SLICE_S = 0.1
AT_ONCE = 500
"""Messages that are taken over from the client at a time."""
RECEIVING = {
    "enable.auto.commit": False,
    "auto.offset.reset": "earliest",
    # Partitions that stay with a member are not taken from it while others move.
    "partition.assignment.strategy": "cooperative-sticky",
    "session.timeout.ms": round(SESSION_S * 1_000),
    "heartbeat.interval.ms": 1_000,
    "max.poll.interval.ms": round(SILENCE_S_MAX * 1_000),
    "queued.max.messages.kbytes": 65_536,
    # A request that waits at the broker for some partitions holds up those that were given meanwhile.
    "fetch.wait.max.ms": 100,
    "fetch.queue.backoff.ms": 20,
}
PASSING = ("REBALANCE_IN_PROGRESS", "COORDINATOR_LOAD_IN_PROGRESS", "NOT_COORDINATOR", "_WAIT_COORD", "_RETRY")
"""Why a commit fails that succeeds soon after."""
HARMLESS = ("_MAX_POLL_EXCEEDED", "_TRANSPORT", "_ALL_BROKERS_DOWN", "_TIMED_OUT", "_RESOLVE")
"""What the client reports and overcomes by itself."""

T = TypeVar("T")


class KafkaSubscription:
    """A member of a group of a KafkaBus."""

    def __init__(self, place: KafkaPlace, group: str, topics: Sequence[str], member: str, patience_s: float) -> None:
        from confluent_kafka import Consumer  # noqa: PLC0415 - optional

        self.place, self.topics, self.patience_s = place, tuple(topics), patience_s
        self._trouble = Trouble()
        mine = {"group.id": place.prefix + group, "client.id": member}
        self._consumer: Consumer = Consumer(client_settings(place, self._trouble) | RECEIVING | mine)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"kafka {group}")
        self._assigned: frozenset[Place] = frozenset()
        self._waiting: deque[Delivery] = deque()
        self._committed: dict[Place, int] = {}
        self._gone: deque[Place] = deque()
        self._paused: list[TopicPartition] = []
        self._joined = self.closed = False

    async def join(self) -> None:
        """Become a member. Raises BadInput where a topic is not as it must be, Unavailable where Kafka is not there."""
        await self._call(self._join)

    async def receive(self, at_most: int, wait_s: float) -> list[Delivery]:
        """What has come in; see the port."""
        # What a call that was cancelled has fetched stays in line for the next one.
        if not self._waiting or at_most <= 0:
            await self._call(self._fetch, at_most, wait_s)
        return [self._waiting.popleft() for _ in range(min(at_most, len(self._waiting)))]

    async def commit(self, offsets: Mapping[Place, int]) -> None:
        """Everything below these offsets has been dealt with; see the port."""
        if offsets:
            await self._call(self._commit, dict(offsets))

    def lost(self) -> frozenset[Place]:
        """The places that were taken from this member since it last asked; see the port."""
        gone = set()
        while self._gone:
            gone.add(self._gone.popleft())
        return frozenset(gone)

    def assigned(self) -> frozenset[Place]:
        """The places that are this member's now."""
        return self._assigned

    async def lag(self) -> Mapping[Place, int]:
        """How many events of each assigned place are not committed yet."""
        return await self._call(self._measure)

    async def close(self) -> None:
        """Leave the group."""
        if not self.closed:
            self.closed = True
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._consumer.close)
            finally:
                self._thread.shutdown(wait=False)
                self._assigned = frozenset()
                self._waiting.clear()

    async def _call(self, work: Callable[..., T], *words: Any) -> T:
        if self.closed:
            raise Unavailable("this member has left its group", where=self.place.shown)
        from confluent_kafka import KafkaException  # noqa: PLC0415 - optional

        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, *words)
        except KafkaException as problem:
            raise meant(self._trouble.explains(problem.args[0]), self.place) from None

    # What follows runs on the thread.

    def _join(self) -> None:
        try:
            there = self._consumer.list_topics(timeout=self.patience_s).topics
        finally:
            self._consumer.poll(0)  # tells why, where it failed
        for topic in self.topics:
            found, wanted = there.get(self.place.prefix + topic), partitions_of(topic)
            if found is None or len(found.partitions) != wanted:
                has = "is not there" if found is None else f"has {len(found.partitions)} partitions, not {wanted}"
                raise BadInput(f"the topic {self.place.prefix + topic} {has}", where=self.place.shown, fix=MAKE_TOPICS)
        self._consumer.subscribe(
            [self.place.prefix + topic for topic in self.topics],
            on_assign=self._given, on_revoke=self._taken, on_lost=self._taken,
        )  # fmt: skip
        deadline = time.monotonic() + JOIN_S_MAX
        while not (self._joined or self.closed):
            self._fetch(1, SLICE_S)
            if (refused := self._trouble.refused) is not None:
                raise meant(refused, self.place)
            if time.monotonic() > deadline:
                raise Unavailable(f"the group did not let us in within {JOIN_S_MAX:g} s", where=self.place.shown)

    def _fetch(self, at_most: int, wait_s: float) -> None:
        """Put what comes in line. One is waited for; the rest is what is there already."""
        self._rest(at_most <= 0)
        first = self._consumer.poll(wait_s)
        if first is None:
            return
        problems = self._put([first])
        # A few hundred at a time: of many thousands Python's collector would look at each several times.
        left = at_most - 1
        while left > 0 and (messages := self._consumer.consume(min(left, AT_ONCE), 0)):
            problems += self._put(messages)
            left -= len(messages)
        if problems and not self._waiting:
            raise meant(problems[0], self.place)

    def _put(self, messages: list[Message]) -> list[KafkaError]:
        """Put messages in line; what is wrong with those that are none, where the client does not overcome it."""
        problems, put, mine = [], self._waiting.append, self._assigned
        places: dict[tuple[str | None, int | None], Place] = {(self.place.prefix + t, p): (t, p) for t, p in mine}
        topic = partition = place = None
        for message in messages:
            error = message.error()
            if error is None:
                # Many of one partition come one after the other.
                if message.partition() != partition or message.topic() != topic:
                    topic, partition = message.topic(), message.partition()
                    place = places.get((topic, partition))  # none: it was given away meanwhile
                if place is not None:
                    put(delivery_of(place, message))
            elif error.name() not in HARMLESS:
                problems.append(error)
        return problems

    def _rest(self, resting: bool) -> None:
        """A member that has its hands full asks on, so that it is not taken for dead, and is given nothing."""
        if resting:
            self._paused = self._consumer.assignment()
            self._consumer.pause(self._paused)
        elif self._paused:
            mine = {(part.topic, part.partition) for part in self._consumer.assignment()}
            self._consumer.resume([part for part in self._paused if (part.topic, part.partition) in mine])
            self._paused = []

    def _commit(self, offsets: dict[Place, int]) -> None:
        from confluent_kafka import KafkaException, TopicPartition  # noqa: PLC0415 - optional

        deadline = time.monotonic() + self.patience_s
        while True:
            if lost := sorted(offsets.keys() - self._assigned):
                raise Unavailable(f"{lost[0][0]} {lost[0][1]} is not this member's any more", where=self.place.shown)
            wanted = [TopicPartition(self.place.prefix + t, p, offset) for (t, p), offset in offsets.items()]
            try:
                done = self._consumer.commit(offsets=wanted, asynchronous=False) or []
                error = next((one.error for one in done if one.error is not None), None)
            except KafkaException as problem:
                error = problem.args[0]
            if error is None:
                self._committed |= offsets
                return
            if error.name() not in PASSING or time.monotonic() > deadline:
                raise Unavailable(f"not committed: {error.str()}", where=self.place.shown)
            self._fetch(1, SLICE_S)  # lets the group come to rest

    def _measure(self) -> dict[Place, int]:
        from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, TopicPartition  # noqa: PLC0415 - optional

        parts = {place: TopicPartition(self.place.prefix + place[0], place[1]) for place in sorted(self._assigned)}
        new = [part for place, part in parts.items() if place not in self._committed]
        begun = self._asked(lambda: self._consumer.committed(new, timeout=self.patience_s)) if new else []
        never = [part for part in begun if part.offset < 0]
        self._committed |= self._offsets([part for part in begun if part.offset >= 0])
        self._committed |= self._offsets(self._edges(never, OFFSET_BEGINNING))
        ends = {place: self._consumer.get_watermark_offsets(part, cached=True)[1] for place, part in parts.items()}
        # Of places from which nothing was fetched yet the client does not know the end.
        unknown = [part for place, part in parts.items() if ends[place] < 0]
        ends |= self._offsets(self._edges(unknown, OFFSET_END))
        return {place: max(0, ends[place] - self._committed[place]) for place in parts}

    def _edges(self, parts: list[TopicPartition], edge: int) -> list[TopicPartition]:
        """Where partitions begin or end: asked for as times, these two mean an edge."""
        from confluent_kafka import TopicPartition  # noqa: PLC0415 - optional

        asked = [TopicPartition(part.topic, part.partition, edge) for part in parts]
        return self._asked(lambda: self._consumer.offsets_for_times(asked, timeout=self.patience_s)) if asked else []

    def _asked(self, ask: Callable[[], list[TopicPartition]]) -> list[TopicPartition]:
        """What is said of partitions, where it is said of all of them."""
        from confluent_kafka import KafkaException  # noqa: PLC0415 - optional

        def whole() -> list[TopicPartition]:
            parts = ask()
            if (error := next((part.error for part in parts if part.error is not None), None)) is not None:
                raise KafkaException(error)
            return parts

        return while_moving(whole, self.patience_s)

    def _offsets(self, parts: list[TopicPartition]) -> dict[Place, int]:
        return {self._place(part.topic, part.partition): part.offset for part in parts}

    def _given(self, _consumer: Consumer, parts: list[TopicPartition]) -> None:
        self._joined = True
        self._assigned |= {self._place(part.topic, part.partition) for part in parts}

    def _taken(self, _consumer: Consumer, parts: list[TopicPartition]) -> None:
        gone = {self._place(part.topic, part.partition) for part in parts}
        self._assigned -= gone
        self._gone.extend(gone)
        for place in gone:
            self._committed.pop(place, None)
        kept = [delivery for delivery in self._waiting if delivery.place not in gone]
        self._waiting.clear()
        self._waiting.extend(kept)

    def _place(self, topic: str | None, partition: int | None) -> Place:
        assert topic is not None
        assert partition is not None
        return topic.removeprefix(self.place.prefix), partition


def delivery_of(place: Place, message: Message) -> Delivery:
    """A message as a subscriber receives it."""
    topic, partition = place
    data: Any = message.value() or b""
    offset: Any = message.offset()
    try:
        return Delivery(topic, partition, offset, decode(data))
    except BadInput as problem:
        return Delivery(topic, partition, offset, None, data, str(problem))
