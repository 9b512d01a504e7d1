"""Candles of all symbols of a session, handed out a moment at a time: those that close together are heard together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from tradewind.core.domain.candle_building import CandleBuilder, CandleRules
from tradewind.core.domain.events.payloads import Candle

Moment = list[tuple[int, Candle]]
"""The candles of one opening time, each with the number of its symbol, in the order of the numbers."""


class Moments:
    """Ticks go into `builders`, by their symbol; where one has closed a candle, or as time passes, ask for `closed`."""

    def __init__(self, symbols: Sequence[str], timeframe: str, wait_ns: int) -> None:
        rules = CandleRules((timeframe,), wait_ns)
        self.builders = {symbol: CandleBuilder(symbol, rules) for symbol in symbols}

    def closed(self, now: int) -> list[Moment]:
        """What has closed by `now`: a symbol without a tick since then has closed too. The earliest moment first."""
        found: list[tuple[int, int, Candle]] = []
        for i, builder in enumerate(self.builders.values()):
            builder.advance(now)
            found += [(candle.time, i, candle) for candle in builder.closed()]
        if len(found) > 1:
            found.sort(key=itemgetter(0, 1))
        return [[row[1:] for row in rows] for _, rows in groupby(found, itemgetter(0))]
