"""What feeds what in a strategy, as a value: strategies of one wiring have one plan."""

from __future__ import annotations

from typing import Any

from tradewind.core.engine.plan import attributes
from tradewind.core.indicators.indicator import Indicator
from tradewind.core.strategy.feed import Feed
from tradewind.core.strategy.strategy import Strategy

Wiring = tuple[Any, ...]


def wiring_of(strategy: Strategy) -> Wiring:
    """Every indicator with its class, its source and its feed; every feed with its symbol. After `adopt_sources`."""
    things = [(path, thing) for path, thing in attributes(strategy) if isinstance(thing, Indicator | Feed)]
    paths = {id(thing): path for path, thing in things}
    return tuple((path, type(thing), *_links(thing, paths)) for path, thing in things)


def _links(thing: Indicator | Feed, paths: dict[int, str]) -> tuple[Any, ...]:
    if isinstance(thing, Feed):
        return (thing.symbol,)
    source = thing.source
    if source is not None and isinstance(source[0], Indicator):
        source = (None, paths.get(id(source[0])), source[1])
    return source, None if thing.feed is None else paths.get(id(thing.feed))
