"""Packed days: the same events, in the same order, once, in less room."""

import asyncio
import lzma
import os
import random
import signal
import subprocess
import sys
from datetime import UTC, datetime

import msgspec
import pytest
from event_examples import NOW, events, tick
from hypothesis import given
from hypothesis import strategies as st
from tests.servers.event_stores import asked, opened

from tradewind.adapters.event_store import packed_blocks, postgres_packing, postgres_reading
from tradewind.adapters.event_store.packed_blocks import pack, unpack
from tradewind.adapters.event_store.postgres_candles import SECONDS, roll_up
from tradewind.core.domain.errors import Corrupt, Unavailable
from tradewind.core.domain.events.codec import encode
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.ports.event_store import EventQuery, Hold, Purged

DAY_NS = 86_400_000_000_000
PATIENCE_S = 120
SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")
ALL = EventQuery()
PACKER = """
import asyncio, sys
from tradewind.adapters.event_store import postgres_packing
from tradewind.adapters.event_store.postgres_events import PostgresEventStore

postgres_packing.BLOCK_ROWS, postgres_packing.ROWS_AT_ONCE_MAX = 7, 20
blocks = postgres_packing.blocks

def told(rows):
    print("taken", flush=True)
    made = blocks(rows)
    print("made", flush=True)
    return made

postgres_packing.blocks = told

async def work():
    store = PostgresEventStore(sys.argv[1])
    await store.tidy()
    await store.close()

asyncio.run(work())
"""


@pytest.fixture(params=["postgres", "timescale"])
def url(request):
    return request.getfixturevalue(request.param).new_database()


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Small blocks and steps, so that few events make many of them."""
    monkeypatch.setattr(postgres_packing, "BLOCK_ROWS", 7)
    monkeypatch.setattr(postgres_packing, "ROWS_AT_ONCE_MAX", 60)
    monkeypatch.setattr(postgres_reading, "BLOCKS_AT_ONCE_MAX", 4)
    monkeypatch.setattr(postgres_reading, "PAGE_ROWS_FIRST", 5)
    monkeypatch.setattr(postgres_reading, "PAGE_ROWS", 23)


def run(work):
    async def bounded():
        async with asyncio.timeout(PATIENCE_S):
            return await work()

    return asyncio.run(bounded())


def midnight():
    return int(datetime.now(UTC).timestamp()) * 1_000_000_000 // DAY_NS * DAY_NS


def made_events(number, seed, days=20):
    """Events of the last days in no order of time: ticks of some tokens, tenants and sessions, and audit records."""
    rng, today = random.Random(seed), midnight()
    made = []
    for i in range(number):
        time = today - rng.randrange(1, days * DAY_NS)
        symbol = rng.choice(SYMBOLS)
        fields = {"time_event": time, "time_recorded": today, "tenant": rng.choice(["home", "firm"])}
        fields["session"] = rng.choice([None, None, "s1"])
        if rng.random() < 0.05:
            kind = EVENT_TYPES["audit.recorded"]
            data = kind.payload(actor="ann", action="approve", target="p1", allowed=True)
            made.append(tick(seed * 10**6 + i, type=kind.name, data=data, **(fields | {"token": "ann"})))
        else:
            data = EVENT_TYPES["price.tick"].payload(symbol=symbol, price=rng.randint(90, 110) / 4, size=rng.random())
            made.append(tick(seed * 10**6 + i, symbol, data=data, **fields))
    return made


async def read(store, query=ALL, batch=5):
    return [(s.position, s.event) async for some in store.read(query, batch) for s in some]


def some_queries(seed):
    rng, today = random.Random(seed), midnight()
    for _ in range(25):
        start = today - rng.randrange(0, 22 * DAY_NS)
        yield EventQuery(
            rng.choice([None, start]), rng.choice([None, start + rng.randrange(0, 12 * DAY_NS)]),
            tokens=tuple(rng.sample((*SYMBOLS, "ann"), rng.choice([0, 1, 2]))),
            types=rng.choice([(), (), ("price.tick",), ("audit.recorded",), ("price.tick", "audit.recorded")]),
            tenant=rng.choice([None, "home"]), session=rng.choice([None, "s1"]), after_position=rng.choice([0, 0, 150]),
        )  # fmt: skip


def test_packed_days_are_read_and_counted_as_before(url):
    first, late = made_events(300, 1), made_events(80, 2)

    async def work():
        async with opened(url) as store:
            places = await store.append(first) + await store.append(late[:40])
            before = [(await read(store, q), await store.count(q)) for q in some_queries(3)]
            packed = (await store.tidy()).packed
            assert [(await read(store, q), await store.count(q)) for q in some_queries(3)] == before
            assert await store.append([*first, *late[:40]]) == places, "late duplicates are known"
            places += await store.append(late[40:])
            everything = await read(store)
            again = (await store.tidy()).packed
            assert await read(store) == everything
            assert (await store.tidy()).packed == 0
        tables = "SELECT count(*) FROM tradewind.events WHERE \"timestamp\" < now() - INTERVAL '8 days'"
        return packed, again, everything, places, (await asked(url, tables))[0][0]

    packed, again, everything, places, left = run(work)
    old = midnight() - 7 * DAY_NS
    assert everything == list(zip(places, [*first, *late], strict=True))
    assert packed == sum(e.time_event < old and e.type == "price.tick" for e in [*first, *late[:40]])
    assert again == sum(e.time_event < old and e.type == "price.tick" for e in late[40:])
    assert left == 0


def test_who_reads_while_others_write_and_pack_misses_nothing_and_sees_nothing_twice(url):
    made = made_events(600, 4)

    async def work():
        async with opened(url) as store, opened(url) as packer, opened(url) as reader:
            await store.append(made[:200])

            async def write():
                for start in range(200, 600, 10):
                    await store.append(made[start : start + 10])

            async def tidy(writing):
                while not writing.done():
                    await packer.tidy()

            async def follow(writing):
                seen, after, last = [], 0, False
                while not last:
                    last = writing.done()
                    async for some in reader.read(EventQuery(after_position=after), batch=11):
                        seen += [(s.position, s.event) for s in some]
                        after = some[-1].position
                return seen

            async def read_again_and_again(writing):
                while not writing.done():
                    known = await reader.last_position()
                    found = await read(reader)
                    assert [p for p, _ in found][:known] == list(range(1, known + 1))

            async with asyncio.TaskGroup() as tasks:
                writing = tasks.create_task(write())
                tasks.create_task(tidy(writing))
                tasks.create_task(read_again_and_again(writing))
                seen = tasks.create_task(follow(writing))
            return seen.result()

    assert run(work) == list(enumerate(made, 1))


def test_a_packer_that_is_stopped_half_way_has_lost_nothing(url, monkeypatch):
    made, real, calls = made_events(200, 5), postgres_packing.blocks, 0

    def breaks(rows):
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Unavailable("the packer is gone")
        return real(rows)

    monkeypatch.setattr(postgres_packing, "blocks", breaks)

    async def work():
        async with opened(url) as store:
            await store.append(made)
            with pytest.raises(Unavailable, match="the packer is gone"):
                await store.tidy()
            half = await read(store)
            await store.tidy()
            return half, await read(store)

    half, whole = run(work)
    assert half == whole == list(enumerate(made, 1))


def test_a_packer_that_is_killed_again_and_again_has_lost_nothing(url):
    made = made_events(400, 9)

    async def stored():
        async with opened(url) as store:
            return await read(store)

    async def begin():
        async with opened(url) as store:
            await store.append(made)

    run(begin)
    for lines in (1, 4, 7, 2, 12):
        packer = subprocess.Popen([sys.executable, "-c", PACKER, url], stdout=subprocess.PIPE, text=True)
        for _ in range(lines):
            packer.stdout.readline()
        os.kill(packer.pid, signal.SIGKILL)
        packer.wait(PATIENCE_S)
        packer.stdout.close()
        assert run(stored) == list(enumerate(made, 1))

    async def end():
        async with opened(url) as store:
            while (await store.tidy()).packed:
                pass
            return await read(store), await store.count(EventQuery(end_ns=midnight() - 7 * DAY_NS))

    whole, old = run(end)
    assert whole == list(enumerate(made, 1))
    assert old == sum(e.time_event < midnight() - 7 * DAY_NS for e in made)


def test_candles_are_right_when_a_late_tick_belongs_to_a_packed_day(url):
    made = [e for e in made_events(400, 6) if e.type == "price.tick" and e.tenant == "home"]
    late = [e for e in made_events(60, 7) if e.type == "price.tick" and e.tenant == "home"]

    async def work():
        async with opened(url) as store:
            await store.append(made)
            await store.tidy()
            await store.append(late)
            await store.tidy()
            return {
                (symbol, frame): await store.candles(symbol, frame, 0, 2 * NOW, tenant="home", source="test")
                for symbol in SYMBOLS
                for frame in SECONDS
            }

    for (symbol, frame), candles in run(work).items():
        width, groups = SECONDS[frame] * 1_000_000_000, {}
        for event in sorted((e for e in made + late if e.token == symbol), key=lambda e: e.time_event):
            groups.setdefault(event.time_event // width * width, []).append(event.data)
        found = [(c.time, c.open, c.high, c.low, c.close, c.ticks) for c in candles]
        assert found == [
            (time, some[0].price, max(t.price for t in some), min(t.price for t in some), some[-1].price, len(some))
            for time, some in sorted(groups.items())
        ], (symbol, frame)
        assert [c.volume for c in candles] == pytest.approx(
            [sum(t.size for t in some) for _, some in sorted(groups.items())]
        )


def test_of_packed_days_only_the_ticks_of_touched_minutes_are_laid_beside(url):
    """However much is packed, what is held at once to make candles again is what these candles are made of."""
    kind, day = EVENT_TYPES["price.tick"], midnight() - 12 * DAY_NS
    times = [(day + second * 1_000_000_000, second) for second in range(0, 6_000, 20)]
    made = [
        tick(
            number,
            "BTC/USDT",
            time_event=time,
            time_recorded=midnight(),
            data=kind.payload(symbol="BTC/USDT", price=1.0, size=1.0),
        )
        for time, number in times
    ]
    late = tick(9_999, "BTC/USDT", time_event=day + 601 * 1_000_000_000, time_recorded=midnight())
    laid = "SELECT n_tup_ins FROM pg_stat_xact_user_tables WHERE relname = 'unpacked_ticks'"

    async def work():
        async with opened(url) as store:
            await store.append(made)
            assert (await store.tidy()).packed == len(made)
            await store.append([late])
            async with store.connected() as connection, connection.transaction():
                assert await roll_up(connection) == 1
                return await connection.fetchval(laid)

    assert run(work) == 3


@pytest.mark.parametrize(
    ("held", "types"),
    [
        (None, ()),
        (None, ("price.tick",)),
        (None, ("price.quote",)),
        (EventQuery(session="s1"), ()),
        (EventQuery(tokens=("ETH/USDT",), types=("price.tick",)), ("price.tick",)),
    ],
)
def test_packed_events_are_forgotten_too_but_for_those_that_are_held(url, held, types):
    made = made_events(300, 8)
    cut = midnight() - 10 * DAY_NS - 7

    def goes(event):
        fits = held and (event.session == held.session if held.session else event.token in held.tokens)
        return event.type == "price.tick" and event.time_event < cut and "price.quote" not in types and not fits

    async def work():
        async with opened(url) as store:
            await store.append(made)
            await store.tidy()
            if held:
                await store.hold(Hold("case", held, "a question"))
            planned = await store.purge(cut, types, dry_run=True)
            assert len(await read(store)) == 300
            done = await store.purge(cut, types)
            left = await read(store)
            again = await store.purge(cut, types)
            await store.append(made[:50])
            return planned, done, again, left, await store.count(ALL)

    planned, done, again, left, count = run(work)
    gone = [e for e in made if goes(e)]
    old = sum(e.type == "price.tick" and e.time_event < cut for e in made) if "price.quote" not in types else 0
    kept = {"price.tick": old - len(gone)} if old > len(gone) else {}
    assert planned == done == Purged({"price.tick": len(gone)} if gone else {}, kept)
    assert again == Purged({}, kept)
    assert left == [(p, e) for p, e in enumerate(made, 1) if not goes(e)]
    assert count == 300 - len(gone) + sum(goes(e) for e in made[:50]), "what is forgotten is not known any more"


@given(st.lists(events(), min_size=1, max_size=30), st.integers(1, 2**62), st.data())
def test_what_is_packed_comes_out_byte_for_byte(made, first, data):
    steps = data.draw(st.lists(st.integers(1, 2**32), min_size=len(made), max_size=len(made)))
    rows = [(first := first + step, encode(event)) for step, event in zip(steps, made, strict=True)]
    assert unpack(pack(rows), "here") == rows


PARTS = st.text('ab"{}:é', max_size=4)


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.tuples(*[PARTS] * n).map(",".join), min_size=1, max_size=9)))
def test_what_is_packed_part_by_part_comes_out_byte_for_byte(lines):
    rows = [(7 * i, line.encode()) for i, line in enumerate(lines, 1)]
    assert unpack(pack(rows), "here") == rows


def test_blocks_as_they_were_packed_before_are_read():
    rows = [(i * i, encode(tick(i))) for i in range(1, 50)]
    steps = ",".join(str(2 * i - 1) for i in range(1, 50)).encode()
    block = lzma.compress(b"\n".join((steps, *(body for _, body in rows))))
    assert unpack(block, "here") == rows


@pytest.mark.parametrize("lines", [b"parts:1,1\na\nb\nc", b"parts:1,1", b"1,1\na", b"parts:\na", b"parts:1,x\na\nb"])
def test_a_block_of_which_something_is_missing_is_damaged(lines):
    with pytest.raises(Corrupt, match="damaged"):
        unpack(lzma.compress(lines), "here")


@given(st.binary(max_size=200))
def test_bytes_that_are_no_block_are_named_damaged(damage):
    with pytest.raises(Corrupt, match="here: a block of packed events is damaged"):
        unpack(damage, "here")


def test_a_block_in_which_a_bit_has_turned_is_damaged():
    block = bytearray(pack([(i, encode(tick(i))) for i in range(1, 50)]))
    block[len(block) // 2] ^= 4
    with pytest.raises(Corrupt, match="damaged"):
        unpack(bytes(block), "here")


def test_a_block_is_long_enough_to_be_small():
    rows = [(i, encode(tick(i))) for i in range(1, packed_blocks.BLOCK_ROWS + 1)]
    line_by_line = lzma.compress(b"\n".join(body for _, body in rows), preset=packed_blocks.PRESET)
    assert len(pack(rows)) < 0.9 * len(line_by_line)
    assert len(pack(rows)) * 5 < sum(len(body) for _, body in rows)


def test_an_id_is_known_whatever_day_it_comes_with_and_whether_it_is_packed(url):
    made = made_events(60, 10)
    moved = [
        msgspec.structs.replace(e, time_event=midnight() - i % 20 * DAY_NS, time_recorded=midnight() + i)
        for i, e in enumerate(made)
    ]

    async def work():
        async with opened(url) as store:
            places = await store.append(made)
            assert await store.append(moved) == places
            await store.tidy()
            assert await store.append([*reversed(moved)]) == places[::-1]
            return await read(store)

    assert run(work) == list(enumerate(made, 1))
