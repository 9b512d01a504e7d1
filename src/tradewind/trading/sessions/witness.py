"""What a session did, seen through its replay: its candles, decisions, fills, the account at every close."""

from __future__ import annotations

from typing import Any

import numpy as np

from tradewind.core.domain.events import payloads as p
from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.market_data import Bars, Funding, MarkPrices
from tradewind.core.domain.records import DECISION, FILL
from tradewind.trading.sessions.account import SessionExchange
from tradewind.trading.sessions.desk import Step, Watcher
from tradewind.trading.sessions.moments import Moment

COLUMNS = ("open", "high", "low", "close", "volume")
SAID = {"REJECTED": "turned down", "CANCELED": "cancelled", "EXPIRED": "expired", "UNKNOWN": "of unknown outcome"}


class Witness(Watcher):
    """Sees one replay. Its tables are those of a backtest (`core.domain.records`)."""

    def __init__(self) -> None:
        self.time: list[int] = []
        self.equity: list[float] = []
        self.ends: dict[int, str] = {}
        """What the venue said of orders that did not simply trade, by their numbers; the last that it said."""
        self.unknown: set[int] = set()
        """Orders whose outcome was not known for a while."""
        self.counts: dict[str, int] = {}
        """How many answers of each state there were."""
        self._candles: dict[int, list[p.Candle]] = {}
        self._decisions: list[np.ndarray[Any, Any]] = []
        self._fills: list[tuple[Any, ...]] = []
        self._due: dict[str, list[tuple[int, float, float]]] = {}

    def moment(self, moment: Moment, x: SessionExchange) -> None:
        """See the port."""
        for number, candle in moment:
            self._candles.setdefault(number, []).append(candle)
        self.time.append(moment[0][1].time + x.step)
        self.equity.append(float(x.equity()))

    def fill(self, trade: p.Trade, rows: list[tuple[Any, ...]], time: int) -> None:  # noqa: ARG002
        """See the port."""
        self._fills += rows

    def took(self, event: Event[Any], step: Step) -> None:
        """See the port."""
        if step.decisions:
            self._decisions.append(np.array(step.decisions, DECISION))
        change = event.data
        if type(change) is p.FundingDue:
            self._due.setdefault(change.symbol, []).append((event.time_event, change.rate, change.price))
        if type(change) is p.OrderChange:
            number = int(change.order_id.rpartition("-")[2])
            self.counts[change.state] = self.counts.get(change.state, 0) + 1
            if change.state == "UNKNOWN":
                self.unknown.add(number)
            if change.state in SAID and (change.state != "UNKNOWN" or number not in self.ends):
                self.ends[number] = f"{SAID[change.state]}{f': {change.reason}' if change.reason else ''}"

    @property
    def decisions(self) -> np.ndarray[Any, Any]:
        """Rows of `records.DECISION`."""
        return np.concatenate([np.zeros(0, DECISION), *self._decisions])

    @property
    def fills(self) -> np.ndarray[Any, Any]:
        """Rows of `records.FILL`; `time` is when it was heard of, and `bar` means nothing."""
        return np.array(self._fills, FILL)

    def due(self, symbol: str) -> tuple[Funding, MarkPrices] | None:
        """A symbol's funding that fell due, and the mark prices it was reckoned by; None where there was none."""
        if symbol not in self._due:
            return None
        times, rates, prices = (np.array(column) for column in zip(*self._due[symbol], strict=True))
        return Funding(symbol, times.astype(np.int64), rates), MarkPrices(symbol, times.astype(np.int64), prices)

    def bars(self, number: int, symbol: str, timeframe: str) -> Bars:
        """The candles of a symbol."""
        of = self._candles.get(number, [])
        columns = {name: np.array([getattr(candle, name) for candle in of], np.float64) for name in COLUMNS}
        return Bars(symbol, timeframe, np.array([candle.time for candle in of], np.int64), **columns)
