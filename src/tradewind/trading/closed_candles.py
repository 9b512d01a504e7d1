"""Candles that are stored: which of them the clock has closed, and after which tick.

A candle that a tick has closed names it as its cause. One that the clock has closed names the tick that was taken last
before, and begins a correlation of its own. So candles are made again of the ticks in their order, with the clock
between the same two ticks as it was, wherever in the store the candles lie.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tradewind.core.domain.events.envelope import Event
from tradewind.core.domain.events.payloads import Candle
from tradewind.core.domain.timeframes import timeframe_ns


def end_of(candle: Candle) -> int:
    """When a candle ends (ns UTC)."""
    return candle.time + timeframe_ns(candle.timeframe)


def is_by_clock(event: Event[Any]) -> bool:
    """Whether the clock has closed this candle."""
    return event.correlation_id == event.event_id


def closings_of(candles: Iterable[Event[Any]], start_ns: int) -> tuple[dict[str, int], int]:
    """By the id of a tick, up to when (ns UTC) the clock closed candles after it; and from when on these ticks may be.

    That is `start_ns`, or the time of a candle that ended after it and began before.
    """
    closings: dict[str, int] = {}
    for event in candles:
        if is_by_clock(event) and event.causation_id is not None:
            closings[event.causation_id] = max(closings.get(event.causation_id, 0), end_of(event.data))
            start_ns = min(start_ns, event.data.time)
    return closings, start_ns
