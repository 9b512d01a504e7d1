"""Measure how fast a session is recorded and played again: python3 benchmarks/sessions.py

Needs Tradewind's own environment. Results go to results/sessions.json and docs/sessions.md.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from uuid_utils import uuid7

sys.path.insert(0, str(Path(__file__).resolve().parent))

import machine
from figures import keep
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.core.domain.events.payloads import Tick
from tradewind.core.domain.instruments import instrument_for
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.ports.event_store import EventQuery
from tradewind.trading.sessions.chance_venue import Chances, ChanceVenue
from tradewind.trading.sessions.recording import Recorder
from tradewind.trading.sessions.replaying import BATCH, replay
from tradewind.trading.sessions.terms import SessionTerms

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "sessions.md"
SYMBOL = "BTC/USDT:USDT"
START = 1_790_000_040_000_000_000


def ticks(number: int) -> Iterator[tuple[int, Tick]]:
    """A random walk, a tick every two seconds or so."""
    chance, when, price = Random(1), START, 50_000.0
    for _ in range(number):
        when += chance.randrange(10**8, 4 * 10**9)
        price *= 1.0 + chance.gauss(0.0, 0.0002)
        yield when, Tick(symbol=SYMBOL, price=round(price, 1), size=round(chance.random(), 3))


async def measured(number: int, rounds: int, path: Path) -> dict[str, Any]:
    """Record once, play again `rounds` times: seconds on the wall, and of the processor."""
    store = SqliteEventStore(path)
    instrument = instrument_for(SYMBOL)
    terms = SessionTerms("sma_cross", (instrument,), "1m", "bench", {"fast": 5, "slow": 20})
    recorder = Recorder(
        STRATEGIES["sma_cross"], terms, ChanceVenue("bench", terms.instruments, terms.rules, Chances()), store,
        session="bench", tenant="home", mode="backtest", clock_ns=time.time_ns, new_id=lambda: str(uuid7()),
    )  # fmt: skip
    started = time.perf_counter()
    told = await recorder.run(ticks(number))
    found: dict[str, Any] = {"recorded": time.perf_counter() - started, "wall": [], "processor": [], "read": []}
    for turn in range(rounds):
        print(f"round {turn + 1} of {rounds}", file=sys.stderr, flush=True)
        wall, processor = time.perf_counter(), time.process_time()
        again = await replay(store, "bench", lambda _terms: (STRATEGIES["sma_cross"], "bench"), tenant="home")
        found["wall"].append(time.perf_counter() - wall)
        found["processor"].append(time.process_time() - processor)
        if again.difference is not None or again.decision_hash != told.decision_hash:
            raise SystemExit(f"the replay differs: {again.difference}")
        read = time.perf_counter()
        async for _ in store.read(EventQuery(session="bench", tenant="home"), BATCH):
            pass
        found["read"].append(time.perf_counter() - read)
    await store.close()
    found["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found | {"events": again.events, "inputs": again.inputs, "decisions": again.decisions}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ticks", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    before = machine.load()
    with tempfile.TemporaryDirectory() as folder:
        seconds = asyncio.run(measured(options.ticks, options.rounds, Path(folder) / "events.db"))
    found = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {**machine.described(), "load_before": before, "load_after": machine.load()},
        **seconds,
    }
    text = words(found)
    keep("sessions", found, text, PAGE)
    return 0


def words(found: dict[str, Any]) -> str:
    m, events = found["machine"], found["events"]
    wall, processor = (events / statistics.median(found[name]) for name in ("wall", "processor"))
    where = (
        f"Measured {found['date']} on {m['processor']}, {m['cores']} cores, Python {m['python']}: `sma_cross` on "
        f"one-minute candles of ticks, {events:,} events with {found['decisions']:,} decisions in SQLite; median of "
        f"{len(found['wall'])} rounds. Load average {m['load_before']:.1f} before and {m['load_after']:.1f} after."
    )
    memory = (
        f"The process took {found['memory_mb']:,.0f} MB at most. Recording commits whenever something is sent and "
        "whenever the venue has spoken, so its speed is that of the disk."
    )
    return "\n".join(
        [
            where,
            "",
            "| events a second | |",
            "|---|---:|",
            f"| replayed, by the clock | {wall:,.0f} |",
            f"| replayed, by the processor's time of the process alone | {processor:,.0f} |",
            f"| read and decoded only, by the clock | {events / statistics.median(found['read']):,.0f} |",
            f"| recorded, by the clock | {events / found['recorded']:,.0f} |",
            "",
            memory,
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
