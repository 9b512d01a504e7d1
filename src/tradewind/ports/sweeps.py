"""The port to sweeps at work: what is done of a long search, kept block by block until it is finished."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class Block:
    """A stretch of a sweep: arrays by name, which come back bit for bit, and plain words and numbers."""

    arrays: Mapping[str, np.ndarray[Any, Any]]
    words: Mapping[str, Any]


@dataclass(frozen=True)
class BegunSweep:
    """A sweep that is not finished: its name, when it began (ns UTC), what it is to do, how many blocks are done."""

    name: str
    begun_ns: int
    plan: Mapping[str, str]
    blocks: int


@dataclass(frozen=True)
class Sweep:
    """One sweep at work, this process's alone, and what can be done with it.

    `blocks()` gives what was kept, in the order in which it was; it raises Corrupt where that is not what was written.
    `keep(block)` keeps one more: when it returns the block is there, and a kill before leaves all as it was.
    """

    name: str
    blocks: Callable[[], Iterator[Block]]
    keep: Callable[[Block], None]


class Sweeps(Protocol):
    """Sweeps at work. A kill at any moment loses at most the block that was not finished."""

    def work_on(
        self, name: str, plan: Mapping[str, str], begun_ns: int, *, fresh: bool = False
    ) -> AbstractContextManager[Sweep]:
        """Begin the sweep of this name, or go on with it; `fresh` drops what was kept of it.

        Raises BadInput where it was begun with another plan (naming what differs), or another process works on it.
        """
        ...

    def begun(self) -> list[BegunSweep]:
        """Those that are not finished, oldest first."""
        ...

    def find(self, name: str) -> BegunSweep:
        """The one of this name, or whose name begins with it; "last" is the newest. Raises BadInput."""
        ...

    def forget(self, name: str) -> None:
        """Drop what was kept. One that is not there is forgotten already."""
        ...
