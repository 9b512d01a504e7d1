"""An exchange's history through ccxt, an optional package that knows a hundred of them. No key is ever given to it."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import numpy as np

from tradewind.core.domain.data_sets import AnySeries, DataKey
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.core.domain.market_data import Bars, Funding, Kind, MarkPrices

MILLISECOND_NS = 1_000_000
NEEDED = {Kind.CANDLES: "fetchOHLCV", Kind.FUNDING: "fetchFundingRateHistory", Kind.MARK: "fetchMarkOHLCV"}
OTHERS = {"binance": "okx"}
"""Which exchange to try instead; of any other that is Binance."""
MARK_TIMEFRAME = "1h"
NAMES_MAX = 5


class CcxtHistory:
    """Public endpoints of one exchange. `url` sends every question to another host, such as a proxy."""

    def __init__(self, exchange: str, url: str | None = None) -> None:
        self.ccxt = _ccxt()
        if exchange not in self.ccxt.exchanges:
            near = get_close_matches(exchange.lower(), self.ccxt.exchanges, n=1)
            raise BadInput(f"ccxt knows no exchange {exchange!r}", fix=f"Did you mean {near[0]}?" if near else None)
        self._exchange = getattr(self.ccxt, exchange)({"enableRateLimit": True})
        if url is not None:
            self._exchange.urls["api"] = _redirected(self._exchange.urls["api"], url)

    @property
    def name(self) -> str:
        """As ccxt calls it."""
        return str(self._exchange.id)

    def check(self, key: DataKey) -> None:
        """Raises BadInput where the exchange has no such symbol, timeframe or kind; Unavailable without an answer."""
        self._asked(self._exchange.load_markets)
        markets = self._exchange.markets
        if key.symbol not in markets:
            near = get_close_matches(key.symbol.upper(), markets, n=NAMES_MAX)
            fix = f"Did you mean {' or '.join(near)}?" if near else None
            raise BadInput(f"{self.name} has no symbol {key.symbol!r}", fix=fix)
        if not self._exchange.has.get(NEEDED[key.kind]):
            raise BadInput(
                f"{self.name} gives no history of {key.kind}", fix="Name another exchange: --exchange binance"
            )
        if key.kind is Kind.CANDLES and key.timeframe not in (self._exchange.timeframes or {}):
            known = ", ".join(self._exchange.timeframes or {})
            raise BadInput(f"{self.name} has no timeframe {key.timeframe!r}", fix=f"It has {known}")

    def page(self, key: DataKey, since_ns: int, rows_max: int) -> AnySeries:
        """The first rows at or after `since_ns`. Raises Unavailable, BadInput."""
        since, symbol = since_ns // MILLISECOND_NS, key.symbol
        if key.kind is Kind.FUNDING:
            rates = self._asked(lambda: self._exchange.fetch_funding_rate_history(symbol, since, rows_max))
            table = _table([[rate["timestamp"], rate["fundingRate"]] for rate in rates], 2)
            return Funding(symbol, _times(table), table[:, 1].copy())
        mark = key.kind is Kind.MARK
        timeframe, extra = (MARK_TIMEFRAME, {"price": "mark"}) if mark else (key.timeframe, {})
        candles = self._asked(lambda: self._exchange.fetch_ohlcv(symbol, timeframe, since, rows_max, extra))
        table = _table(candles, 6)
        if mark:
            return MarkPrices(symbol, _times(table), table[:, 1].copy())
        return Bars(symbol, key.timeframe, _times(table), *(table[:, column].copy() for column in range(1, 6)))

    def _asked(self, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except self.ccxt.NetworkError as problem:
            raise Unavailable(
                _one_line(problem), where=self.name, fix="See that it can be reached from here, then run the same again"
            ) from None
        except self.ccxt.BaseError as problem:
            raise BadInput(
                f"the exchange refused: {_one_line(problem)}",
                where=self.name,
                fix=f"Correct what it names, or ask another one: --exchange {OTHERS.get(self.name, 'binance')}",
            ) from None


def _ccxt() -> Any:
    try:
        return import_module("ccxt")
    except ModuleNotFoundError:
        raise BadInput(
            "downloading needs the package ccxt, which is not installed", fix="Run: pip install 'tradewind[live]'"
        ) from None


def _redirected(urls: Any, url: str) -> Any:
    if isinstance(urls, dict):
        return {name: _redirected(each, url) for name, each in urls.items()}
    if not isinstance(urls, str):
        return urls
    wanted = urlsplit(url)
    return urlunsplit((wanted.scheme, wanted.netloc, urlsplit(urls).path, "", ""))


def _table(rows: list[list[Any]], width: int) -> np.ndarray:
    """Rows in order of time, the last of equal times; a missing number is NaN."""
    table = np.array(rows, dtype=np.float64).reshape(len(rows), -1)[:, :width] if rows else np.empty((0, width))
    _, last = np.unique(table[::-1, 0], return_index=True)
    return np.asarray(table[len(table) - 1 - last])


def _times(table: np.ndarray) -> np.ndarray:
    return table[:, 0].astype(np.int64) * MILLISECOND_NS  # milliseconds are whole numbers that float64 holds


def _one_line(problem: Exception) -> str:
    return f"{type(problem).__name__}: {' '.join(str(problem).split())[:200]}"
