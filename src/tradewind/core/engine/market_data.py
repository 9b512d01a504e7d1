"""The bars of a run, merged into the one order in which the market happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
PRICES = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class SymbolData:
    """One symbol's columns: open times (int64 ns, rising) and float64 prices and volume, all of one length.

    Funding, where there is any: times (int64 ns, rising), rates, and the mark price of each (NaN where unknown).
    """

    symbol: str
    time: Array
    open: Array
    high: Array
    low: Array
    close: Array
    volume: Array
    funding_time: Array | None = None
    funding_rate: Array | None = None
    funding_price: Array | None = None


@dataclass(frozen=True)
class MarketData:
    """Bars of all symbols by open time, then by the symbol's number; funding by symbol, then by time."""

    symbols: tuple[str, ...]
    step: int
    time: Array
    open: Array
    high: Array
    low: Array
    close: Array
    volume: Array
    symbol: Array
    funding_time: Array
    funding_rate: Array
    funding_price: Array
    funding_range: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.time)


def merge(data: list[SymbolData], step: int) -> MarketData:
    """Merge symbols that share a timeframe of `step` nanoseconds. The columns of a single symbol are not copied."""
    columns: dict[str, Array] = {}
    if len(data) == 1:
        time = _own_kind(data[0].time, np.int64)
        number = np.zeros(len(time), np.int64)
        columns = {name: _own_kind(getattr(data[0], name), np.float64) for name in PRICES}
    else:
        number = np.concatenate([np.full(len(d.time), i, np.int64) for i, d in enumerate(data)])
        time = np.concatenate([np.asarray(d.time, np.int64) for d in data])
        order = np.lexsort((number, time))
        time, number = time[order], number[order]
        for name in PRICES:
            columns[name] = np.concatenate([np.asarray(getattr(d, name), np.float64) for d in data])[order]
    ranges: list[tuple[int, int]] = []
    start = 0
    for d in data:
        count = 0 if d.funding_time is None else len(d.funding_time)
        ranges.append((start, start + count))
        start += count
    return MarketData(
        symbols=tuple(d.symbol for d in data),
        step=step,
        time=time,
        symbol=number,
        funding_time=_joined(data, "funding_time", np.int64),
        funding_rate=_joined(data, "funding_rate", np.float64),
        funding_price=_joined(data, "funding_price", np.float64),
        funding_range=tuple(ranges),
        **columns,
    )


def _own_kind(column: Array, dtype: type) -> Array:
    """The column as compiled code takes it, which is specialised on layout and writability; it is not written to."""
    return np.require(column, dtype, ["C", "W"])


def _joined(data: list[SymbolData], name: str, dtype: type) -> Array:
    parts = []
    for d in data:
        if d.funding_time is None:
            continue
        column = getattr(d, name)
        parts.append(np.full(len(d.funding_time), np.nan) if column is None else np.asarray(column, dtype))
    return np.concatenate(parts) if parts else np.empty(0, dtype)
