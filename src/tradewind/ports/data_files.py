"""The port to files that other programs wrote: candles, funding rates and mark prices in many spellings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tradewind.core.domain.market_data import Kind, Times, Values


@dataclass(frozen=True)
class Reading:
    """How a file is to be read where it does not say so itself. None means: as the file says."""

    kind: Kind = Kind.CANDLES
    columns: Mapping[str, str] = field(default_factory=dict)
    """Our name to the file's: `{"time": "Opened", "open": "First"}`."""
    zone: str | None = None
    """IANA zone of times that carry none, such as UTC or Europe/Berlin."""
    unit: str | None = None
    """s, ms, us or ns, of times that are numbers."""
    time_format: str | None = None
    """strftime format of times that are text."""


@dataclass(frozen=True)
class RawRows:
    """What a file holds, in its own order and unchecked. `said` are the choices that were made, in words."""

    time: Times
    values: dict[str, Values]
    said: tuple[str, ...]
    first_row: int
    """The number people give the first row: 2 in a CSV file with a header, else 1."""


class DataFiles(Protocol):
    """A reader of files."""

    def read(self, path: Path, reading: Reading) -> RawRows:
        """The rows of a file. Raises BadInput naming the file, the row and what to do."""
        ...

    def is_data(self, path: Path) -> bool:
        """Whether the name is that of a file `read` may know how to read."""
        ...
