"""Searches that go on where they were cut off: inside a `resuming(...)` block, `optimise` keeps each finished block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from tradewind.ports.sweeps import Sweeps


@dataclass(frozen=True)
class Resuming:
    """Where searches are kept, the time that they are said to begin, and whether they begin anew."""

    sweeps: Sweeps
    now_ns: int
    fresh: bool = False


_NOW: ContextVar[Resuming | None] = ContextVar("resuming", default=None)


@contextmanager
def resuming(sweeps: Sweeps, *, now_ns: int, fresh: bool = False) -> Iterator[None]:
    """Keep every search of this thread until the block ends. A search that is finished is forgotten."""
    token = _NOW.set(Resuming(sweeps, now_ns, fresh))
    try:
        yield
    finally:
        _NOW.reset(token)


def now_resumable() -> Resuming | None:
    """Where searches are kept at the moment, if anywhere."""
    return _NOW.get()
