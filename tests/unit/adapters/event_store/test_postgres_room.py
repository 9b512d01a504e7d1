"""How much room events take, tables, indexes and ids together, before and after their days are packed."""

import asyncio
import gzip
import json
import random
import uuid
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import msgspec
import polars
import pytest
from event_examples import tick

from tradewind.adapters.event_store.postgres_events import PostgresEventStore
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.ports.event_store import EventQuery

PATIENCE_S = 300
DAY_NS = 86_400_000_000_000
MS = 1_000_000
NUMBER = 20_000
DATA = Path(__file__).parents[4].parent / "shared" / "data"
TRADES = DATA / "l2_raw_binance" / "usdm_btcusdt_20240808.gz"
CANDLES = DATA / "binance_usdm" / "BTC_USDT_USDT-1m-futures.feather"
SYMBOL = "BTC/USDT:USDT"
SIZES = """
SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'tradewind' AND c.relkind = 'r' AND c.relname ~ '^(events_|packed_events|event_ids)'
"""


def event(rng, type_, happened, recorded, **fields):
    """One event as a producer makes it: an id of its time, the rest of it by chance."""
    number = (recorded // MS << 80) | 0x7 << 76 | rng.getrandbits(76) & ~(0x3 << 62) | 0x2 << 62
    name = str(uuid.UUID(int=number))
    return tick(
        0, SYMBOL, event_id=name, correlation_id=name, type=type_, time_event=happened, time_recorded=recorded,
        mode="live", source="binance", data=EVENT_TYPES[type_].payload(symbol=SYMBOL, **fields),
    )  # fmt: skip


def made_up_ticks():
    rng, price, time = random.Random(1), 64_000.0, 1_790_000_000_000 * MS
    for number in range(NUMBER):
        price = round(price + rng.choice([-0.2, -0.1, 0, 0, 0, 0.1, 0.2]), 1)
        time += int(rng.expovariate(1 / 300)) * MS
        size = max(round(rng.lognormvariate(-4, 2), 3), 0.001)
        more = {"aggressor": rng.choice(["buy", "sell"]), "trade_id": str(3_912_345_678 + number)}
        yield event(rng, "price.tick", time, time + rng.randrange(20 * MS, 90 * MS), price=price, size=size, **more)


def made_up_candles():
    rng, price = random.Random(2), 64_000.0
    for minute in range(NUMBER):
        prices = [price := round(price * rng.gauss(1, 0.0003), 1) for _ in range(4)]
        time = 1_790_000_000_000 * MS + minute * 60_000 * MS
        yield event(
            rng, "candle.closed", time + 60_000 * MS, time + 60_000 * MS + rng.randrange(MS, 900 * MS), timeframe="1m",
            time=time, open=prices[0], high=max(prices), low=min(prices), close=prices[-1],
            volume=round(rng.lognormvariate(2, 1), 3), ticks=rng.randrange(1, 900),
        )  # fmt: skip


def real_ticks():
    rng = random.Random(3)
    with gzip.open(TRADES, "rt") as lines:
        for line in lines:
            heard, _, words = line.partition(" ")
            if '"e":"trade"' in words:
                said = json.loads(words)["data"]
                yield event(
                    rng, "price.tick", said["T"] * MS, int(heard) + 2_000 * MS, price=float(said["p"]),
                    size=float(said["q"]), aggressor="sell" if said["m"] else "buy", trade_id=str(said["t"]),
                )  # fmt: skip


def real_candles():
    rng = random.Random(4)
    for row in polars.read_ipc(CANDLES).head(NUMBER).iter_rows(named=True):
        time = int(row["date"].timestamp()) * 1_000 * MS
        prices = {name: row[name] for name in ("open", "high", "low", "close", "volume")}
        yield event(
            rng, "candle.closed", time + 60_000 * MS, time + 60_000 * MS + rng.randrange(MS, 900 * MS), timeframe="1m",
            time=time, ticks=rng.randrange(1, 900), **prices,
        )  # fmt: skip


def before_last_week(events):
    """The same events, moved in time so that all are old enough to be packed."""
    today = int(datetime.now(UTC).timestamp()) * 1_000 * MS // DAY_NS * DAY_NS
    made = list(events)
    back = today - 8 * DAY_NS - made[-1].time_event
    return [
        msgspec.structs.replace(e, time_event=e.time_event + back, time_recorded=e.time_recorded + back) for e in made
    ]


async def room(url):
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("VACUUM")
        return await connection.fetchval(SIZES)
    finally:
        await connection.close()


@pytest.mark.parametrize("events", [made_up_ticks, made_up_candles, real_ticks, real_candles])
def test_packed_days_take_a_fifth_of_the_room_ids_and_indexes_counted(postgres, events):
    if events in (real_ticks, real_candles) and not (TRADES.exists() and CANDLES.exists()):
        pytest.skip("there are no recordings beside the project")
    url, made = postgres.new_database(), before_last_week(events())

    async def work():
        async with asyncio.timeout(PATIENCE_S):
            store = PostgresEventStore(url)
            for start in range(0, len(made), 1_000):
                await store.append(made[start : start + 1_000])
            before = await room(url)
            await store.tidy()
            after = await room(url)
            assert [s.event async for some in store.read(EventQuery()) for s in some] == made
            await store.close()
            return before, after

    before, after = asyncio.run(work())
    assert after <= 0.2 * before, f"{before / len(made):.0f} bytes an event, packed {after / len(made):.0f}"
