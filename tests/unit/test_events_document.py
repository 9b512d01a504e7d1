"""The documents about events are those of the catalogue."""

import json
import sys
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS))

import events_document  # noqa: E402

from tradewind.core.domain.events.event_types import EVENT_TYPES  # noqa: E402
from tradewind.core.domain.events.topics import TOPICS  # noqa: E402


def test_the_document_is_today_s():
    assert (DOCS / "asyncapi.json").read_text(encoding="utf-8") == events_document.document()


def test_the_page_s_table_is_today_s():
    page = (DOCS / "events.md").read_text(encoding="utf-8")
    assert events_document.page(page) == page


def test_every_reference_of_the_document_leads_somewhere():
    document = json.loads(events_document.document())

    def references(value):
        if isinstance(value, dict):
            for name, inner in value.items():
                if name == "$ref":
                    yield inner
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    found = set(references(document))
    assert found
    for reference in found:
        place = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
    assert set(document["components"]["messages"]) == set(EVENT_TYPES)
    assert set(document["channels"]) == {name for t in TOPICS.values() for name in (t.name, t.dead_letters)}
