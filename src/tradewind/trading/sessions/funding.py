"""Funding of perpetuals in a session: the engine's own settlement, one payment at a time, as it falls due."""

from __future__ import annotations

from tradewind.core.engine.exchange import Exchange
from tradewind.core.engine.funding import settle_funding


def settle(x: Exchange, symbol: int, rate: float, price: float, time: int) -> None:
    """Settle one payment on both legs; `x.funding_last` says what was paid. Spot pays none."""
    s = x.instruments[symbol]
    x.funding_rate, x.funding_last = rate, 0.0
    if not s.spot:
        s.funding_next, s.funding_end = 0, 1
        settle_funding(x, symbol, time, [time], [rate], [price], [])
