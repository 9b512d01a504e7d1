"""A stored data set: what names it, where it came from, and the hash of what it holds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.market_data import Bars, Funding, Kind, MarkPrices

AnySeries = Bars | Funding | MarkPrices


@dataclass(frozen=True, order=True)
class DataKey:
    """The name of a data set. `timeframe` is empty for funding and mark prices, whose times are their own."""

    symbol: str
    kind: Kind = Kind.CANDLES
    timeframe: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.symbol, str(self.kind), self.timeframe) if part)


@dataclass(frozen=True)
class Provenance:
    """Where rows come from. `synthetic` rows were invented from `seed` and say so wherever they are shown."""

    source: str
    license: str = ""
    synthetic: bool = False
    seed: int | None = None


@dataclass(frozen=True)
class DataSetInfo:
    """What is known of a stored data set without reading its rows. Times are ns UTC; `last_ns` is the last row's."""

    key: DataKey
    rows: int
    first_ns: int
    last_ns: int
    content_hash: str
    sources: tuple[str, ...]
    license: str
    synthetic: bool
    seed: int | None
    imported_at_ns: int
    quality: Mapping[str, int] = field(default_factory=dict)


def key_of(series: AnySeries) -> DataKey:
    """The key under which a series is stored."""
    return DataKey(series.symbol, series.KIND, series.timeframe)


def content_hash(columns: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 over names and little-endian bytes of the columns, so that no file format or compression changes it."""
    digest = hashlib.sha256(b"tradewind columns 1\n")
    for name, column in columns.items():
        plain = column.astype("<i8" if column.dtype.kind == "i" else "<f8", copy=False)
        if plain.dtype.kind == "f":
            plain = plain + 0.0  # minus zero becomes zero
        digest.update(f"{name} {plain.dtype.str} {len(plain)}\n".encode())
        digest.update(np.ascontiguousarray(plain).data)
    return digest.hexdigest()
