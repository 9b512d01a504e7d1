"""Recordings of order books: what a program that listened to a venue wrote down."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from tradewind.core.domain.recording import Recording


class BookRecordings(Protocol):
    """A reader and writer of recordings."""

    def read(self, path: Path) -> Recording:
        """All of a recording. What could not be read of it is counted and said.

        Raises BadInput where there is no such file, where nothing in it can be read, or where it holds several symbols.
        """
        ...

    def write(self, recording: Recording, path: Path) -> None:
        """Write a file that reads as this recording. Raises BadInput where it is there, or cannot be written."""
        ...
