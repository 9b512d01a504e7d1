"""`tradewind serve` as a process of its own, and what it has left in the store."""

import asyncio
import os
import subprocess
import sys
import time
from queue import Empty, Queue
from threading import Thread

from tradewind import bootstrap
from tradewind.core.domain.candle_building import CandleBuilder, CandleRules
from tradewind.ports.event_store import EventQuery

PATIENCE_S = 120.0


class Serve:
    """A running `tradewind serve`. Its log is read as it comes, so that it is never held up by a full pipe."""

    def __init__(self, *words):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tradewind.interfaces.cli.main", "serve", *words],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=os.environ,
        )  # fmt: skip
        self.lines, self._coming = [], Queue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        with self.process.stderr as lines:
            for line in lines:
                self._coming.put(line)
        self._coming.put(None)

    def says(self, *wanted):
        """Wait until each of these was in a line of the log."""
        left, deadline = list(wanted), time.monotonic() + PATIENCE_S
        for line in self.lines:
            left = [word for word in left if word not in line]
        while left:
            try:
                line = self._coming.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise AssertionError(f"it did not say {left}: {''.join(self.lines)}") from None
            assert line is not None, f"it ended and did not say {left}: {''.join(self.lines)}"
            self.lines.append(line)
            left = [word for word in left if word not in line]
        return self

    def kill(self):
        """As a power cut would; whether it was still at work."""
        alive = self.process.poll() is None
        self.process.kill()
        self.process.wait()
        self._reader.join(PATIENCE_S)
        return alive

    def ended(self):
        """Its exit code, once it has ended by itself or as it was told to."""
        code = self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        while (line := self._coming.get_nowait() if not self._coming.empty() else None) is not None:
            self.lines.append(line)
        return code


def stored(*types, count=None):
    """The events of these types in the store of the settings; with `count`, once there are so many."""

    async def work():
        store, deadline = bootstrap.open_event_store(), time.monotonic() + PATIENCE_S
        try:
            while count is not None and (there := await store.count(EventQuery(types=types))) < count:
                assert time.monotonic() < deadline, f"{there} of {count} {types} came"
                await asyncio.sleep(0.02)
            return [s.event async for batch in store.read(EventQuery(types=types)) for s in batch]
        finally:
            await store.close()

    return asyncio.run(work())


def in_one_go(ticks):
    """The candles of ticks in the order of the store, cut up at once."""
    builder = CandleBuilder(ticks[0].token, CandleRules())
    for event in ticks:
        builder.take(event.time_event, event.data.price, event.data.size, event.data.trade_id)
    return by_time(builder.closed())


def by_time(candles):
    """In an order that does not depend on who published them."""
    return sorted(candles, key=lambda c: (c.symbol, c.time, c.timeframe))
