"""A session that one process at a time works on: a second one would write into the same record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tradewind.adapters.event_store.served_alone import fcntl
from tradewind.core.domain.errors import BadInput


@contextmanager
def session_alone(folder: Path, session: str) -> Iterator[None]:
    """The session is this process's while the block runs; the system takes it back from one that was killed.

    Raises BadInput where another process has it. On a system without file locks nothing is held.
    """
    if fcntl is None:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{session}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BadInput(
                "another process is at work on it", where=f"session {session}", fix="Let it end, or stop it first"
            ) from None
        yield
