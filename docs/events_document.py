"""Write asyncapi.json and the table of events.md from the catalogue of events: python docs/events_document.py"""

from __future__ import annotations

import json
from pathlib import Path

import tradewind
from tradewind.core.domain.events.asyncapi import asyncapi
from tradewind.core.domain.events.event_types import EVENT_TYPES, TRAVELLING
from tradewind.core.domain.events.topics import DAY_NS, TOPICS

HERE = Path(__file__).parent
DOCUMENT = HERE / "asyncapi.json"
PAGE = HERE / "events.md"
BEGIN, END = "<!-- topics: written by docs/events_document.py -->", "<!-- end of topics -->"


def document() -> str:
    """The AsyncAPI document."""
    return json.dumps(asyncapi(tradewind.__version__), indent=1, ensure_ascii=False) + "\n"


def table() -> str:
    """A row for each topic."""
    lines = ["| topic | partitions | by | kept | events | what |", "|---|---:|---|---:|---|---|"]
    for topic in TOPICS.values():
        types = [k.name for k in EVENT_TYPES.values() if k.topic is topic and k.payload not in TRAVELLING]
        kept = "for ever" if topic.retention_ns is None else f"{topic.retention_ns // DAY_NS} d"
        names = ", ".join(f"`{name}`" for name in types)
        lines.append(f"| `{topic.name}` | {topic.partitions} | {topic.key} | {kept} | {names} | {topic.meaning} |")
    return "\n".join(lines)


def page(text: str) -> str:
    """The page with today's table in it."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
