"""Trades and ticks through Kafka until SIGTERM; each event is written down once it is acknowledged, and not before.

    python -m tests.chaos.publisher FILE        (TRADEWIND_KAFKA says where)

It is killed at any moment: what stands in the file must be found again, and what does not may be.
"""

import asyncio
import random
import signal
import sys
from decimal import Decimal
from pathlib import Path

from uuid_utils import uuid7

from tradewind import bootstrap
from tradewind.core.domain.errors import Unavailable
from tradewind.messaging.producer import EventProducer, Origin
from tradewind.settings import load_settings

ACCOUNTS = tuple(f"trader{number}" for number in range(12))
SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")
PAUSE_S = 0.02


def trade(draw):
    """One trade of one of the accounts."""
    name = str(uuid7())
    return "trade.executed", {
        "account": draw.choice(ACCOUNTS), "order_id": f"o{name}", "trade_id": f"t{name}",
        "symbol": draw.choice(SYMBOLS), "side": draw.choice(["buy", "sell"]),
        "size": Decimal(draw.randint(1, 9_999)) / 1_000, "price": Decimal(draw.randint(1, 99_999)) / 10,
        "fee": Decimal(draw.randint(0, 99)) / 100, "fee_currency": "USDT",
    }  # fmt: skip


def tick(draw):
    """One tick of one of the symbols."""
    return "price.tick", {"symbol": draw.choice(SYMBOLS), "price": 100.0 + draw.random(), "size": 1.0}


async def main(file):
    """Publish one of each again and again; while the bus is away the same ones are tried for as long as it takes."""
    draw, stopping = random.Random(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    settings, metrics = load_settings(), bootstrap.open_metrics()
    store = bootstrap.open_event_store(settings, metrics)
    bus = bootstrap.open_bus(store, settings)
    producer = EventProducer(bus, Origin("home", "venue", "paper"), metrics, retries_s=(0.1, 0.2, 0.5, 1.0, 2.0))
    with Path(file).open("a", encoding="ascii", buffering=1) as acknowledged:
        while not stopping.is_set():
            events = [producer.event(*made(draw)) for made in (trade, trade, tick)]
            while True:
                try:
                    await producer.send_batch(events)
                    break
                except Unavailable:
                    continue
            acknowledged.write("".join(f"{event.event_id}\n" for event in events))
            await asyncio.sleep(PAUSE_S)
    await producer.close()
    await bus.close()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
