"""The port to the lockbox: an append-only record of what was sealed, opened and unsealed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from tradewind.core.domain.lockbox import Done, Entry


class Lockbox(Protocol):
    """Entries that are added and never changed. Everything raises Corrupt where they are not what was written, and
    Unavailable where they cannot be read or written now.
    """

    def entries(self) -> list[Entry]:
        """Every entry, oldest first, the whole chain verified."""
        ...

    def append(self, decide: Callable[[Sequence[Entry]], Done | None]) -> Entry | None:
        """Add what `decide` makes of the entries so far, while nobody else can add any; None adds nothing.

        What is returned is on disk. An error that `decide` raises is passed on, and nothing is added.
        """
        ...
