"""Measure the caches beside the raw Redis driver, in one run: python3 benchmarks/cache.py

Needs Tradewind's own environment with its Redis extra, and redis-server; it starts one of its own with
deploy/redis/state.conf. Results go to results/cache.json and docs/cache.md; with --look they are only printed. It ends
with 1 where a read through Tradewind takes a millisecond or more at the 99th percentile.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from redis.asyncio import Redis

import machine
from figures import keep
from tradewind.adapters.cache.measured_cache import MeasuredCache
from tradewind.adapters.cache.memory_cache import MemoryCache
from tradewind.adapters.cache.redis_cache import RedisCache
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.account_view import after
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.event_types import EVENT_TYPES
from tradewind.ports.cache import Role
from tradewind.trading.cache_health import CacheHealth
from tradewind.trading.cached_portfolios import CachedPortfolios
from tradewind.trading.portfolio_keys import Account, Portfolio, written

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "cache.md"
ACCOUNT = Account("home", "paper", "bench")
KEYS = ACCOUNT.keys
SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT", "BTC/USDT", "ETH/USDT")
TRADES = 300
"""What the account has done: a portfolio as those that people have, and every trade remembered that can be."""
READS = ("get, Redis", "portfolio of three keys, Redis", "portfolio as the account it is, Redis")
LIMIT_US = 1_000.0
BATCH = 500
"""Calls of one contender in a row; then it is the next one's turn, so that all meet the same machine."""


@contextmanager
def server() -> Iterator[int]:
    """A Redis server of the benchmark's own; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        conf = HERE.parent / "deploy" / "redis" / "state.conf"
        words = ["redis-server", str(conf), "--port", str(port), "--dir", folder]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 30
            while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
                if time.monotonic() > deadline:
                    raise SystemExit("Redis did not start")
                time.sleep(0.05)
            yield port
        finally:
            process.kill()
            process.wait()


async def timed(call: Callable[[], Awaitable[Any]], calls: int) -> list[float]:
    """Microseconds of each call, one after the other."""
    times = []
    for _ in range(calls):
        started = time.perf_counter()
        await call()
        times.append((time.perf_counter() - started) * 1e6)
    return times


def traded() -> list[Event[Any]]:
    """An account's trades."""
    kind = EVENT_TYPES["trade.executed"]
    return [
        Event(
            event_id=str(number), type=kind.name, version=kind.version, time_event=1_790_000_000_000_000_000 + number,
            time_recorded=1_790_000_000_000_000_000 + number, tenant=ACCOUNT.tenant, token=ACCOUNT.name, source="bench",
            correlation_id=str(number), mode=ACCOUNT.mode,
            data=kind.payload(
                account=ACCOUNT.name, order_id=f"o{number}", trade_id=str(number),
                symbol=SYMBOLS[number % len(SYMBOLS)],
                side="sell" if number % 3 else "buy", size=Decimal(number % 7 + 1) / 100,
                price=Decimal(60_000 + number), fee=Decimal("0.25"), fee_currency="USDT",
            ),
        )
        for number in range(TRADES)
    ]  # fmt: skip


async def measured(port: int, calls: int, folder: Path) -> dict[str, list[float]]:
    """Microseconds of every call, by contender."""
    raw = Redis(host="127.0.0.1", port=port)
    metrics = CountedMetrics()
    ours = MeasuredCache(RedisCache(f"redis://127.0.0.1:{port}/0"), metrics, Role.STATE)
    memory = MeasuredCache(MemoryCache(), metrics, Role.STATE)
    store, view = SqliteEventStore(folder / "events.db"), Portfolio().view
    positions = await store.append(traded())
    for event in traded():
        view = after(view, event)
    changes = written(ACCOUNT, Portfolio(view, positions[-1]))
    at_hand = [CachedPortfolios(cache, store, metrics, CacheHealth(metrics)) for cache in (ours, memory)]
    for portfolios in at_hand:
        if not await portfolios.recover() or await portfolios.cache.mget(KEYS) != list(changes.values()):
            raise SystemExit("the portfolio in the cache is not what its events come to")

    async def transaction() -> None:
        async with raw.pipeline(transaction=True) as pipe:
            for key, value in changes.items():
                pipe.set(key, value)
            await pipe.execute()

    contenders: dict[str, Callable[[], Awaitable[Any]]] = {
        "get, raw driver": lambda: raw.get(KEYS[0]),
        "get, Redis": lambda: ours.get(KEYS[0]),
        "get, memory": lambda: memory.get(KEYS[0]),
        "portfolio of three keys, raw driver": lambda: raw.mget(KEYS),
        "portfolio of three keys, Redis": lambda: ours.mget(KEYS),
        "portfolio of three keys, memory": lambda: memory.mget(KEYS),
        "portfolio as the account it is, Redis": lambda: at_hand[0].read(ACCOUNT),
        "portfolio as the account it is, memory": lambda: at_hand[1].read(ACCOUNT),
        "three keys changed as one, raw driver": transaction,
        "three keys changed as one, Redis": lambda: ours.apply(changes, changes),
        "three keys changed as one, memory": lambda: memory.apply(changes, changes),
    }
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for call in contenders.values():
        await timed(call, 200)
    for _ in range(0, calls, BATCH):
        for name, call in contenders.items():
            times[name] += await timed(call, BATCH)
    await ours.close()
    await raw.aclose()
    await store.close()
    return times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--look", action="store_true", help="print the figures, and write them nowhere")
    options = parser.parse_args()
    before = machine.load()
    with server() as port, tempfile.TemporaryDirectory() as folder:
        times = asyncio.run(measured(port, options.calls, Path(folder)))
    found = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {**machine.described(), "load_before": before, "load_after": machine.load()},
        "calls": options.calls,
        "priority": priority(),
        "microseconds": {name: figures(some) for name, some in times.items()},
    }
    if options.look:
        print(table(found))
    else:
        keep("cache", found, table(found), PAGE)
    slow = [name for name in READS if found["microseconds"][name]["p99"] >= LIMIT_US]
    print("slower than a millisecond: " + ", ".join(slow) if slow else "every read is under a millisecond at p99")
    return int(bool(slow))


def priority() -> str:
    """How the system schedules this process and the server: on a machine that others use too, p99 is mostly theirs."""
    real_time = hasattr(os, "sched_getscheduler") and os.sched_getscheduler(0) in {os.SCHED_FIFO, os.SCHED_RR}
    return "real-time priority (chrt -f 10), since others were at work too" if real_time else f"nice {os.nice(0)}"


def figures(times: list[float]) -> dict[str, float]:
    ranked = sorted(times)
    return {name: round(ranked[int(len(ranked) * part)], 1) for name, part in (("p50", 0.5), ("p99", 0.99))}


def table(found: dict[str, Any]) -> str:
    m = found["machine"]
    where = (
        f"Measured {found['date']} on {m['processor']}, {m['cores']} cores, Python {m['python']}: {found['calls']:,} "
        f"calls each, one after the other, in turns of {BATCH}, of an account of {len(SYMBOLS)} symbols after {TRADES} "
        f"trades; the server on the same machine, with its append-only file. "
        f"Load average {m['load_before']:.1f} before and {m['load_after']:.1f} after; both processes ran at "
        f"{found['priority']}."
    )
    rows = [f"| {name} | {f['p50']:,.0f} | {f['p99']:,.0f} |" for name, f in found["microseconds"].items()]
    return "\n".join([where, "", "| microseconds | median | p99 |", "|---|---:|---:|", *rows])


if __name__ == "__main__":
    raise SystemExit(main())
