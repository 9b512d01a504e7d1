"""A process that publishes and books, killed again and again: what was acknowledged is booked, once, in its order."""

import asyncio
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

import bus_process
import pytest

from tradewind.adapters.bus.kafka_bus import KafkaBus
from tradewind.adapters.bus.kafka_place import kafka_place
from tradewind.adapters.bus.kafka_topics import make_topics
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.ports.event_store import EventQuery

KILLS = 4
PATIENCE_S = 120


@contextmanager
def begun(folder, place, what):
    """The process at work; whatever happens it is gone afterwards."""
    command = [sys.executable, Path(bus_process.__file__), str(folder), place, what]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "going\n"
            yield process
        finally:
            process.kill()


def killed_and_finished(folder, place, seed):
    """Kills that fall while it publishes, each after some more acknowledgements; then what is left is booked."""
    draw = random.Random(seed)
    for _ in range(KILLS):
        with begun(folder, place, "publish") as process:
            enough = bus_process.acknowledged(folder) + draw.randint(1, 400)
            deadline = time.monotonic() + PATIENCE_S
            while bus_process.acknowledged(folder) < enough:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.002)
    with begun(folder, place, "finish") as process:
        assert process.wait(PATIENCE_S) == 0


def check(folder, published):
    """The books hold exactly what was published, all that was acknowledged among it, each token in its order."""
    with closing(sqlite3.connect(folder / "books.db")) as db:
        booked = db.execute("SELECT token, number FROM books ORDER BY rowid").fetchall()
    numbers = [number for _, number in booked]
    assert sorted(numbers) == sorted(set(published))
    assert set(numbers) >= set(range(1, bus_process.acknowledged(folder) + 1))
    for token in {token for token, _ in booked}:
        own = [number for name, number in booked if name == token]
        assert all(before < after for before, after in pairwise(own))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_kills_while_publishing_in_one_process_lose_nothing_and_book_nothing_twice(tmp_path, seed):
    killed_and_finished(tmp_path, "memory", seed)

    async def published():
        store = SqliteEventStore(tmp_path / "events.db")
        query = EventQuery(types=("price.tick",))
        found = [round(s.event.data.price) async for some in store.read(query) for s in some]
        dead = await store.count(EventQuery(types=("event.dead",)))
        await store.close()
        return found, dead

    found, dead = asyncio.run(published())
    assert len(found) == len(set(found)), "one that is published again is stored once"
    assert dead == 0
    check(tmp_path, found)


@pytest.mark.slow
def test_kills_while_publishing_to_kafka_lose_nothing_and_book_nothing_twice(tmp_path, kafka):
    place = f"kafka://{kafka.places}?prefix=kills."
    names = ["price.ticks", "price.ticks.dlq", "system.events"]
    asyncio.run(make_topics(kafka_place(place), replicas=1, in_sync_min=1, names=names, patience_s=60))
    killed_and_finished(tmp_path, place, 3)

    async def published(topic):
        bus = KafkaBus(kafka_place(place), patience_s=60)
        try:
            return [d.event async for some in bus.kept([topic]) for d in some]
        finally:
            await bus.close()

    assert asyncio.run(published("price.ticks.dlq")) == []
    check(tmp_path, [round(event.data.price) for event in asyncio.run(published("price.ticks"))])
