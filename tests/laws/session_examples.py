"""A store for the laws of sessions."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from tradewind.adapters.event_store.sqlite_events import SqliteEventStore

T = TypeVar("T")


async def with_store(work: Callable[[SqliteEventStore], Awaitable[T]]) -> T:
    """What `work` gives for an empty store in a folder of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteEventStore(Path(folder) / "events.db")
        try:
            return await work(store)
        finally:
            await store.close()
