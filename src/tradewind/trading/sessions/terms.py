"""What fixes a session: the strategy, its parameters, its market, its account. All of it is in the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tradewind.core.domain.errors import BadInput, Corrupt
from tradewind.core.domain.instruments import Instrument
from tradewind.core.domain.timeframes import timeframe_ns
from tradewind.core.engine.rules import MarketRules


@dataclass(frozen=True)
class SessionTerms:
    """`strategy` is its name as it was asked for. A session trades one symbol, on candles of one timeframe.

    `wait_ns` is how long a candle waits for ticks that were overtaken; `code_hash` is that of the strategy's source.
    """

    strategy: str
    instrument: Instrument
    timeframe: str
    code_hash: str
    parameters: Mapping[str, float | int | bool] = field(default_factory=dict)
    rules: MarketRules = field(default_factory=MarketRules)
    wait_ns: int = 0
    synthetic: bool = False

    def __post_init__(self) -> None:
        timeframe_ns(self.timeframe)
        if self.rules.hedging:
            raise BadInput("a session nets its positions", where="--hedging", fix="Leave it out")
        if self.wait_ns < 0:
            raise BadInput(f"wait_ns must be zero or more, found {self.wait_ns}")


def written(terms: SessionTerms) -> dict[str, Any]:
    """The terms as plain values for an event."""
    made: dict[str, Any] = msgspec.to_builtins(terms)
    return made


def read_terms(values: Mapping[str, Any], session: str) -> SessionTerms:
    """The terms that an event holds. Raises Corrupt where they are none."""
    try:
        return msgspec.convert(dict(values), SessionTerms)
    except (msgspec.ValidationError, BadInput) as problem:
        raise Corrupt(f"its terms cannot be read: {problem}", where=f"session {session}") from None
