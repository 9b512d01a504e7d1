"""Events of a session in a line for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from tradewind.core.domain.events import payloads as p
from tradewind.ports.event_store import StoredEvent


def told(stored: StoredEvent, symbols: Sequence[str] = ()) -> str:
    """An event in a line for people."""
    data = stored.event.data
    tell = TOLD.get(type(data))
    if tell is not None:
        return tell(data)
    return _decision(data, symbols) if type(data) is p.DecisionTaken else str(data)


def _decision(d: p.DecisionTaken, symbols: Sequence[str]) -> str:
    symbol = f" {symbols[d.symbol]}" if d.symbol < len(symbols) and len(symbols) > 1 else ""
    prices = [
        f"{name} {value:g}"
        for name, value in (
            ("limit", d.limit), ("stop", d.stop), ("stop loss", d.stop_loss), ("target", d.take_profit),
            ("trail", d.trail),
        )
        if value is not None
    ]  # fmt: skip
    if d.action == 2:
        return "cancel " + (f"order {d.order}" if d.order else "all orders")
    if d.action == 3:
        return f"protect the position{symbol}: {', '.join(prices)}"
    size = "the stake" if d.size is None else f"{d.size:g}"
    return f"{'buy' if d.side > 0 else 'sell'} {size}{symbol} {', '.join(prices) or 'at the market'}"


def _change(d: p.OrderChange) -> str:
    size = f" {d.side} {plain(d.size)} {d.symbol}" if d.state == "SUBMITTED" else ""
    return f"{d.state.lower().replace('_', ' ')}{size}{f': {d.reason}' if d.reason else ''}"


def plain(amount: Decimal) -> str:
    """An amount without zeros at its end and without an exponent."""
    return f"{amount.normalize():f}"


TOLD: dict[type, Callable[[Any], str]] = {
    p.Tick: lambda d: f"{d.symbol} traded {d.size:g} at {d.price:g}",
    p.Quote: lambda d: f"{d.symbol} bid {d.bid:g}, ask {d.ask:g}",
    p.FundingDue: lambda d: f"{d.symbol} funding of {d.rate:g} fell due at {d.price:g}",
    p.Candle: lambda d: f"{d.symbol} {d.timeframe} closed at {d.close:g}",
    p.SessionChange: lambda d: (
        f"the session has {d.state}: {d.strategy}{f', {d.decision_hash}' * bool(d.decision_hash)}"
    ),
    p.SessionCheckpoint: lambda d: f"a seal over {d.events:,} events",
    p.TimerFired: lambda d: f"the {d.timer} timer",
    p.OrderChange: _change,
    p.Trade: lambda d: f"{d.side} {plain(d.size)} at {plain(d.price)}, fee {plain(d.fee)} {d.fee_currency}",
}
"""How each kind of event is told, but for decisions."""
