"""Measure the caches beside the raw Redis driver, in one run: python3 benchmarks/cache.py

Needs Tradewind's own environment with its Redis extra, and redis-server; it starts one of its own with
deploy/redis/state.conf. Results go to results/cache.json and docs/cache.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from redis.asyncio import Redis

import machine
from tradewind.adapters.cache.measured_cache import MeasuredCache
from tradewind.adapters.cache.memory_cache import MemoryCache
from tradewind.adapters.cache.redis_cache import RedisCache
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.ports.cache import Role
from tradewind.trading.portfolio_keys import Account

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "cache.md"
BEGIN, END = "<!-- figures: written by benchmarks/cache.py -->", "<!-- end of figures -->"
KEYS = Account("home", "paper", "bench").keys
VALUE = bytes(400)
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


async def measured(port: int, calls: int) -> dict[str, list[float]]:
    """Microseconds of every call, by contender."""
    raw = Redis(host="127.0.0.1", port=port)
    metrics = CountedMetrics()
    ours = MeasuredCache(RedisCache(f"redis://127.0.0.1:{port}/0"), metrics, Role.STATE)
    memory = MeasuredCache(MemoryCache(), metrics, Role.STATE)
    changes = dict.fromkeys(KEYS, VALUE)
    for cache in (ours, memory):
        await cache.apply(changes)

    async def transaction() -> None:
        async with raw.pipeline(transaction=True) as pipe:
            for key in KEYS:
                pipe.set(key, VALUE)
            await pipe.execute()

    contenders: dict[str, Callable[[], Awaitable[Any]]] = {
        "get, raw driver": lambda: raw.get(KEYS[0]),
        "get, Redis": lambda: ours.get(KEYS[0]),
        "get, memory": lambda: memory.get(KEYS[0]),
        "portfolio of three keys, raw driver": lambda: raw.mget(KEYS),
        "portfolio of three keys, Redis": lambda: ours.mget(KEYS),
        "portfolio of three keys, memory": lambda: memory.mget(KEYS),
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
    return times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20_000)
    options = parser.parse_args()
    before = machine.load()
    with server() as port:
        times = asyncio.run(measured(port, options.calls))
    found = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {**machine.described(), "load_before": before, "load_after": machine.load()},
        "calls": options.calls,
        "priority": priority(),
        "microseconds": {name: figures(some) for name, some in times.items()},
    }
    write(found, table(found))
    return 0


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
        f"calls each, one after the other, in turns of {BATCH}; the server on the same machine, with its append-only "
        f"file. Load average {m['load_before']:.1f} before and {m['load_after']:.1f} after; both processes ran at "
        f"{found['priority']}."
    )
    rows = [f"| {name} | {f['p50']:,.0f} | {f['p99']:,.0f} |" for name, f in found["microseconds"].items()]
    return "\n".join([where, "", "| microseconds | median | p99 |", "|---|---:|---:|", *rows])


def write(found: dict[str, Any], text: str) -> None:
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "cache.json").write_text(json.dumps(found, indent=1) + "\n")
    head, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}")
    print(text)


if __name__ == "__main__":
    raise SystemExit(main())
