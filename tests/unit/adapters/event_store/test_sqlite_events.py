"""The SQLite event store: what is particular to a file."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from event_examples import tick

from tradewind.adapters.event_store.sqlite_events import SqliteEventStore, _Waiting
from tradewind.core.domain.errors import Corrupt, Unavailable
from tradewind.ports.event_store import EventQuery

PATIENCE_S = 60
LAWS = Path(__file__).parents[3] / "laws"
PUBLISHER = """
import asyncio, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from event_examples import tick
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore

async def publish():
    store = SqliteEventStore(Path(sys.argv[1]))
    number = int(sys.argv[3])
    while True:
        await store.append([tick(number + i) for i in range(10)])
        number += 10
        print(number, flush=True)

asyncio.run(publish())
"""


async def read_all(path):
    store = SqliteEventStore(path)
    found = [s.event.event_id async for some in store.read(EventQuery()) for s in some]
    await store.close()
    return found


def test_whatever_was_acknowledged_before_a_kill_is_there(tmp_path):
    path, number = tmp_path / "events.db", 0
    for round_ in range(4):
        publisher = subprocess.Popen(
            [sys.executable, "-c", PUBLISHER, str(path), str(LAWS), str(number)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3 + 5 * round_):
            number = int(publisher.stdout.readline())
        os.kill(publisher.pid, signal.SIGKILL)
        acknowledged = [number, *(int(line) for line in publisher.stdout if line.endswith("\n"))]
        publisher.wait()
        publisher.stdout.close()
        number = acknowledged[-1]
        found = asyncio.run(read_all(path))
        assert found[:number] == [tick(i).event_id for i in range(number)]
        assert len(found) % 10 == 0, "a call's events are stored all or none"
        number = len(found)


def test_two_processes_may_open_a_file_at_once(tmp_path):
    path = tmp_path / "events.db"

    async def work():
        one, other = SqliteEventStore(path), SqliteEventStore(path)
        await asyncio.gather(*(s.append([tick(2 * i + n)]) for i in range(20) for n, s in enumerate((one, other))))
        await one.close()
        await other.close()

    asyncio.run(work())
    assert len(asyncio.run(read_all(path))) == 40


def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "events.db"
    path.write_bytes(b"this is no database" * 1_000)
    with pytest.raises(Corrupt, match=r"events\.db: it is damaged"):
        SqliteEventStore(path)


def test_a_newer_file_is_left_alone(tmp_path):
    import apsw

    path = tmp_path / "events.db"
    apsw.Connection(str(path)).pragma("user_version", 99)
    with pytest.raises(Corrupt, match="newer Tradewind"):
        SqliteEventStore(path)


def test_a_full_disk_is_told_and_what_was_stored_is_kept(tmp_path):
    async def work():
        store = SqliteEventStore(tmp_path / "events.db")
        await store.append([tick(1)])
        store._writer.pragma("max_page_count", store._writer.pragma("page_count") + 4)
        with pytest.raises(Unavailable, match="disk is full"):
            await store.append([tick(i) for i in range(2, 5_000)])
        store._writer.pragma("max_page_count", 1_000_000)
        assert len(await store.append([tick(2)])) == 1
        assert await store.count(EventQuery()) == 2
        await store.close()

    asyncio.run(work())


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="file"):
        SqliteEventStore(tmp_path / "file" / "events.db")


def test_who_stops_waiting_for_an_answer_leaves_the_file_usable(tmp_path):
    reading, go_on = threading.Event(), threading.Event()

    def slow():
        reading.set()
        return not go_on.wait(PATIENCE_S)

    async def work():
        async with asyncio.timeout(PATIENCE_S):
            store = SqliteEventStore(tmp_path / "events.db")
            await store.append([tick(i) for i in range(50)])
            store._reader.set_progress_handler(slow, 1)
            asking = asyncio.create_task(store.count(EventQuery()))
            await asyncio.to_thread(reading.wait, PATIENCE_S)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            again = asyncio.create_task(store.count(EventQuery()))
            await asyncio.wait({again}, timeout=0.3)  # it is asked, and has to wait for the first
            go_on.set()
            found = await again
            await store.close()
            return found

    assert asyncio.run(work()) == 50


def test_a_loop_that_ends_while_its_events_are_written_does_not_end_the_writer(tmp_path, monkeypatch):
    """Its end may come between any two steps of the writer's thread."""
    store = SqliteEventStore(tmp_path / "events.db")
    ended = asyncio.new_event_loop()
    ended.close()
    monkeypatch.setattr(ended, "is_closed", lambda: False)  # as the writer saw it a moment before
    store._queue.put(_Waiting("PRAGMA optimize", [()], ended, asyncio.Future(loop=ended)))

    async def work():
        async with asyncio.timeout(60):
            assert await store.append([tick(1)]) == [1]
            await store.close()

    asyncio.run(work())
