"""A process that feeds ticks and trades and makes candles and snapshots of them, to be killed at any moment.

python candle_process.py FOLDER: goes on after what the store in FOLDER holds, prints `going` and, at the end, `done`.
"""

import asyncio
import random
import sys
from decimal import Decimal
from pathlib import Path

from tradewind.adapters.bus.memory_bus import MemoryBus
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.candle_building import CandleRules
from tradewind.messaging.producer import EventProducer, Origin
from tradewind.ports.event_store import EventQuery
from tradewind.trading.candles import CandleMaker
from tradewind.trading.snapshots import PortfolioSnapshots

TICKS = 600
TRADE_EVERY = 10
START = 1_790_000_100_000_000_000
RULES = CandleRules(("1s", "7s", "1m"))


def ticks():
    """The same feed every time: some overtaken, some late, quiet stretches; (time, price, size)."""
    draw, now = random.Random(5), START
    for _ in range(TICKS):
        now += draw.choice([0, 10**7, 10**9, 3 * 10**9, 10**9, 40 * 10**9])
        yield now - draw.choice([0, 0, 0, 10**9, 5 * 10**9]), 100.0 + draw.random(), draw.random()


def trade(number):
    """A trade of an account that its number tells from others."""
    draw = random.Random(number)
    return {
        "account": "alice", "order_id": str(number), "trade_id": str(number), "symbol": "BTC/USDT:USDT",
        "side": draw.choice(["buy", "sell"]), "size": Decimal(draw.randint(1, 99)), "fee": Decimal(1),
        "price": Decimal(draw.randint(1, 99)), "fee_currency": "USDT",
    }  # fmt: skip


async def main(folder):
    """Feed what is not stored yet; end when all of it is handled."""
    store, metrics = SqliteEventStore(folder / "events.db"), CountedMetrics()
    bus = MemoryBus(store)
    producer = EventProducer(bus, Origin("home", "venue", "paper"), metrics)
    services = (
        CandleMaker(bus, producer, metrics, store, member="one", rules=RULES),
        PortfolioSnapshots(bus, producer, metrics, store, member="one"),
    )
    running = [asyncio.create_task(service.run()) for service in services]
    for service in services:
        await service.subscribed.wait()
    ticks_stored = await store.count(EventQuery(types=("price.tick",)))
    trades_stored = await store.count(EventQuery(types=("trade.executed",)))
    print("going", flush=True)
    for number, (time, price, size) in enumerate(ticks()):
        if number >= ticks_stored:
            data = {"symbol": "BTC/USDT", "price": price, "size": size}
            await producer.publish("price.tick", data, time_event=time)
        if number % TRADE_EVERY == 0 and number // TRADE_EVERY >= trades_stored:
            await producer.publish("trade.executed", trade(number))
    while any(service._lanes.in_hand for service in services) or any(map(metrics_lag(metrics), services)):
        await asyncio.sleep(0.01)
    for service in services:
        service.stop()
    await asyncio.gather(*running)
    await store.close()
    print("done", flush=True)


def metrics_lag(metrics):
    """What a service has not committed yet."""
    return lambda service: sum(metrics.values["consumer_lag", service.group, topic][0] for topic in service.topics)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
