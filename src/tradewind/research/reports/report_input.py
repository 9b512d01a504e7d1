"""What a report is made of. Whoever ran the strategy fills it in; a report asks nobody else and reads no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.records import FILL, FUNDING, TRADE
from tradewind.core.performance import Performance


@dataclass(frozen=True, slots=True)
class Realism:
    """One side of the real market, and whether the simulation had it."""

    name: str
    """Such as `Slippage`."""
    on: bool
    detail: str
    """With what value, in words: `0.05 % of the price, against the order`."""


@dataclass(frozen=True, slots=True)
class ReportInput:
    """A finished run. Money is in `currency`; times are int64 ns UTC, bars by their open; texts may hold anything."""

    strategy: str
    """The strategy's name."""
    description: str
    """Its docstring, as plain text."""
    parameters: Mapping[str, object]
    bars: tuple[Bars, ...]
    """The candles of each symbol, in the run's order: records' `symbol` counts them."""
    timeframe: str
    currency: str
    """The account's currency, such as `USDT`."""
    initial: float
    time: NDArray[np.int64]
    """Open times (n) of the bars at whose closes the account was valued, strictly rising."""
    equity: NDArray[np.float64]
    """The account's value (n) at those closes."""
    hold: NDArray[np.float64]
    """What buying and holding would have been worth (n); see `core.performance.hold`."""
    trades: NDArray[Any]
    fills: NDArray[Any]
    funding: NDArray[Any]
    performance: Performance
    realism: tuple[Realism, ...]
    command: str
    """The line that makes this run again."""
    engine: str
    """Which engine ran it, in words."""
    created_ns: int
    """When the report was asked for."""
    made_by: str
    """Program and version."""
    synthetic: bool
    """Whether any of the data was generated, not observed."""
    row_time: NDArray[np.int64] | None = None
    """Open time of each of the run's merged rows, which records' `bar` counts; None: the rows of the one symbol."""
    hashes: Mapping[str, str] = field(default_factory=dict)
    """What fixes the run: data, code and decision hash, by their names."""
    quality: tuple[str, ...] = ()
    """Gaps and faults of the data and what the run did about each, a sentence each."""
    warnings: tuple[str, ...] = ()
    """What the owner should know before believing the figures: refused orders, a fallback to the interpreter."""

    def __post_init__(self) -> None:
        where = f"report of {self.strategy!r}"
        if not self.bars or any(len(bars) == 0 for bars in self.bars):
            raise BadInput("a symbol has no bars", where=where, fix="Report a run over at least one bar")
        if len(self.time) == 0:
            raise BadInput("the run has no equity", where=where, fix="Report a run over at least one bar")
        for name in ("equity", "hold"):
            if len(getattr(self, name)) != len(self.time):
                found = len(getattr(self, name))
                raise BadInput(f"{found} values of {name} for {len(self.time)} bars", where=where, fix="Give one each")
        for name, dtype in (("trades", TRADE), ("fills", FILL), ("funding", FUNDING)):
            rows = getattr(self, name)
            if rows.dtype != dtype:
                raise BadInput(f"{name} are not records of {dtype.names}", where=where, fix="Give the run's records")
            if len(rows) and not 0 <= int(rows["symbol"].min()) <= int(rows["symbol"].max()) < len(self.bars):
                raise BadInput(f"{name} name a symbol without bars", where=where, fix="Give bars for every symbol")

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols in the run's order."""
        return tuple(bars.symbol for bars in self.bars)

    @property
    def step_ns(self) -> int:
        """Length of a bar."""
        return self.bars[0].step_ns
