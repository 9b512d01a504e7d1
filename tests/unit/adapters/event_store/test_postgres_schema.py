"""Tables of the event store in PostgreSQL: made once, brought up to date, all of a step or none, by whoever comes."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest
from event_examples import tick
from tests.servers.event_stores import asked, opened

from tradewind.adapters.event_store import postgres_schema
from tradewind.adapters.event_store.postgres_schema import FRAMES, Kind, migrations
from tradewind.core.domain.errors import BadInput, Corrupt
from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.ports.event_store import EventQuery, Hold

PATIENCE_S = 60
DAY_NS = UNITS_NS["d"]
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


@pytest.mark.parametrize("number", [6, 7])
def test_what_an_older_tradewind_wrote_packed_and_held_is_there_afterwards(url, tmp_path, monkeypatch, number):
    new, start = postgres_schema.FOLDER, time.time_ns() - 20 * DAY_NS
    made = [tick(i, time_event=start + i % 5 * DAY_NS + i, time_recorded=start + 20 * DAY_NS) for i in range(80)]
    monkeypatch.setattr(postgres_schema, "FOLDER", those_up_to(tmp_path, number))
    older = "CREATE FUNCTION tradewind.readable(json) RETURNS json LANGUAGE sql AS 'SELECT $1'"

    async def work():
        async with opened(url) as store:
            await store.append(made[:40])
            await asked(url, older)  # by which candles are made today
            assert (await store.tidy()).packed == 40
            await asked(url, "DROP FUNCTION tradewind.readable")
            await store.append(made[40:])
        monkeypatch.setattr(postgres_schema, "FOLDER", new)
        async with opened(url) as store:
            assert await store.append(made) == list(range(1, 81)), "each is known, packed or not"
            assert [s.event async for some in store.read(EventQuery()) for s in some] == made
            await store.tidy()
            assert await store.count(EventQuery()) == 80
            await store.hold(Hold("case", EventQuery(end_ns=start + DAY_NS), "a question"))
            purged = await store.purge(start + 3 * DAY_NS)
            return sum(purged.forgotten.values()), sum(purged.held.values()), await store.count(EventQuery())

    old = sum(e.time_event < start + 3 * DAY_NS for e in made)
    held = sum(e.time_event < start + DAY_NS for e in made)
    assert run(work) == (old - held, held, 80 - old + held)


def test_who_may_only_use_what_was_made_for_it_is_let_in_and_who_may_nothing_is_told_what_is_missing(postgres):
    name = postgres.new_database().rpartition("/")[2]
    for role in ("given", "stranger"):
        postgres.ask(f"DROP ROLE IF EXISTS {role}")
        postgres.ask(f"CREATE ROLE {role} LOGIN")
    postgres.ask("CREATE SCHEMA tradewind AUTHORIZATION given", name)
    there = f"127.0.0.1:{postgres.port}/{name}"

    async def work():
        async with opened(f"postgresql://given@{there}") as store:
            assert await store.append([tick(1)]) == [1]
            await store.tidy()
        async with opened(f"postgresql://stranger@{there}") as store:
            with pytest.raises(BadInput, match="does not let us: permission denied for schema tradewind"):
                await store.append([tick(2)])

    run(work)
    postgres.ask("DROP OWNED BY given CASCADE", name)


def test_who_may_not_install_timescaledb_gets_partitions(timescale):
    name = timescale.new_database().rpartition("/")[2]
    timescale.ask("CREATE ROLE modest LOGIN")
    timescale.ask("CREATE SCHEMA tradewind AUTHORIZATION modest", name)

    async def work():
        async with opened(f"postgresql://modest@127.0.0.1:{timescale.port}/{name}") as store:
            assert await store.append([tick(1)]) == [1]
            await store.tidy()
            return store.kind, await store.described()

    kind, described = run(work)
    assert kind is Kind.NATIVE
    assert "partitions by day" in described
    assert timescale.ask("SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'", name) == [(0,)]


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
