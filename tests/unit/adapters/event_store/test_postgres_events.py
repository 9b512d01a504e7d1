"""The PostgreSQL event store: what is particular to a server."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from event_examples import tick
from tests.servers.event_stores import asked, opened
from tests.servers.proxy import Proxy

from tradewind.adapters.event_store import postgres_connection
from tradewind.adapters.event_store.postgres_connection import place_of
from tradewind.adapters.event_store.postgres_days import BACK_DAYS_MAX, Days
from tradewind.adapters.event_store.postgres_events import TAKE_PLACES, PostgresEventStore
from tradewind.core.domain.errors import BadInput, Corrupt, Unavailable
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.ports.event_store import EventQuery, Purged

LAWS = Path(__file__).parents[3] / "laws"
ROOT = Path(__file__).parents[4]
DAY_NS = 86_400_000_000_000
PUBLISHER = """
import asyncio, sys
sys.path.insert(0, sys.argv[2])
from event_examples import tick
from tradewind.adapters.event_store.postgres_events import PostgresEventStore

async def publish():
    store = PostgresEventStore(sys.argv[1])
    number = int(sys.argv[3])
    while True:
        await store.append([tick(number + i) for i in range(10)])
        number += 10
        print(number, flush=True)

asyncio.run(publish())
"""


async def everything(store, query=None):
    return [stored async for some in store.read(query or EventQuery()) for stored in some]


@pytest.fixture
def url(postgres):
    return postgres.new_database()


def now_ns():
    return int(datetime.now(UTC).timestamp()) * 1_000_000_000


def audit(number):
    kind = EVENT_TYPES["audit.recorded"]
    data = kind.payload(actor="ann", action="approve", target="p1", allowed=True)
    return tick(number, type=kind.name, data=data, token="ann")


def test_whatever_was_acknowledged_before_the_publisher_is_killed_is_there(url):
    number = 0
    for round_ in range(3):
        publisher = subprocess.Popen(
            [sys.executable, "-c", PUBLISHER, url, str(LAWS), str(number)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3 + 5 * round_):
            number = int(publisher.stdout.readline())
        os.kill(publisher.pid, signal.SIGKILL)
        acknowledged = [number, *(int(line) for line in publisher.stdout if line.endswith("\n"))]
        publisher.wait()
        publisher.stdout.close()

        async def read_all():
            async with opened(url) as store:
                return [s.event.event_id for s in await everything(store)]

        found = asyncio.run(read_all())
        assert found[: acknowledged[-1]] == [tick(i).event_id for i in range(acknowledged[-1])]
        assert len(found) % 10 == 0, "a call's events are stored all or none"
        number = len(found)


def test_a_server_that_crashes_and_comes_back_has_everything_once(own_server):
    async def work():
        async with opened(own_server.url()) as store:
            acknowledged = 0
            for round_ in range(2):
                for _ in range(20):
                    await store.append([tick(acknowledged + i) for i in range(5)])
                    acknowledged += 5
                own_server.stop(signal.SIGQUIT)
                with pytest.raises(Unavailable, match=r"127\.0\.0\.1"):
                    await store.append([tick(acknowledged + i) for i in range(5)])
                await asyncio.to_thread(own_server.start)
                assert await store.count(EventQuery()) >= acknowledged, round_
                # Whether the last call was stored is not known: it is made again.
                await store.append([tick(acknowledged + i) for i in range(5)])
                acknowledged += 5
            return acknowledged, [s.event for s in await everything(store)]

    acknowledged, found = asyncio.run(work())
    assert found == [tick(i) for i in range(acknowledged)]


def test_a_server_that_goes_under_load_loses_nothing_that_was_acknowledged(own_server):
    async def work():
        stored = set()

        async def write(writer, store):
            for i in range(60):
                event = tick(1_000 * writer + i)
                while True:
                    try:
                        await store.append([event])
                    except Unavailable:
                        await asyncio.sleep(0)
                    else:
                        break
                stored.add(event.event_id)

        async with opened(own_server.url()) as store:
            await store.append([tick(99_999)])
            writers = [asyncio.create_task(write(w, store)) for w in range(4)]
            for so_many in (50, 150):
                while len(stored) < so_many:
                    await asyncio.sleep(0)
                await asyncio.to_thread(own_server.stop, signal.SIGQUIT)
                await asyncio.to_thread(own_server.start)
            await asyncio.gather(*writers)
            return stored, [s.event.event_id for s in await everything(store)]

    stored, found = asyncio.run(work())
    assert len(found) == len(set(found)) == 241
    assert stored < set(found)


def test_who_reads_on_while_several_write_misses_nothing(url):
    async def work():
        async with opened(url) as one, opened(url) as two, opened(url) as reader:
            seen = []

            async def write(writer, store):
                rng = random.Random(writer)
                for i in range(40):
                    await store.append([tick(1_000 * writer + 10 * i + n) for n in range(rng.randint(1, 9))])

            async def follow(writers):
                after, last = 0, False
                while True:
                    async for some in reader.read(EventQuery(after_position=after), batch=5):
                        seen.extend(some)
                        after = some[-1].position
                    if last:
                        return
                    last = all(w.done() for w in writers)

            writers = [asyncio.create_task(write(w, store)) for w, store in enumerate((one, two, one, two))]
            await follow(writers)
            return seen, await everything(reader)

    seen, stored = asyncio.run(work())
    assert [s.position for s in seen] == [s.position for s in stored] == list(range(1, len(stored) + 1))


def test_stores_that_are_opened_at_once_make_the_tables_once(url):
    async def work():
        async def begin(number):
            async with opened(url) as store:
                await store.append([tick(number)])

        await asyncio.gather(*(begin(i) for i in range(4)))
        return await asked(url, "SELECT number FROM tradewind.migrations ORDER BY number")

    numbers = [row[0] for row in asyncio.run(work())]
    assert numbers == list(range(1, len(numbers) + 1))


def test_two_programs_that_meet_new_days_at_once_make_each_once(url):
    today = now_ns() // DAY_NS * DAY_NS

    async def work():
        async with opened(url) as one, opened(url) as two:
            for store in (one, two):
                await store.last_position()
            for day in range(20):
                time = today - day * DAY_NS
                await asyncio.gather(
                    *(
                        store.append([tick(2 * day + n, time_event=time, time_recorded=time)])
                        for n, store in enumerate((one, two))
                    )
                )
            return await one.count(EventQuery())

    assert asyncio.run(work()) == 40


def test_days_near_today_have_their_own_place_and_wrong_clocks_share_one(url):
    today = now_ns() // DAY_NS * DAY_NS
    days = [0, 1, 2, 400, BACK_DAYS_MAX + 2]
    times = [today - d * DAY_NS + n for d in days for n in (0, DAY_NS - 1)]

    async def work():
        async with opened(url) as store:
            await store.append([tick(i, time_event=t, time_recorded=t) for i, t in enumerate(times)])
            assert [s.event.time_event for s in await everything(store)] == times
            day = EventQuery(today - DAY_NS, today)
            assert [s.event.time_event for s in await everything(store, day)] == times[2:4]
        return await asked(
            url, "SELECT relname, count(*) FROM tradewind.events e JOIN pg_class c ON c.oid = e.tableoid GROUP BY 1"
        )

    found = dict(asyncio.run(work()))
    named = [f"events_{datetime.now(UTC) - timedelta(days=d):%Y%m%d}" for d in days[:-1]]
    assert found == dict.fromkeys([*named, "events_elsewhen"], 2)


def test_a_day_that_was_made_by_a_call_that_failed_is_made_again_by_the_next(postgres, monkeypatch):
    """Else its events would all come into the place that wrong clocks share."""
    name = postgres.new_database().rpartition("/")[2]
    make, event = Days.make, tick(1, time_event=now_ns(), time_recorded=now_ns() + DAY_NS)

    async def work():
        async with (
            asyncio.timeout(60),
            Proxy(postgres.port) as proxy,
            opened(f"postgresql://tradewind@127.0.0.1:{proxy.port}/{name}") as store,
        ):
            await store.last_position()

            async def made_and_broken(days, connection, wanted):
                await make(days, connection, wanted)
                proxy.reset()

            monkeypatch.setattr(Days, "make", made_and_broken)
            with pytest.raises(Unavailable):
                await store.append([event])
            monkeypatch.setattr(Days, "make", make)
            await store.append([event])

    asyncio.run(work())
    assert postgres.ask("SELECT count(*) FROM tradewind.events_elsewhen", name) == [(0,)]
    assert postgres.ask("SELECT count(*) FROM tradewind.events", name) == [(1,)]


def test_a_day_is_one_of_utc_wherever_the_server_stands(postgres, url):
    postgres.ask(f"ALTER DATABASE {url.rpartition('/')[2]} SET timezone = 'Asia/Kathmandu'")
    today = now_ns() // DAY_NS * DAY_NS
    times = [today - d * DAY_NS + n for d in (1, 2) for n in (0, DAY_NS - 1)]

    async def work():
        async with opened(url) as store:
            await store.append([tick(i, time_event=t, time_recorded=t) for i, t in enumerate(times)])
            await store.tidy()
            days = await store.candles("BTC/USDT", "1d", 0, today, tenant="home", source="test")
        sql = "SELECT relname, count(*) FROM tradewind.events e JOIN pg_class c ON c.oid = e.tableoid GROUP BY 1"
        return [c.time for c in days], dict(await asked(url, sql))

    opens, places = asyncio.run(work())
    assert opens == [today - 2 * DAY_NS, today - DAY_NS]
    assert places == {f"events_{datetime.now(UTC) - timedelta(days=d):%Y%m%d}": 2 for d in (1, 2)}


def test_days_that_are_old_are_dropped_as_a_whole_and_their_ids_with_them(url):
    today = now_ns() // DAY_NS * DAY_NS
    made = [tick(i, time_event=(t := today - i * DAY_NS + 7), time_recorded=t) for i in range(6)]
    record = audit(77)

    async def work():
        async with opened(url) as store:
            await store.append([*made, record])
            assert await store.purge(today - 2 * DAY_NS + 8) == Purged({"price.tick": 4})
            left = [s.event for s in await everything(store)]
            tables = await asked(url, "SELECT 1 FROM pg_inherits WHERE inhparent = 'tradewind.events'::regclass")
            ids = await asked(url, "SELECT event_id::text FROM tradewind.event_ids")
            await store.append(made[2:4])
            return left, len(tables), {row[0] for row in ids}, await store.count(EventQuery())

    left, tables, ids, again = asyncio.run(work())
    assert left == [*made[:2], record]
    assert tables == 4  # today, yesterday, the day that was cut into, and the shared one
    assert ids == {e.event_id for e in left}
    assert again == 5


def test_days_that_are_over_are_indexed_by_token_once_and_answer_as_before(url):
    today = now_ns() // DAY_NS * DAY_NS
    made = [
        tick(i, ("BTC/USDT", "ETH/USDT")[i % 2], time_event=(t := today - i // 10 * DAY_NS + i), time_recorded=t)
        for i in range(60)
    ]
    valid = (
        "SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
        " WHERE i.relname LIKE 'events_%by_token' AND x.indisvalid ORDER BY 1"
    )

    async def work():
        async with opened(url) as store:
            await store.append(made)
            query = EventQuery(today - 5 * DAY_NS, today, tokens=("ETH/USDT",), types=("price.tick",))
            before = await everything(store, query)
            await store.tidy()
            first = [row[0] for row in await asked(url, valid)]
            # One whose making was broken off stands there and is not used.
            await asked(
                url, f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'tradewind.{first[0]}'::regclass"
            )
            await asyncio.gather(store.tidy(), store.tidy())
            assert await everything(store, query) == before
            return first, [row[0] for row in await asked(url, valid)]

    first, again = asyncio.run(work())
    days = [f"events_{datetime.now(UTC) - timedelta(days=d):%Y%m%d}_by_token" for d in (5, 4, 3, 2)]
    assert first == again == days


def test_forgetting_while_others_write_takes_only_what_is_old(url):
    today = now_ns() // DAY_NS * DAY_NS

    def of_day(number, days_ago):
        time = today - days_ago * DAY_NS + number
        return tick(number, time_event=time, time_recorded=time)

    async def work():
        async with asyncio.timeout(60), opened(url) as writing, opened(url) as forgetting:
            await writing.append([of_day(days, days) for days in range(40)])

            async def write():
                for number in range(100, 160):
                    await writing.append([of_day(number, number % 30)])

            async def forget():
                for days in range(39, 30, -1):
                    await forgetting.purge(today - days * DAY_NS + DAY_NS)

            await asyncio.gather(write(), forget())
            return [s.event for s in await everything(forgetting)]

    found = asyncio.run(work())
    assert found == [of_day(d, d) for d in range(31)] + [of_day(n, n % 30) for n in range(100, 160)]


def test_audit_records_cannot_be_changed_or_removed_even_by_hand(url):
    async def work():
        async with opened(url) as store:
            await store.append([audit(1)])
            for statement in ("DELETE FROM", "TRUNCATE"):
                with pytest.raises(asyncpg.RaiseError, match="neither changed nor removed"):
                    await asked(url, f"{statement} tradewind.audit_events")
            with pytest.raises(asyncpg.RaiseError, match="neither changed nor removed"):
                await asked(url, "UPDATE tradewind.audit_events SET source = 'me'")
            return await store.count(EventQuery(types=("audit.recorded",)))

    assert asyncio.run(work()) == 1


def test_people_can_ask_for_fields_of_what_was_said(url):
    async def work():
        async with opened(url) as store:
            await store.append([tick(5, "ETH/USDT")])
        fields = "token, data, source, timestamp::text, mode"
        sql = f"SELECT {fields} FROM tradewind.event_log WHERE data ->> 'price' = '105.0'"
        return [tuple(row) for row in await asked(url, sql)]

    ((token, data, source, time, mode),) = asyncio.run(work())
    assert (token, source, mode) == ("ETH/USDT", "test", "paper")
    assert '"size": 1.0' in data
    assert time.startswith("2026-09-")


def test_thirty_days_of_one_token_are_looked_up_in_their_days_only(url):
    today = now_ns() // DAY_NS * DAY_NS

    async def work():
        async with opened(url) as store:
            await store.append(
                [tick(i, time_event=(t := today - (i % 60) * DAY_NS), time_recorded=t) for i in range(600)]
            )
        plan = await asked(
            url,
            "EXPLAIN SELECT body FROM tradewind.events WHERE position > 0 AND token = 'BTC/USDT' AND"
            f""" "timestamp" >= to_timestamp({(today - 29 * DAY_NS) // 10**9}) AND event_type = 'price.tick'""",
        )
        return "\n".join(row[0] for row in plan)

    plan = asyncio.run(work())
    assert f"events_{datetime.now(UTC) - timedelta(days=29):%Y%m%d}" in plan
    assert f"events_{datetime.now(UTC) - timedelta(days=30):%Y%m%d}" not in plan


def test_a_writer_that_hangs_stops_the_others_for_a_while_only(url, monkeypatch):
    monkeypatch.setattr(postgres_connection, "IDLE_MS_MAX", 300)

    async def work():
        async with asyncio.timeout(30), opened(url) as hanging, opened(url) as other:
            await other.append([tick(1)])
            with pytest.raises(Unavailable):  # noqa: PT012 - the end of the block raises
                async with hanging.connected() as connection, connection.transaction():
                    await connection.execute(TAKE_PLACES.replace("$1", "5"))
                    stored = await other.append([tick(2)])  # waits until the server has ended the one that hangs
            assert stored == [2]
            assert await hanging.append([tick(3)]) == [3]

    asyncio.run(work())


def test_an_id_that_is_no_uuid_is_refused(url):
    async def work():
        async with opened(url) as store:
            with pytest.raises(BadInput, match="no UUID"):
                await store.append([tick(1), tick(2, event_id="abc")])
            return await store.count(EventQuery())

    assert asyncio.run(work()) == 0


def test_tables_of_a_newer_tradewind_are_left_alone(url):
    async def work():
        async with opened(url) as store:
            await store.append([tick(1)])
        await asked(url, "INSERT INTO tradewind.migrations (number, name) VALUES (99, 'later')")
        async with opened(url) as store:
            with pytest.raises(Corrupt, match="newer Tradewind"):
                await store.append([tick(2)])

    asyncio.run(work())


@pytest.mark.parametrize("wrong", ["mysql://here/x", "postgresql://", "events", "postgresql://h:x/y"])
def test_what_is_no_place_of_a_database_is_refused(wrong):
    with pytest.raises(BadInput, match="no place of a database"):
        PostgresEventStore(wrong)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("postgresql://ann:hush@db.example:5433/events?sslmode=require", "db.example:5433/events"),
        ("postgres://db-1:1,db-2:2/events?target_session_attrs=read-write", "db-1:1,db-2:2/events"),
        ("postgresql://localhost", "localhost"),
    ],
)
def test_a_place_is_shown_without_name_and_password(given, shown):
    assert place_of(given) == f"PostgreSQL at {shown}"


def test_a_database_that_is_not_there_or_does_not_answer_is_named_without_the_password(postgres):
    async def work():
        async with opened(postgres.url("nothing_here").replace("@", ":hush@")) as store:
            with pytest.raises(BadInput, match="nothing_here") as refused:
                await store.last_position()
        async with opened(f"postgresql://ann:hush@127.0.0.1:{postgres.port + 1}/x") as store:
            with pytest.raises(Unavailable, match=f"127.0.0.1:{postgres.port + 1}/x") as gone:
                await store.append([tick(1)])
        assert "hush" not in f"{refused.value}{gone.value}"

    asyncio.run(work())


def test_a_closed_store_says_so(url):
    async def work():
        store = PostgresEventStore(url)
        await store.append([tick(1)])
        await store.close()
        await store.close()
        for ask in (store.append([tick(1)]), store.last_position(), store.purge(now_ns())):
            with pytest.raises(Unavailable, match="closed"):
                await ask

    asyncio.run(work())
