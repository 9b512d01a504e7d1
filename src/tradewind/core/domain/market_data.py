"""What the market did, as columns: candles, funding rates and mark prices of one symbol.

Times are int64 nanoseconds since 1970 in UTC. A bar carries the time it opens. Prices are in quote currency, volume in
base currency (or contracts), a funding rate is a fraction of the position's value (0.0001 is one basis point).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Self, cast

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.timeframes import timeframe_ns

Times = NDArray[np.int64]
Values = NDArray[np.float64]


class Kind(StrEnum):
    """The kinds of data set that can be stored."""

    CANDLES = "candles"
    FUNDING = "funding"
    MARK = "mark"


class Series:
    """What the kinds share: columns of one symbol with strictly rising times. `COLUMNS` names the value columns."""

    symbol: str
    time: Times
    KIND: ClassVar[Kind]
    COLUMNS: ClassVar[tuple[str, ...]]

    def __post_init__(self) -> None:
        check_symbol(self.symbol)
        object.__setattr__(self, "time", _column(self, "time", self.time, np.dtype(np.int64)))
        for name in self.COLUMNS:
            object.__setattr__(self, name, _column(self, name, getattr(self, name), np.dtype(np.float64)))
        falls = np.flatnonzero(np.diff(self.time) <= 0)
        if len(falls):
            row = int(falls[0]) + 1
            raise BadInput(
                f"times must rise strictly, but row {row} ({self.time[row]}) does not follow {self.time[row - 1]}",
                where=self.symbol,
                fix="Sort the rows and drop duplicates first",
            )

    def __len__(self) -> int:
        return len(self.time)

    def columns(self) -> dict[str, NDArray[Any]]:
        """Time and values by name, in their canonical order."""
        return {"time": self.time, **{name: getattr(self, name) for name in self.COLUMNS}}

    def slice(self, start_ns: int | None = None, end_ns: int | None = None) -> Self:
        """The rows with `start_ns <= time < end_ns`; None leaves a side open. The columns are views."""
        first = 0 if start_ns is None else int(np.searchsorted(self.time, start_ns))
        last = len(self.time) if end_ns is None else int(np.searchsorted(self.time, end_ns))
        return self.rows(slice(first, max(first, last)))

    def rows(self, which: Any) -> Self:
        """The rows that a slice, a mask or an array of positions picks."""
        rows: Self = replace(cast(Any, self), **{name: column[which] for name, column in self.columns().items()})
        return rows


@dataclass(frozen=True, eq=False)
class Bars(Series):
    """Candles of one symbol in one timeframe. `time` is when each bar opens; gaps are simply missing rows."""

    symbol: str
    timeframe: str
    time: Times
    open: Values
    high: Values
    low: Values
    close: Values
    volume: Values
    KIND = Kind.CANDLES
    COLUMNS = ("open", "high", "low", "close", "volume")

    def __post_init__(self) -> None:
        timeframe_ns(self.timeframe)
        super().__post_init__()

    @property
    def step_ns(self) -> int:
        """The length of a bar in nanoseconds."""
        return timeframe_ns(self.timeframe)


@dataclass(frozen=True, eq=False)
class Funding(Series):
    """Funding rates of a perpetual: at `time`, longs pay shorts `rate` of the position's value (negative: receive)."""

    symbol: str
    time: Times
    rate: Values
    KIND = Kind.FUNDING
    COLUMNS = ("rate",)
    timeframe: ClassVar[str] = ""


@dataclass(frozen=True, eq=False)
class MarkPrices(Series):
    """Mark prices of a derivative, by which funding and liquidation are reckoned."""

    symbol: str
    time: Times
    price: Values
    KIND = Kind.MARK
    COLUMNS = ("price",)
    timeframe: ClassVar[str] = ""


def series_of(
    kind: Kind, symbol: str, timeframe: str, columns: Mapping[str, NDArray[Any]]
) -> Bars | Funding | MarkPrices:
    """Build the series of a kind from its columns by name. `timeframe` is used for candles only."""
    match kind:
        case Kind.CANDLES:
            return Bars(symbol, timeframe, **columns)
        case Kind.FUNDING:
            return Funding(symbol, **columns)
        case Kind.MARK:
            return MarkPrices(symbol, **columns)


def check_symbol(symbol: str) -> None:
    """Refuse what cannot be a symbol: empty, over 60 characters, or with blanks or characters that do not print."""
    if not symbol or len(symbol) > 60 or not symbol.isprintable() or any(c.isspace() for c in symbol):
        raise BadInput(
            f"{symbol[:80]!r} cannot be a symbol",
            fix="Write it as ccxt does, such as BTC/USDT for spot or BTC/USDT:USDT for a perpetual",
        )


def _column(series: Series, name: str, values: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype != dtype:
        raise BadInput(
            f"column {name!r} must be one-dimensional {dtype.name}, not {array.dtype.name} of shape {array.shape}",
            where=series.symbol,
            fix="Convert it first: numpy.ascontiguousarray(column, dtype)",
        )
    if name != "time" and len(array) != len(series.time):
        raise BadInput(
            f"column {name!r} has {len(array)} rows, 'time' has {len(series.time)}",
            where=series.symbol,
            fix="Give every column one value a bar",
        )
    # Compiled code is specialised on layout and writability: hand it one kind of array, whoever made it.
    return np.require(array, requirements=["C", "W"])
