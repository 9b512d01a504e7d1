"""The port to stored market data: one catalogue of candles, funding rates and mark prices."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from tradewind.core.domain.data_sets import AnySeries, DataKey, DataSetInfo, Provenance
from tradewind.core.domain.market_data import Bars, Funding, MarkPrices


class WriteMode(StrEnum):
    """What happens to rows already stored under the key."""

    MERGE = "merge"  # times that are stored already must agree, else BadInput
    OVERLAY = "overlay"  # where they disagree the new rows win
    REPLACE = "replace"  # nothing old is kept


class MarketData(Protocol):
    """A catalogue. Reading raises BadInput for what is not there and Corrupt for what is damaged."""

    def data_sets(self) -> list[DataSetInfo]:
        """Every readable data set, ordered by key."""
        ...

    def damaged(self) -> dict[str, str]:
        """Data sets that cannot be read: place and reason."""
        ...

    def info(self, key: DataKey) -> DataSetInfo:
        """What is stored under a key."""
        ...

    def read(self, key: DataKey) -> AnySeries:
        """Every row stored under a key, its content hash verified."""
        ...

    def bars(self, symbol: str, timeframe: str, start_ns: int | None = None, end_ns: int | None = None) -> Bars:
        """Candles with `start_ns <= time < end_ns`."""
        ...

    def funding(self, symbol: str, start_ns: int | None = None, end_ns: int | None = None) -> Funding:
        """Funding rates with `start_ns <= time < end_ns`."""
        ...

    def marks(self, symbol: str, start_ns: int | None = None, end_ns: int | None = None) -> MarkPrices:
        """Mark prices with `start_ns <= time < end_ns`."""
        ...

    def sealed_from(self, symbol: str) -> int | None:
        """The instant (ns UTC) from which on the symbol's rows are withheld from every read, None where none are."""
        ...

    def write(
        self, series: AnySeries, provenance: Provenance, *, now_ns: int, mode: WriteMode = WriteMode.MERGE
    ) -> DataSetInfo:
        """Store rows, all or none of them. Real and synthetic rows are never mixed under one key."""
        ...

    def remove(self, key: DataKey) -> DataSetInfo:
        """Forget a data set."""
        ...
