"""Candles and snapshots of a process that is killed again and again are those of one that never was."""

import asyncio
import random
import subprocess
import sys
import time
from pathlib import Path

import candle_process
import pytest

from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.core.domain.candle_building import CandleBuilder
from tradewind.core.domain.timeframes import timeframe_ns
from tradewind.ports.event_store import EventQuery
from tradewind.trading.carried_forward import rebuilt
from tradewind.trading.portfolio_keys import Account
from tradewind.trading.snapshots import latest_snapshot, restored

KILLS = 3


def begun(folder):
    process = subprocess.Popen(
        [sys.executable, Path(candle_process.__file__), str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "going\n"
    return process


def whole(folder):
    process = begun(folder)
    said, _ = process.communicate(timeout=120)
    assert (said, process.returncode) == ("done\n", 0)


def by_end(candles):
    return sorted(candles, key=lambda c: (c.time + timeframe_ns(c.timeframe), timeframe_ns(c.timeframe)))


def in_one_process():
    builder = CandleBuilder("BTC/USDT", candle_process.RULES)
    for tick in candle_process.ticks():
        builder.take(*tick)
    return builder.closed()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_kills_at_random_moments_leave_no_candle_and_no_trade_out_and_none_twice(tmp_path, seed):
    draw, killed = random.Random(seed), 0
    for _ in range(KILLS):
        process = begun(tmp_path)
        time.sleep(draw.uniform(0.05, 0.6))  # the moment is what is drawn; nothing is waited for
        killed += process.poll() is None
        process.kill()
        process.communicate()
    assert killed
    whole(tmp_path)

    async def look():
        store = SqliteEventStore(tmp_path / "events.db")
        account = Account("home", "paper", "alice")
        stored = [s.event async for batch in store.read(EventQuery()) for s in batch]
        found = await latest_snapshot(store, account), await restored(store, account), await rebuilt(store, account)
        await store.close()
        return stored, found

    stored, (snapshot, from_snapshot, from_zero) = asyncio.run(look())
    assert len([e for e in stored if e.type == "price.tick"]) == candle_process.TICKS
    assert by_end([e.data for e in stored if e.type == "candle.closed"]) == in_one_process()
    assert from_zero.view.totals.trades == candle_process.TICKS // candle_process.TRADE_EVERY
    assert from_snapshot == from_zero
    assert snapshot is not None
