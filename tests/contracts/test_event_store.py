"""What every event store does."""

import asyncio
import random

import pytest
from event_examples import NOW, events, tick, unreadable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tradewind.adapters.event_store.postgres_events import PostgresEventStore
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.ports.event_store import EventQuery, Hold, Purged

STORES = {"sqlite": "sqlite_place", "postgres": "postgres_place", "timescale": "timescale_place"}


@pytest.fixture
def sqlite_place(tmp_path):
    """How a store in a file is opened."""
    return lambda: SqliteEventStore(tmp_path / "events.db")


@pytest.fixture
def postgres_place(postgres):
    """How a store in a database of its own is opened."""
    url = postgres.new_database()
    return lambda: PostgresEventStore(url)


@pytest.fixture
def timescale_place(timescale):
    """How a store in a database with TimescaleDB is opened."""
    url = timescale.new_database()
    return lambda: PostgresEventStore(url)


@pytest.fixture(params=STORES)
def opened(request):
    """Runs an async function with a store; the first time it is empty."""
    place = request.getfixturevalue(STORES[request.param])

    def with_store(work):
        async def run():
            store = place()
            try:
                return await work(store)
            finally:
                await store.close()

        return asyncio.run(run())

    return with_store


ALL = EventQuery()


async def everything(store, query=ALL, batch=7):
    return [stored async for some in store.read(query, batch) for stored in some]


def test_what_was_appended_is_read_in_its_order(opened):
    made = [tick(i) for i in range(50)]

    async def work(store):
        given = await store.append(made[:20]) + await store.append(made[20:])
        return given, await everything(store)

    given, stored = opened(work)
    assert [s.event for s in stored] == made
    assert [s.position for s in stored] == given == sorted(set(given))


def test_an_event_that_is_there_is_not_stored_again(opened):
    async def work(store):
        one, two = await store.append([tick(1), tick(2)])
        again, three, three_again = await store.append([tick(2), tick(3), tick(3)])
        assert one < two == again < three == three_again
        return [s.event.event_id for s in await everything(store)]

    assert opened(work) == [tick(i).event_id for i in (1, 2, 3)]


def test_a_query_finds_what_fits_everything_that_is_given(opened):
    rng = random.Random(5)
    made = [
        tick(
            i,
            rng.choice(["BTC/USDT", "ETH/USDT"]),
            tenant=rng.choice(["home", "firm"]),
            session=rng.choice([None, "s1"]),
        )
        for i in range(200)
    ]
    query = EventQuery(
        NOW + 20, NOW + 150, tokens=("ETH/USDT",), types=("price.tick", "price.quote"), tenant="firm", session="s1"
    )
    fitting = [
        e
        for e in made
        if 20 <= e.time_event - NOW < 150 and (e.token, e.tenant, e.session) == ("ETH/USDT", "firm", "s1")
    ]

    async def work(store):
        await store.append(made)
        assert await store.count(query) == len(fitting)
        assert await store.count(EventQuery(types=("price.quote",))) == 0
        return [s.event for s in await everything(store, query)]

    assert opened(work) == fitting
    assert fitting


def test_what_sessions_recorded_for_themselves_can_be_left_out(opened):
    made = [tick(i, session=(None, "s1", "s2")[i % 3]) for i in range(2, 20)]

    async def work(store):
        await store.append(made)
        query = EventQuery(outside_sessions=True)
        return [one.event for batch in [b async for b in store.read(query)] for one in batch], await store.count(query)

    found, number = opened(work)
    assert found == [event for event in made if event.session is None]
    assert number == len(found)


def test_reading_goes_on_after_a_position(opened):
    async def work(store):
        await store.append([tick(i) for i in range(10)])
        first = await everything(store)
        await store.append([tick(10)])
        after = await everything(store, EventQuery(after_position=first[4].position))
        assert await store.last_position() == after[-1].position
        return [s.event for s in after]

    assert opened(work) == [tick(i) for i in range(5, 11)]


def test_an_empty_store_answers(opened):
    async def work(store):
        assert await store.append([]) == []
        assert await store.bookmark("anything") == 0
        assert (await store.last_position(), await store.count(EventQuery())) == (0, 0)
        return await everything(store)

    assert opened(work) == []


def test_writers_at_once_lose_nothing_and_each_keeps_its_own_order(opened):
    async def work(store):
        async def write(writer):
            for i in range(20):
                await store.append([tick(1_000 * writer + 2 * i), tick(1_000 * writer + 2 * i + 1)])

        await asyncio.gather(*(write(w) for w in range(8)))
        return [s.event for s in await everything(store)]

    stored = opened(work)
    assert len(stored) == 320
    for writer in range(8):
        own = [e.time_event - NOW for e in stored if (e.time_event - NOW) // 1_000 == writer]
        assert own == [1_000 * writer + i for i in range(40)]


def test_a_bad_event_is_refused_and_nothing_of_its_call_is_stored(opened):
    async def work(store):
        with pytest.raises(BadInput, match="price"):
            await store.append([tick(1), unreadable(2)])
        return await everything(store)

    assert opened(work) == []


def test_what_cannot_be_written_takes_nothing_of_others_with_it(opened):
    nan = tick(50, data=EVENT_TYPES["price.tick"].payload(symbol="BTC/USDT", price=float("nan"), size=1.0))

    async def work(store):
        calls = [[tick(1), tick(2)], [tick(3), nan], [tick(4)], [tick(2), tick(5)]]
        said = await asyncio.gather(*(store.append(call) for call in calls), return_exceptions=True)
        assert [isinstance(answer, BadInput) for answer in said] == [False, True, False, False]
        return {s.event.event_id: s.position for s in await everything(store)}, said

    found, said = opened(work)
    assert found.keys() == {tick(i).event_id for i in (1, 2, 4, 5)}
    assert said[3] == [found[tick(2).event_id], found[tick(5).event_id]]


def test_purging_forgets_what_is_old_but_never_an_audit_record(opened):
    kind = EVENT_TYPES["audit.recorded"]
    audit = tick(
        1, type=kind.name, data=kind.payload(actor="ann", action="approve", target="p1", allowed=True), token="ann"
    )

    async def work(store):
        await store.append([audit, *(tick(i) for i in range(2, 12))])
        planned = await store.purge(NOW + 7, dry_run=True)
        assert await store.count(EventQuery()) == 11
        done = await store.purge(NOW + 7)
        assert planned == done == Purged({"price.tick": 5})
        return [s.event.time_event - NOW for s in await everything(store)]

    assert opened(work) == [1, 7, 8, 9, 10, 11]


def test_what_is_held_stays_until_it_is_released(opened):
    made = [tick(i, session=("s1", "s2", None)[i % 3], token=("BTC/USDT", "ETH/USDT")[i % 2]) for i in range(2, 20)]
    case = Hold("case 7", EventQuery(NOW + 5, NOW + 12, session="s1"), "a question from the auditor")
    coin = Hold("coin", EventQuery(tokens=("ETH/USDT",), types=("price.tick",)), "a dispute")

    def held(event):
        in_case = 5 <= event.time_event - NOW < 12 and event.session == "s1"
        return in_case or event.token == "ETH/USDT"

    async def work(store):
        await store.append(made)
        for hold in (coin, Hold("case 7", EventQuery(), "a draft"), case):
            await store.hold(hold)
        assert await store.holds() == [case, coin]
        planned = await store.purge(NOW + 15, dry_run=True)
        done = await store.purge(NOW + 15)
        left = [s.event for s in await everything(store)]
        assert await store.append([made[0]]) == [1 if held(made[0]) else 19]
        assert [await store.release(name) for name in ("coin", "coin", "case 7")] == [True, False, True]
        await store.purge(NOW + 15)
        return planned, done, left, [s.event for s in await everything(store)]

    planned, done, left, last = opened(work)
    old = [e for e in made if e.time_event < NOW + 15]
    stays = sum(map(held, old))
    assert planned == done == Purged({"price.tick": len(old) - stays}, {"price.tick": stays})
    assert left == [e for e in made if e not in old or held(e)]
    assert last == [e for e in made if e not in old]


def test_only_the_types_that_are_named_are_forgotten(opened):
    alert = EVENT_TYPES["service.changed"]
    other = [
        tick(i, type=alert.name, token="feed", data=alert.payload(service="feed", state="started")) for i in (3, 5)
    ]

    async def work(store):
        await store.append([tick(2), *other, tick(4), tick(9)])
        assert await store.purge(NOW + 8, ("price.tick", "price.quote")) == Purged({"price.tick": 2})
        assert await store.purge(NOW + 8, ("price.tick",)) == Purged()
        return [s.event for s in await everything(store)]

    assert opened(work) == [*other, tick(9)]


def test_what_a_store_does_for_itself_changes_nothing_that_is_read(opened):
    async def work(store):
        await store.append([tick(i) for i in range(30)])
        before = await everything(store)
        await store.tidy()
        assert await everything(store) == before
        known, new = await store.append([tick(7), tick(40)])
        assert (known, new > before[-1].position) == (before[7].position, True)

    opened(work)


def test_a_bookmark_is_where_it_was_put_last(opened):
    async def work(store):
        await store.mark("cache", 5)
        await store.mark("report", 9)
        await store.mark("cache", 7)
        return await store.bookmark("cache"), await store.bookmark("report")

    assert opened(work) == (7, 9)


def test_positions_are_never_given_twice(opened):
    async def work(store):
        await store.append([tick(1), tick(2)])
        last = await store.last_position()
        await store.purge(NOW + 100)
        assert await store.last_position() == last
        await store.append([tick(3)])
        assert await store.last_position() > last

    opened(work)


def test_a_closed_store_says_so(tmp_path):
    async def work():
        store = SqliteEventStore(tmp_path / "events.db")
        await store.close()
        await store.close()
        with pytest.raises(Unavailable, match="closed"):
            await store.append([tick(1)])
        with pytest.raises(Unavailable, match="closed"):
            await store.last_position()

    asyncio.run(work())


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(events(), max_size=20, unique_by=lambda e: e.event_id))
def test_every_type_of_event_is_stored_as_it_is(opened, made):
    async def work(store):
        after = await store.last_position()
        await store.append(made)
        return [s.event for s in await everything(store, EventQuery(after_position=after))]

    stored = opened(work)
    assert [e for e in made if e in stored] == stored
