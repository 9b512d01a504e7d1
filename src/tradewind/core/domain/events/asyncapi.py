"""The catalogue as an AsyncAPI 3.0 document, for those who write programs around Tradewind.

Source: AsyncAPI Specification 3.0.0, asyncapi.com/docs/reference/specification/v3.0.0.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.event_types import EVENT_TYPES, EventType, types_on
from tradewind.core.domain.events.topics import DEAD_LETTERS, TOPICS, Topic

SCHEMA = "#/components/schemas/{name}"
MESSAGE = "#/components/messages/"


def asyncapi(version: str) -> dict[str, Any]:
    """Every topic as a channel, every event type as a message: the envelope, with the type's payload as `data`."""
    payloads = [kind.payload for kind in EVENT_TYPES.values()]
    (envelope, *_), schemas = msgspec.json.schema_components([Event[msgspec.Raw], *payloads], ref_template=SCHEMA)
    name = envelope["$ref"].rsplit("/", 1)[-1]
    fields = schemas.pop(name)
    fields["title"] = "Event"
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tradewind's events",
            "version": version,
            "description": "Every fact in Tradewind is an event. Events of one token are in one partition, in order: "
            "murmur2 of the token, as Kafka's own clients place a key. Each topic has dead letters of its own, named "
            f"with {DEAD_LETTERS} behind it.",
        },
        "channels": {
            key: channel
            for topic in TOPICS.values()
            for key, channel in (
                (topic.name, _channel(topic, topic.name, topic.meaning)),
                (
                    topic.dead_letters,
                    _channel(topic, topic.dead_letters, f"what could not be handled of {topic.name}, with the reason"),
                ),
            )
        },
        "operations": {
            f"{action} {topic}": {"action": action, "channel": {"$ref": f"#/channels/{topic}"}}
            for topic in TOPICS
            for action in ("send", "receive")
        },
        "components": {
            "messages": {kind.name: _message(kind) for kind in EVENT_TYPES.values()},
            "schemas": {"Event": fields, **schemas},
        },
    }


def _channel(topic: Topic, name: str, meaning: str) -> dict[str, Any]:
    return {
        "address": name,
        "description": meaning,
        "messages": {kind: {"$ref": f"{MESSAGE}{kind}"} for kind in types_on(name)},
        "x-partitions": topic.partitions,
        "x-key": topic.key,
        "x-retention-ns": topic.retention_ns,
    }


def _message(kind: EventType) -> dict[str, Any]:
    summary = (kind.payload.__doc__ or "").strip().splitlines()[0]
    return {
        "name": kind.name,
        "summary": summary,
        "contentType": "application/json",
        "payload": {
            "allOf": [
                {"$ref": SCHEMA.format(name="Event")},
                {
                    "properties": {
                        "type": {"const": kind.name},
                        "version": {"const": kind.version},
                        "data": {"$ref": SCHEMA.format(name=kind.payload.__name__)},
                    }
                },
            ]
        },
    }
