"""Tables of the event store in PostgreSQL: made once, brought up to date, all of a step or none, by whoever comes."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from event_examples import tick
from tests.servers.event_stores import asked, opened

from tradewind.adapters.event_store import postgres_schema
from tradewind.adapters.event_store.postgres_schema import FRAMES, Kind, migrations
from tradewind.core.domain.errors import Corrupt
from tradewind.ports.event_store import EventQuery

PATIENCE_S = 60
OPENER = """
import asyncio, sys
from tradewind.adapters.event_store.postgres_events import PostgresEventStore

async def work():
    store = PostgresEventStore(sys.argv[1])
    print("here", flush=True)
    await store.last_position()
    print("open", flush=True)
    await store.close()

asyncio.run(work())
"""


@pytest.fixture
def url(postgres):
    return postgres.new_database()


def run(work):
    async def bounded():
        async with asyncio.timeout(PATIENCE_S):
            return await work()

    return asyncio.run(bounded())


async def steps(url):
    return [row[0] for row in await asked(url, "SELECT name FROM tradewind.migrations ORDER BY number")]


def those_up_to(folder, number, **changed):
    """A folder with the first migrations, some of them with other text."""
    for path in sorted(Path(postgres_schema.FOLDER).glob("*.sql")):
        if int(path.name[:4]) <= number:
            shutil.copy(path, folder / path.name)
    for name, text in changed.items():
        (folder / f"{name.lstrip('_')}.sql").write_text(text)
    return folder


def test_an_older_database_is_brought_up_to_date_and_keeps_what_it_has(url, tmp_path, monkeypatch):
    new = postgres_schema.FOLDER
    monkeypatch.setattr(postgres_schema, "FOLDER", those_up_to(tmp_path, 5))

    async def work():
        connection = await asyncpg.connect(url)
        assert await postgres_schema.migrate(connection, "here") is Kind.NATIVE
        await connection.close()
        monkeypatch.setattr(postgres_schema, "FOLDER", new)
        async with opened(url) as store:
            await store.append([tick(1)])
            await store.tidy()
            assert await store.count(EventQuery()) == 1
        return await steps(url)

    assert run(work) == [m.name for m in migrations(Kind.NATIVE)]


def test_a_step_that_breaks_off_leaves_nothing_behind_and_is_taken_again(url, tmp_path, monkeypatch):
    new = postgres_schema.FOLDER
    broken = "CREATE TABLE tradewind.half (x int); SELECT 1 / 0"
    monkeypatch.setattr(postgres_schema, "FOLDER", those_up_to(tmp_path, 4, _0005_breaks=broken))

    async def work():
        async with opened(url) as store:
            with pytest.raises(asyncpg.DivisionByZeroError):
                await store.last_position()
        assert await asked(url, "SELECT schemaname FROM pg_tables WHERE schemaname = 'tradewind'") == []
        monkeypatch.setattr(postgres_schema, "FOLDER", new)
        async with opened(url) as store:
            assert await store.append([tick(1)]) == [1]
        return await steps(url)

    assert run(work) == [m.name for m in migrations(Kind.NATIVE)]


def test_processes_that_come_at_once_and_are_killed_half_way_leave_whole_tables(url):
    for _ in range(3):
        both = [
            subprocess.Popen([sys.executable, "-c", OPENER, url], stdout=subprocess.PIPE, text=True) for _ in range(2)
        ]
        for process in both:
            assert process.stdout.readline() == "here\n"
        os.kill(both[0].pid, signal.SIGKILL)
        said = both[1].stdout.read()
        for process in both:
            process.wait(PATIENCE_S)
            process.stdout.close()
        assert (said, both[1].returncode) == ("open\n", 0)

    async def work():
        async with opened(url) as store:
            await store.append([tick(1)])
        return await steps(url)

    assert run(work) == [m.name for m in migrations(Kind.NATIVE)]


def test_tables_that_somebody_took_away_are_told_as_damage(url):
    async def work():
        async with opened(url) as store:
            await store.append([tick(1)])
            await asked(url, "DROP TABLE tradewind.event_ids")
            with pytest.raises(Corrupt, match="not as Tradewind made them"):
                await store.append([tick(2)])

    run(work)


@pytest.mark.parametrize("kind", Kind)
def test_steps_are_numbered_in_one_row_and_made_for_every_timeframe(kind):
    found = migrations(kind)
    assert [m.number for m in found] == list(range(1, len(found) + 1))
    for frame in FRAMES:
        (step,) = [m for m in found if f"tradewind.candles_{frame['frame']}" in m.sql]
        assert step.sql.count("{") == 0
