"""Candles of stored ticks equal those that are worked out from the ticks by hand."""

import asyncio
import random
import time

import asyncpg
import pytest
from event_examples import NOW, tick
from msgspec.structs import replace
from tests.servers.event_stores import asked, opened

from tradewind.adapters.event_store import postgres_candles
from tradewind.adapters.event_store.postgres_candles import SECONDS, roll_up
from tradewind.adapters.event_store.postgres_holds import DROP_AGAIN, STOP_DROPPING
from tradewind.adapters.event_store.postgres_schema import Kind
from tradewind.adapters.event_store.timescale_candles import REFRESH
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.ports.event_store import EventQuery

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS
SYMBOLS = ("BTC/USDT", "ETH/USDT")
START = NOW - 3 * 86_400 * SECOND_NS


@pytest.fixture(params=["postgres", "timescale"])
def url(request):
    return request.getfixturevalue(request.param).new_database()


def made_ticks(number, seed):
    """Ticks over some days, in no order, several at one instant; sizes whose sums are exact."""
    rng = random.Random(seed)
    made = []
    for i in range(number):
        symbol, time = rng.choice(SYMBOLS), START + rng.randrange(0, 200_000) * SECOND_NS
        data = EVENT_TYPES["price.tick"].payload(
            symbol=symbol, price=rng.randint(90, 110) / 4, size=rng.randint(1, 9) / 8
        )
        made.append(tick(1_000_000 * seed + i, symbol, time_event=time, time_recorded=NOW, data=data))
    return made


def by_hand(ticks, symbol, timeframe):
    width = SECONDS[timeframe] * SECOND_NS
    groups = {}
    for tick_ in sorted((t for t in ticks if t.token == symbol), key=lambda t: t.time_event):
        groups.setdefault(tick_.time_event // width * width, []).append(tick_.data)
    return [
        (
            time, some[0].price, max(t.price for t in some), min(t.price for t in some), some[-1].price,
            sum(t.size for t in some), len(some),
        )
        for time, some in sorted(groups.items())
    ]  # fmt: skip


async def stored(store, symbol, timeframe, start=0, end=2 * NOW):
    found = await store.candles(symbol, timeframe, start, end, tenant="home", source="test")
    return [(c.time, c.open, c.high, c.low, c.close, c.volume, c.ticks) for c in found]


def test_candles_equal_those_worked_out_from_the_ticks_also_after_late_ones(url):
    first, late = made_ticks(400, 1), made_ticks(60, 2)

    async def work():
        async with opened(url) as store:
            await store.append(first)
            assert await store.roll_up() == 400
            assert await store.roll_up() == 0
            for symbol in SYMBOLS:
                assert await stored(store, symbol, "1h") == by_hand(first, symbol, "1h")
            await store.append(late)
            assert await store.roll_up() == 60
            return {(s, frame): await stored(store, s, frame) for s in SYMBOLS for frame in SECONDS}

    found = asyncio.run(work())
    for (symbol, frame), candles in found.items():
        assert candles == by_hand(first + late, symbol, frame), (symbol, frame)


def test_candles_made_in_several_steps_are_the_same(url, monkeypatch):
    monkeypatch.setattr(postgres_candles, "POSITIONS_AT_ONCE_MAX", 37)
    made = made_ticks(300, 6)

    async def work():
        async with opened(url) as store:
            await store.append(made)
            assert await store.roll_up() == 300
            return {(s, frame): await stored(store, s, frame) for s in SYMBOLS for frame in SECONDS}

    for (symbol, frame), candles in asyncio.run(work()).items():
        assert candles == by_hand(made, symbol, frame), (symbol, frame)


def test_steps_become_smaller_where_many_packed_minutes_are_touched_and_the_candles_are_the_same(url, monkeypatch):
    monkeypatch.setattr(postgres_candles, "POSITIONS_AT_ONCE_MAX", 160)
    monkeypatch.setattr(postgres_candles, "POSITIONS_AT_ONCE_MIN", 20)
    monkeypatch.setattr(postgres_candles, "OLD_MINUTES_MAX", 30)
    back = (NOW - time.time_ns()) // DAY_NS * DAY_NS + 30 * DAY_NS
    early, late = (
        [replace(e, time_event=e.time_event - back, time_recorded=NOW - back) for e in made_ticks(300, seed)]
        for seed in (8, 9)
    )

    async def work():
        async with opened(url) as store:
            await store.append(early)
            await store.tidy()
            await store.append(late)
            assert await store.roll_up() == 300
            return {(s, frame): await stored(store, s, frame) for s in SYMBOLS for frame in SECONDS}

    for (symbol, frame), candles in asyncio.run(work()).items():
        assert candles == by_hand(early + late, symbol, frame), (symbol, frame)


def test_a_tick_with_a_zero_character_in_it_keeps_no_candle_from_being_made(url):
    odd = tick(1)
    odd = replace(odd, data=replace(odd.data, trade_id="7\0\\u0000\\"))

    async def work():
        async with opened(url) as store:
            await store.append([odd, tick(2)])
            assert await store.roll_up() == 2
            people = await asked(url, "SELECT data ->> 'trade_id', mode FROM tradewind.event_log ORDER BY position")
            await store.tidy()
            assert [s.event async for some in store.read(EventQuery()) for s in some] == [odd, tick(2)]
            return await stored(store, "BTC/USDT", "1d"), people

    candles, people = asyncio.run(work())
    assert [c[-1] for c in candles] == [2]
    assert people[0] == ("7\ufffd\\ufffd\\", "paper")


def test_rows_that_are_read_to_make_candles_grow_with_ticks_and_not_with_days_times_tokens(url):
    """Ticks that are spread thinly over many days and tokens: of which a plan with a wrong join reads most again and
    again.
    """
    rng, number, tokens, days = random.Random(7), 2_000, 200, 25
    made = []
    for i in range(number):
        symbol, time = f"COIN{rng.randrange(tokens)}/USDT", NOW - rng.randrange(days * DAY_NS)
        data = EVENT_TYPES["price.tick"].payload(symbol=symbol, price=1.0, size=1.0)
        made.append(tick(i, symbol, time_event=time, time_recorded=NOW, data=data))
    read = (
        "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables"
        " WHERE relname <> 'places'"
    )

    async def work():
        async with opened(url) as store:
            await store.append(made)
            async with store.connected() as connection, connection.transaction():
                assert await roll_up(connection) == number
                return await connection.fetchval(read)

    # Each tick is read when it is found and when it is rolled up, each minute and candle once for each longer one.
    assert number < asyncio.run(work()) < 15 * number


def test_a_backtests_ticks_make_no_candles_and_another_source_has_its_own(url):
    async def work():
        async with opened(url) as store:
            await store.append([tick(1), tick(2, mode="backtest"), tick(3, source="other"), tick(4, tenant="firm")])
            await store.roll_up()
            other = await store.candles("BTC/USDT", "1m", 0, 2 * NOW, tenant="home", source="other")
            return await stored(store, "BTC/USDT", "1d"), [c.open for c in other]

    mine, other = asyncio.run(work())
    assert [c[-1] for c in mine] == [1]
    assert other == [103.0]


def test_purging_leaves_the_candles_of_what_is_gone(url):
    made = made_ticks(200, 3)
    cut = START + 100_000 * SECOND_NS + 7

    async def work():
        async with opened(url) as store:
            await store.append(made)
            await store.purge(cut)
            before = {s: await stored(store, s, "1h") for s in SYMBOLS}
            # A tick from before the cut: its candle's other ticks are gone, so the candle stays as it is.
            await store.append([tick(9, time_event=START + 1, time_recorded=NOW)])
            await store.roll_up()
            return before, {s: await stored(store, s, "1h") for s in SYMBOLS}

    before, after = asyncio.run(work())
    assert before == after == {s: by_hand(made, s, "1h") for s in SYMBOLS}


def test_only_candles_that_open_in_the_stretch_are_read(url):
    made = made_ticks(300, 4)

    async def work():
        async with opened(url) as store:
            await store.append(made)
            await store.roll_up()
            start, end = START // SECOND_NS * SECOND_NS + 36_000 * SECOND_NS, START + 72_000 * SECOND_NS
            with pytest.raises(BadInput, match="no candles of '2m'"):
                await stored(store, "BTC/USDT", "2m")
            return start, end, await stored(store, "BTC/USDT", "1h", start, end)

    start, end, found = asyncio.run(work())
    assert found == [c for c in by_hand(made, "BTC/USDT", "1h") if start <= c[0] < end]
    assert found


def test_the_continuous_aggregates_say_the_same_where_they_may_be_used(timescale):
    """This edition refuses to keep them, but their SELECT runs: it must come to the same candles."""
    from tradewind.adapters.event_store.postgres_schema import migrations

    url, made = timescale.new_database(), made_ticks(300, 5)
    statements = [
        statement.partition(") AS\n")[2].partition("WITH NO DATA")[0]
        for migration in migrations(Kind.LICENSED)
        for statement in migration.sql.split(";")
        if "CREATE MATERIALIZED VIEW" in statement
    ]

    async def work():
        async with opened(url) as store:
            await store.append([*made, tick(1, mode="backtest")])
        connection = await asyncpg.connect(url)
        try:
            return [await connection.fetch(f"{select} ORDER BY 3, 4") for select in statements]
        finally:
            await connection.close()

    assert len(statements) == len(SECONDS)
    for frame, rows in zip(SECONDS, asyncio.run(work()), strict=True):
        for symbol in SYMBOLS:
            found = [
                (int(at.timestamp()) * SECOND_NS, o, h, low, c, v, n)
                for _, _, s, at, o, h, low, c, v, n in map(tuple, rows)
                if s == symbol
            ]
            assert found == by_hand(made, symbol, frame), frame


def test_what_only_the_licensed_edition_may_do_is_refused_for_its_licence_and_nothing_else(timescale):
    from tradewind.adapters.event_store.postgres_schema import migrations

    url = timescale.new_database()
    licensed = [m.sql for m in migrations(Kind.LICENSED) if m.name.endswith(".licensed.sql")]
    statements = [s for sql in licensed for s in sql.split(";") if s.strip()]
    # Those that come later; their functions are there to be called, with these arguments.
    statements += [REFRESH.format(frame="1m", start=0, end=1), STOP_DROPPING, DROP_AGAIN]

    async def work():
        async with opened(url) as store:
            await store.append([tick(1)])
        connection = await asyncpg.connect(url)
        try:
            for statement in statements:
                with pytest.raises(asyncpg.FeatureNotSupportedError, match="license"):
                    await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(work())
    assert len(statements) == 2 * len(SECONDS) + 3 + 3
