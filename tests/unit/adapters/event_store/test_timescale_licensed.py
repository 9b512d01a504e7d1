"""What Tradewind does on a server that says it is TimescaleDB with its licence.

The server is a stand-in that writes down what it is asked for (tests/servers/timescale_stand_in.py): the real edition
is not to be had here.
"""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest
from event_examples import tick
from msgspec.structs import replace
from tests.servers.event_stores import opened
from tests.servers.timescale_stand_in import stand_in_database, stand_in_migrations

from tradewind.adapters.event_store import postgres_schema
from tradewind.adapters.event_store.postgres_candles import SECONDS
from tradewind.adapters.event_store.postgres_schema import Kind
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.ports.event_store import EventQuery, Hold, Purged, Tidied

DAY_NS = 86_400_000_000_000
PATIENCE_S = 120


@pytest.fixture
def url(postgres, tmp_path, monkeypatch):
    monkeypatch.setattr(postgres_schema, "FOLDER", stand_in_migrations(tmp_path))
    return stand_in_database(postgres)


def run(work):
    async def bounded():
        async with asyncio.timeout(PATIENCE_S):
            return await work()

    return asyncio.run(bounded())


async def calls(url, *wanted):
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT call, said FROM calls ORDER BY number")
        return [(call, said) for call, said in rows if call in wanted]
    finally:
        await connection.close()


def midnight():
    return int(datetime.now(UTC).timestamp()) * 1_000_000_000 // DAY_NS * DAY_NS


def of_day(number, days_ago, price=100.0):
    time = midnight() - days_ago * DAY_NS + number * 1_000_000_000
    data = EVENT_TYPES["price.tick"].payload(symbol="BTC/USDT", price=price, size=1.0)
    return tick(number, time_event=time, time_recorded=midnight(), data=data)


def test_history_is_a_hypertable_before_anything_is_in_it_with_all_policies(url):
    async def work():
        async with opened(url) as store:
            await store.append([of_day(1, 3)])
            described = await store.described()
            kind = store.kind
        every = ("create_hypertable", "refresh_policy", "compress", "compression_policy", "retention_policy")
        return kind, described, await calls(url, *every)

    kind, described, made = run(work)
    assert kind is Kind.LICENSED
    assert "compression, retention and continuous aggregates" in described
    widths = {"1m": "00:01:00", "5m": "00:05:00", "1h": "01:00:00", "1d": "1 day"}
    settings = (
        "timescaledb.compress, timescaledb.compress_segmentby = 'token, event_type',\n"
        "    timescaledb.compress_orderby = 'position, \"timestamp\"'"
    )
    assert made == [
        ("create_hypertable", "events, timestamp, 1 day"),
        *(("refresh_policy", f"candles_{frame}, 3 days, {widths[frame]}") for frame in SECONDS),
        ("compress", f"tradewind.events, {settings}"),
        ("compression_policy", "events, 7 days"),
        ("retention_policy", "events, 365 days"),
    ]


def test_an_event_is_stored_once_read_in_order_and_nothing_is_packed_by_us(url):
    made = [of_day(i, i) for i in range(40)]

    async def work():
        async with opened(url) as store:
            places = await store.append(made)
            assert await store.append(made[5:]) == places[5:]
            assert await store.tidy() == Tidied(rolled_up=40)
            assert await store.count(EventQuery()) == 40
            found = [s.event async for some in store.read(EventQuery(), 7) for s in some]
            return found, await store.candles("BTC/USDT", "1d", 0, midnight() + DAY_NS, tenant="home", source="test")

    found, candles = run(work)
    assert found == made
    assert [c.time for c in candles] == [midnight() - i * DAY_NS for i in range(39, -1, -1)]


def test_late_ticks_are_refreshed_from_their_day_on_but_never_what_is_forgotten(url):
    async def work():
        async with opened(url) as store:
            await store.append([of_day(1, 0)])
            assert await store.roll_up() == 1
            assert await store.roll_up() == 0
            await store.append([of_day(2, 50), of_day(3, 900)])
            assert await store.roll_up() == 2
            await store.purge(midnight() - 20 * DAY_NS)
            await store.append([of_day(4, 30)])
            assert await store.roll_up() == 1
        return await calls(url, "refresh")

    found = run(work)
    assert len(found) == 3 * len(SECONDS)
    assert all(", true, " in said for _, said in found), "two buckets of a day fit into each window"
    starts = [datetime.fromisoformat(said.rpartition(", ")[2]) for call, said in found[:: len(SECONDS)]]
    ago = [(datetime.now(UTC) - start).total_seconds() / 86_400 for start in starts]
    assert 3 <= ago[0] < 3.1
    assert 363.9 < ago[1] < 364.1, "what is about to be dropped is left alone"
    assert 20 <= ago[2] < 21.1, "what was forgotten is left alone"


def test_what_would_keep_all_aggregates_from_being_made_is_refused_alone(url):
    fine, odd, like_it = (of_day(i, 3) for i in range(3))
    odd, like_it = (
        replace(event, data=replace(event.data, trade_id=said))
        for event, said in ((odd, "a\0b"), (like_it, "a\\u0000b"))
    )

    async def work():
        async with opened(url) as store:
            told = await asyncio.gather(*(store.append([e]) for e in (fine, odd, like_it)), return_exceptions=True)
            assert isinstance(told[1], BadInput)
            assert "zero character" in str(told[1])
            await store.roll_up()
            return [s.event async for some in store.read(EventQuery()) for s in some]

    assert run(work) == [fine, like_it]


def test_ticks_whose_candles_are_still_looked_at_are_not_forgotten(url):
    async def work():
        async with opened(url) as store:
            await store.append([of_day(i, i) for i in range(10)])
            with pytest.raises(BadInput, match="looks at the ticks of the last days"):
                await store.purge(midnight() - 2 * DAY_NS)
            assert await store.purge(midnight() - 2 * DAY_NS, ("service.changed",)) == Purged()
            assert await store.purge(midnight() - 5 * DAY_NS, dry_run=True) == Purged({"price.tick": 4})
            assert await store.purge(midnight() - 5 * DAY_NS) == Purged({"price.tick": 4})
            return await store.count(EventQuery())

    assert run(work) == 6


def test_while_anything_is_held_the_server_drops_nothing_by_itself(url):
    held = EventQuery(midnight() - 9 * DAY_NS, midnight() - 7 * DAY_NS)

    async def work():
        async with opened(url) as store:
            await store.append([of_day(i, i) for i in range(10)])
            await store.hold(Hold("a", held, "why"))
            await store.hold(Hold("b", EventQuery(session="s1"), "why"))
            done = await store.purge(midnight() - 5 * DAY_NS)
            left = [s.event async for some in store.read(EventQuery()) for s in some]
            for name in ("a", "b"):
                await store.release(name)
        return done, left, await calls(url, "no_retention_policy", "retention_policy", "drop_chunks")

    done, left, made = run(work)
    assert done == Purged({"price.tick": 2}, {"price.tick": 2})
    assert left == [of_day(i, i) for i in (*range(6), 8, 9)]
    assert [call for call, _ in made] == [
        "retention_policy", "no_retention_policy", "no_retention_policy", "retention_policy",
    ]  # fmt: skip
