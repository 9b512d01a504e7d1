"""Rows of a real table, written and changed in batches: the same as one by one."""

import asyncio
import random

import asyncpg
import pytest

from tradewind.adapters.event_store.postgres_rows import PostgresRows
from tradewind.core.domain.errors import BadInput, Refused, Unavailable
from tradewind.messaging.batch_writer import BatchUpdateWriter, BatchWriter

PATIENCE_S = 60
COLUMNS = {"id": "text", "state": "text", "tries": "int", "score": "float8"}
TABLE = (
    "CREATE TABLE tasks (id text PRIMARY KEY, state text NOT NULL, tries int CHECK (tries >= 0), score float8);"
    "CREATE TABLE one_by_one (LIKE tasks INCLUDING ALL)"
)


@pytest.fixture
def url(postgres):
    place = postgres.new_database()
    for statement in TABLE.split(";"):
        postgres.ask(statement, place.rpartition("/")[2])
    return place


def run(work):
    async def bounded():
        async with asyncio.timeout(PATIENCE_S):
            return await work()

    return asyncio.run(bounded())


async def table(url, name="tasks"):
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(f"SELECT id, state, tries, score FROM {name} ORDER BY id")]
    finally:
        await connection.close()


def random_changes(rng, keys, number):
    made = []
    for _ in range(number):
        fields = {
            "state": rng.choice(["queued", "started", "done"]),
            "tries": rng.choice([None, 0, 1, 2]),
            "score": rng.random(),
        }
        made.append((rng.choice(keys), {name: fields[name] for name in rng.sample(sorted(fields), rng.randint(1, 3))}))
    return made


@pytest.mark.parametrize("size", [1, 7, 100])
def test_updates_in_batches_come_to_the_same_as_row_by_row(url, size):
    rng = random.Random(size)
    keys = [f"t{i}" for i in range(40)]
    changes = random_changes(rng, keys, 300)

    async def one_by_one():
        connection = await asyncpg.connect(url)
        await connection.executemany("INSERT INTO one_by_one VALUES ($1, 'queued', 0, NULL)", [(key,) for key in keys])
        for key, fields in changes:
            sets = ", ".join(f"{name} = ${i}" for i, name in enumerate(fields, 2))
            await connection.execute(f"UPDATE one_by_one SET {sets} WHERE id = $1", key, *fields.values())
        await connection.close()

    async def work():
        rows = PostgresRows(url, "public.tasks", key="id", columns=COLUMNS)
        async with BatchWriter(rows.insert, size=size) as new:
            for key in keys:
                await new.add({"id": key, "state": "queued", "tries": 0})
        async with BatchUpdateWriter(rows.update, size=size) as changed:
            for key, fields in changes:
                await changed.add(key, **fields)
        await rows.close()
        await one_by_one()
        return await table(url), await table(url, "one_by_one")

    together, alone = run(work)
    assert together == alone
    assert len({row[1] for row in together}) == 3


def test_rows_that_the_table_does_not_take_stand_alone(url):
    bad = {"t5": {"tries": -1}, "t9": {"tries": "many"}, "t13": {"score": 1.0}, "t21": {"state": None}}

    async def work():
        rows, refused = PostgresRows(url, "tasks", key="id", columns=COLUMNS), []
        async with BatchWriter(
            rows.insert, size=50, refused=lambda row, why: refused.append((row["id"], str(why)))
        ) as new:
            for i in range(30):
                if i != 13:
                    await new.add({"id": f"t{i}", "state": "queued", "tries": 0})
            await new.add({"id": "t3", "state": "twice", "tries": 1})
        async with BatchUpdateWriter(
            rows.update, size=50, refused=lambda row, why: refused.append((row[0], str(why)))
        ) as changed:
            for i in range(30):
                await changed.add(f"t{i}", **bad.get(f"t{i}", {"state": "done"}))
        await rows.close()
        return await table(url), refused

    found, refused = run(work)
    assert [key for key, _ in refused] == ["t3", "t5", "t9", "t13", "t21"]
    reasons = ("duplicate key", "tasks_tries_check", "invalid input", "no row 't13'", "not-null")
    assert all(said in why for (_, why), said in zip(refused, reasons, strict=True))
    assert {row[0]: row[1] for row in found} == {
        f"t{i}": "queued" if f"t{i}" in bad else "done" for i in range(30) if i != 13
    }


def test_a_call_is_written_whole_or_not_at_all(url):
    async def work():
        rows = PostgresRows(url, "tasks", key="id", columns=COLUMNS)
        with pytest.raises(Refused, match="does not take it"):
            await rows.insert([{"id": "a", "state": "queued"}, {"id": "b", "state": None}])
        await rows.insert([{"id": "a", "state": "queued"}])
        with pytest.raises(Refused, match="no row 'b'"):
            await rows.update({"a": {"state": "done"}, "b": {"tries": 1}})
        await rows.close()
        return await table(url)

    assert run(work) == [("a", "queued", None, None)]


def test_what_is_no_table_or_column_is_refused_and_a_server_that_is_gone_is_named(url, postgres):
    for wrong in ('tasks"; DROP TABLE tasks', "a.b.c", ""):
        with pytest.raises(BadInput, match="no name of a table or column"):
            PostgresRows(url, wrong, key="id", columns=COLUMNS)
    with pytest.raises(BadInput, match="no type"):
        PostgresRows(url, "tasks", key="id", columns=COLUMNS | {"x": "int); --"})
    with pytest.raises(BadInput, match="is no column"):
        PostgresRows(url, "tasks", key="name", columns=COLUMNS)

    async def work():
        rows = PostgresRows(url, "tasks", key="id", columns=COLUMNS)
        with pytest.raises(BadInput, match="no column 'nme'"):
            await rows.insert([{"nme": 1}])
        gone = PostgresRows(f"postgresql://127.0.0.1:{postgres.port + 1}/x", "tasks", key="id", columns=COLUMNS)
        with pytest.raises(Unavailable, match="tasks"):
            await gone.insert([{"id": "a"}])
        await rows.close()

    run(work)
