"""A session's record may be as long as it likes: recording and replay hold a part of it at a time."""

import asyncio
import tracemalloc

from test_session_answers import AT_ONCE, NAME, OneBuy, recorder_of, terms, two_markets

from tradewind.adapters.event_store import sqlite_events
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.core.domain.events import payloads as p
from tradewind.trading.sessions import replaying
from tradewind.trading.sessions.replaying import replay


def peak_of(path, ticks):
    """The most that a recording and its replay hold of Python's memory, in bytes each."""
    market = [(t, d) for t, d in two_markets(ticks, 1) if type(d) is p.Tick and d.symbol == "BTC/USDT:USDT"]

    async def work():
        store = SqliteEventStore(path / f"{ticks}.db")
        peaks = []
        for run in (
            lambda: recorder_of(OneBuy, terms(wait_ns=4 * 10**9), store, AT_ONCE).run(market),
            lambda: replay(store, NAME, lambda _terms: (OneBuy, "c0de")),
        ):
            tracemalloc.start()
            found = await run()
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert found.difference is None
        assert found.inputs > ticks / 3
        await store.close()
        return peaks

    return asyncio.run(work())


def test_four_times_as_long_a_session_takes_no_more_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(replaying, "BATCH", 100)
    for pages in ("PAGE_ROWS_FIRST", "PAGE_ROWS"):  # what the store reads at a time, whoever asks
        monkeypatch.setattr(sqlite_events, pages, 200, raising=False)
    short, long = peak_of(tmp_path, 6_000), peak_of(tmp_path, 24_000)
    assert long[0] < 1.5 * short[0] + 300_000
    assert long[1] < 1.5 * short[1] + 300_000
