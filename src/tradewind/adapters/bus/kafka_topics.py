"""Kafka's topics as the catalogue says: made, compared, and set right. Doing it twice does nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradewind.adapters.bus.kafka_bus import PATIENCE_S
from tradewind.adapters.bus.kafka_place import (
    MAKE_TOPICS,
    NO_TOPIC,
    KafkaPlace,
    Trouble,
    client_settings,
    kafka_place,
    meant,
)
from tradewind.core.domain.errors import Disputed, Unavailable
from tradewind.core.domain.events.topics import TOPICS, WEEK_NS

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

MS_NS = 1_000_000
REPLICAS, IN_SYNC_MIN = 3, 2
"""Every event on three brokers, acknowledged when two have it: any one may die."""
DEAD_LETTERS_KEPT_NS = 4 * WEEK_NS
"""How long people have to look at what could not be handled."""
READY_S = 0.1


@dataclass(frozen=True)
class KafkaTopic:
    """A topic's settings in Kafka. `retention_ms` -1 is for ever."""

    name: str
    partitions: int
    replicas: int
    in_sync_min: int
    retention_ms: int


@dataclass(frozen=True)
class TopicsMade:
    """What `make_topics` did: names of topics that are new, and of those that were set right."""

    made: tuple[str, ...]
    changed: tuple[str, ...]


def wanted_topics(replicas: int = REPLICAS, in_sync_min: int = IN_SYNC_MIN) -> dict[str, KafkaTopic]:
    """Every topic of the catalogue and its dead letters, by name, as they must be in Kafka."""
    found = {}
    for topic in TOPICS.values():
        kept = {topic.name: topic.retention_ns, topic.dead_letters: DEAD_LETTERS_KEPT_NS}
        for name, retention_ns in kept.items():
            retention_ms = -1 if retention_ns is None else retention_ns // MS_NS
            found[name] = KafkaTopic(name, topic.partitions, replicas, in_sync_min, retention_ms)
    return found


async def make_topics(
    place: KafkaPlace,
    *,
    replicas: int = REPLICAS,
    in_sync_min: int = IN_SYNC_MIN,
    names: Collection[str] | None = None,
    patience_s: float = PATIENCE_S,
) -> TopicsMade:
    """Make the topics that are missing (all, or of these names) and set right how long the others keep events.

    Raises Disputed, having changed nothing, where a topic has another number of partitions or replicas: tokens would
    move to other partitions, which a person must want. Raises Unavailable, BadInput where we are not let in.
    """
    wanted = {n: t for n, t in wanted_topics(replicas, in_sync_min).items() if names is None or n in names}
    return await asyncio.to_thread(_Admin(place, patience_s).make, wanted)


async def describe_topics(place: KafkaPlace, *, patience_s: float = PATIENCE_S) -> dict[str, KafkaTopic]:
    """The catalogue's topics as Kafka has them now, by name; those that are missing are left out."""
    return await asyncio.to_thread(_Admin(place, patience_s).describe, list(wanted_topics()))


def describe(setting: str) -> str:
    """Who answers at a place, and whether its topics are as they must be: for a person. Raises as `describe_topics`,
    Disputed where topics are missing, different or could lose what they acknowledged, and Unavailable while some events
    are on fewer brokers than they should be.
    """
    admin = _Admin(kafka_place(setting), PATIENCE_S)
    found, brokers = admin.describe(wanted := wanted_topics()), admin.brokers()
    # How many replicas there are is a choice; what the catalogue says is not.
    wrong = [
        name
        for name, topic in wanted.items()
        if name not in found
        or (found[name].partitions, found[name].retention_ms) != (topic.partitions, topic.retention_ms)
    ]
    if wrong:
        some = ", ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
        raise Disputed(f"topics are missing or not as they must be: {some}", where=admin.place.shown, fix=MAKE_TOPICS)
    unsafe = sorted(name for name, topic in found.items() if topic.in_sync_min < min(2, topic.replicas))
    if unsafe:
        raise Disputed(
            f"{len(unsafe)} topics acknowledge what only one broker has, and may lose it: {', '.join(unsafe[:3])}",
            where=admin.place.shown,
            fix=MAKE_TOPICS,
        )
    if behind := admin.behind(found):
        raise Unavailable(
            f"{behind} partitions are on fewer brokers than they should be; {brokers} brokers answer",
            where=admin.place.shown,
            fix="Bring the broker back that is away; one that is back catches up by itself",
        )
    replicas = min(topic.replicas for topic in found.values())
    return f"Kafka at {admin.place.shown}, {brokers} brokers, {len(found)} topics, {replicas} replicas of each event"


class _Admin:
    def __init__(self, place: KafkaPlace, patience_s: float) -> None:
        settings = client_settings(place, (trouble := Trouble()))
        from confluent_kafka.admin import AdminClient  # noqa: PLC0415 - optional

        self.place, self.patience_s, self.trouble = place, patience_s, trouble
        self.client: AdminClient = AdminClient(settings)

    def brokers(self) -> int:
        """How many brokers there are."""
        return len(self.client.list_topics(timeout=self.patience_s).brokers)

    def behind(self, names: Iterable[str]) -> int:
        """How many partitions of these topics have fewer copies in sync than they should."""
        there = self.client.list_topics(timeout=self.patience_s).topics
        parts = (part for name in names for part in there[self.place.prefix + name].partitions.values())
        return sum(len(part.isrs) < len(part.replicas) for part in parts)

    def describe(self, names: Iterable[str]) -> dict[str, KafkaTopic]:
        from confluent_kafka import KafkaException  # noqa: PLC0415 - optional
        from confluent_kafka.admin import ConfigResource, ResourceType  # noqa: PLC0415

        try:
            there = self.client.list_topics(timeout=self.patience_s).topics
        except KafkaException as problem:
            self.client.poll(0)  # tells why
            raise meant(self.trouble.explains(problem.args[0]), self.place) from None
        kept = [name for name in names if self.place.prefix + name in there]
        asked = [ConfigResource(ResourceType.TOPIC, self.place.prefix + name) for name in kept]
        answers = self.client.describe_configs(asked, request_timeout=self.patience_s) if asked else {}
        found = {}
        for resource, answer in answers.items():
            if self._is_unknown(answer):
                continue  # made a moment ago: one broker knows it, the one that was asked does not yet
            settings, name = self._result(answer), resource.name.removeprefix(self.place.prefix)
            parts = there[resource.name].partitions
            found[name] = KafkaTopic(
                name,
                len(parts),
                min((len(part.replicas) for part in parts.values()), default=0),
                int(settings["min.insync.replicas"].value),
                int(settings["retention.ms"].value),
            )
        return found

    def make(self, wanted: dict[str, KafkaTopic]) -> TopicsMade:
        there = self.describe(wanted)
        for name, found in there.items():
            for what in ("partitions", "replicas"):
                if getattr(found, what) != getattr(wanted[name], what):
                    raise Disputed(
                        f"the topic {self.place.prefix + name} has {getattr(found, what)} {what}, "
                        f"and {getattr(wanted[name], what)} are wanted",
                        where=self.place.shown,
                        fix="Publish under another prefix, or change it by Kafka's own tools with all programs stopped",
                    )
        missing = [topic for name, topic in wanted.items() if name not in there]
        different = [topic for name, topic in wanted.items() if name in there and there[name] != topic]
        self._create(missing)
        self._set_right(different)
        if missing or different:
            self._wait_until(wanted)
        return TopicsMade(tuple(t.name for t in missing), tuple(t.name for t in different))

    def _wait_until(self, wanted: dict[str, KafkaTopic]) -> None:
        """What the controller has acknowledged is known to the brokers a little later."""
        deadline = time.monotonic() + self.patience_s
        while self.describe(wanted) != wanted:
            if time.monotonic() > deadline:
                raise Unavailable("the topics were made and are not seen yet", where=self.place.shown)
            time.sleep(READY_S)

    def _create(self, topics: list[KafkaTopic]) -> None:
        from confluent_kafka import KafkaException  # noqa: PLC0415 - optional
        from confluent_kafka.admin import NewTopic  # noqa: PLC0415

        new = [
            NewTopic(
                self.place.prefix + t.name, num_partitions=t.partitions, replication_factor=t.replicas,
                config={name: str(value) for name, value in _settings(t).items()},
            )
            for t in topics
        ]  # fmt: skip
        answers = self.client.create_topics(new, operation_timeout=self.patience_s) if new else {}
        for answer in answers.values():
            try:
                answer.result()
            except KafkaException as problem:
                # Another process that makes them at the same moment is welcome.
                if problem.args[0].name() != "TOPIC_ALREADY_EXISTS":
                    raise meant(self.trouble.explains(problem.args[0]), self.place) from None

    def _set_right(self, topics: list[KafkaTopic]) -> None:
        from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType  # noqa: PLC0415

        changes = [
            ConfigResource(
                ResourceType.TOPIC,
                self.place.prefix + t.name,
                incremental_configs=[
                    ConfigEntry(name, str(value), incremental_operation=AlterConfigOpType.SET)
                    for name, value in _settings(t).items()
                ],
            )
            for t in topics
        ]
        for answer in (self.client.incremental_alter_configs(changes) if changes else {}).values():
            self._result(answer)

    def _is_unknown(self, answer: Any) -> bool:
        try:
            problem = answer.exception(self.patience_s)
        except TimeoutError:
            return False
        return problem is not None and problem.args[0].name() in NO_TOPIC

    def _result(self, answer: Any) -> Any:
        from confluent_kafka import KafkaException  # noqa: PLC0415 - optional

        try:
            return answer.result(self.patience_s)
        except KafkaException as problem:
            raise meant(self.trouble.explains(problem.args[0]), self.place) from None
        except TimeoutError:
            raise Unavailable("Kafka does not answer", where=self.place.shown) from None


def _settings(topic: KafkaTopic) -> dict[str, int]:
    return {"retention.ms": topic.retention_ms, "min.insync.replicas": topic.in_sync_min}
