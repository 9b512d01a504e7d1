"""A process that publishes numbered ticks and books them, to be killed at any moment.

python bus_process.py FOLDER memory|kafka://PLACE?prefix=P publish|finish

It goes on behind the last number that it knows to be acknowledged (FOLDER/acknowledged). What it books is in
FOLDER/books.db: the booking and the note that it was made are one transaction, so one that is made twice breaks it.
"""

import asyncio
import random
import sqlite3
import sys
from pathlib import Path
from uuid import UUID

from msgspec.structs import replace

from tradewind.adapters.bus.kafka_bus import KafkaBus
from tradewind.adapters.bus.kafka_place import kafka_place
from tradewind.adapters.bus.memory_bus import MemoryBus
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.messaging.consumer import EventConsumer
from tradewind.messaging.handlers import event_handler
from tradewind.messaging.producer import EventProducer, Origin

TOKENS = 7
BATCH_MAX = 20


class Booked:
    """What was booked, with the note that it was."""

    def __init__(self, path):
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("CREATE TABLE IF NOT EXISTS books (id TEXT PRIMARY KEY, token TEXT, number INT)")

    async def has(self, event_id):
        return self.db.execute("SELECT 1 FROM books WHERE id = ?", (event_id,)).fetchone() is not None

    async def note(self, event_id):
        assert await self.has(event_id), "the booking has noted it"


class Books(EventConsumer):
    """Books each tick's number."""

    def __init__(self, booked, bus, producer):
        super().__init__(bus, producer, CountedMetrics(), group="books", member="m", handled=booked, retries_s=())
        self.db = booked.db

    @event_handler("price.tick")
    async def book(self, event):
        row = (event.event_id, event.token, round(event.data.price))
        self.db.execute("INSERT INTO books VALUES (?, ?, ?)", row)


def tick(producer, number):
    """A tick whose id is its number's, so that one that is published again is the same event."""
    made = producer.event("price.tick", {"symbol": f"COIN{number % TOKENS}", "price": number, "size": 1.0})
    own = str(UUID(int=number))
    return replace(made, event_id=own, correlation_id=own)


def acknowledged(folder):
    """The last number that is known to be acknowledged."""
    file = folder / "acknowledged"
    lines = file.read_text().split("\n")[:-1] if file.exists() else []  # a line without an end was cut off
    return int(lines[-1]) if lines else 0


async def publish(producer, folder):
    """Publish without end."""
    draw, number = random.Random(), acknowledged(folder)
    with (folder / "acknowledged").open("a", buffering=1) as told:
        while True:
            some = [tick(producer, number + i) for i in range(1, draw.randint(1, BATCH_MAX) + 1)]
            await producer.send_batch(some)
            number += len(some)
            told.write(f"{number}\n")


async def main(folder, place, what):
    """Publish and book, or only book until nothing is left."""
    store = SqliteEventStore(folder / "events.db")
    bus = MemoryBus(store) if place == "memory" else KafkaBus(kafka_place(place), patience_s=30)
    producer = EventProducer(bus, Origin("home", "test", "paper"), CountedMetrics())
    books = Books(Booked(folder / "books.db"), bus, producer)
    running = asyncio.create_task(books.run())
    await books.subscribed.wait()
    print("going", flush=True)
    if what == "publish":
        await publish(producer, folder)
    else:
        last = acknowledged(folder)
        while not (books.caught_up and await books._attempts.handled.has(str(UUID(int=last)))):
            await asyncio.sleep(0.02)
        books.stop()
        await running
    await bus.close()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
