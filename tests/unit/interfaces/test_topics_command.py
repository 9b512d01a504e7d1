"""`tradewind topics`, and Kafka by one setting."""

import asyncio

import pytest
from event_examples import tick

from tradewind import bootstrap
from tradewind.adapters.bus.memory_bus import MemoryBus
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.topics import TOPICS


def test_the_topics_are_listed_with_what_the_catalogue_says(ask):
    listed = ask("topics", "--json").document["topics"]
    assert [topic["name"] for topic in listed] == list(TOPICS)
    assert listed[0]["partitions"] == 10
    assert (listed[0]["retention_days"], listed[13]["retention_days"]) == (1, None)
    assert "for ever" in ask("topics").out


def test_without_kafka_there_is_nothing_to_make(ask):
    answer = ask("topics", "--make", "--json")
    assert answer.code == 3
    assert "TRADEWIND_KAFKA" in answer.error["fix"]


def test_one_setting_makes_events_travel_through_kafka_and_doctor_says_what_is_there(ask, kafka, monkeypatch):
    monkeypatch.setenv("TRADEWIND_KAFKA", f"kafka://{kafka.places}?prefix=command.")
    missing = next(c for c in ask("doctor", "--json").document["checks"] if c["name"] == "bus")
    assert missing["state"] != "fine"
    assert "price.ticks" in missing["found"]
    assert "tradewind topics --make" in missing["fix"]

    first = ask("topics", "--make", "--replicas", "1", "--json").document
    assert len(first["made"]) == 2 * len(TOPICS)
    assert ask("topics", "--make", "--replicas", "1", "--json").document == {"made": [], "changed": []}
    fine = next(c for c in ask("doctor", "--json").document["checks"] if c["name"] == "bus")
    assert (fine["state"], "1 brokers, 36 topics" in fine["found"]) == ("fine", True)

    async def work():
        bus = bootstrap.open_bus(store=None)
        try:
            subscription = await bus.subscribe("g", ["price.ticks"], "m")
            await bus.publish([tick(1)])
            return await subscription.receive(1, 30.0)
        finally:
            await bus.close()

    assert [d.event for d in asyncio.run(work())] == [tick(1)]


def test_without_the_setting_events_travel_inside_the_process(home):
    assert isinstance(bootstrap.open_bus(store=None), MemoryBus)


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("localhost:9092", "no place of a Kafka cluster"),
        ("http://localhost:9092", "no place of a Kafka cluster"),
        ("kafka://", "no place of a Kafka cluster"),
        ("kafka://a:1,b:no", "no place of a Kafka cluster"),
        ("kafka://ann@host:9092", "no place of a Kafka cluster"),
        ("kafka+tls://host:9092?ca=there/is/none.pem", "there is no file"),
        ("kafka://host:9092?colour=red", "'colour' is not known"),
        ("kafka://host:9092?prefix=a b", "cannot stand before"),
    ],
)
def test_a_place_that_is_none_says_how_to_write_one(home, monkeypatch, place, why):
    monkeypatch.setenv("TRADEWIND_KAFKA", place)
    with pytest.raises(BadInput, match=why):
        bootstrap.open_bus(store=None)
