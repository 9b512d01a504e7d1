"""What fixes a session: the strategy, its parameters, its markets, its account. All of it is in the record."""

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
    """`strategy` is its name as it was asked for. A session trades its symbols on candles of one timeframe.

    `instruments` are in the order in which the strategy numbers its symbols. `wait_ns` is how long a candle waits for
    ticks that were overtaken; `code_hash` is that of the strategy's source.
    """

    strategy: str
    instruments: tuple[Instrument, ...]
    timeframe: str
    code_hash: str
    parameters: Mapping[str, float | int | bool] = field(default_factory=dict)
    rules: MarketRules = field(default_factory=MarketRules)
    wait_ns: int = 0
    synthetic: bool = False
    rehearsal: Mapping[str, Any] = field(default_factory=dict)
    """What a rehearsal was made with beside that, so that it can go on: its stretch of the market, its venue."""

    def __post_init__(self) -> None:
        timeframe_ns(self.timeframe)
        if not self.instruments:
            raise BadInput("a session trades at least one symbol", where=self.strategy, fix="Name it: --symbol")
        if len(set(self.symbols)) != len(self.symbols):
            raise BadInput(f"a symbol is named twice: {', '.join(self.symbols)}", where="--symbol")
        if self.wait_ns < 0:
            raise BadInput(f"wait_ns must be zero or more, found {self.wait_ns}")

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols, as they are numbered."""
        return tuple(instrument.symbol for instrument in self.instruments)

    @property
    def market(self) -> str:
        """Symbols and timeframe in words."""
        return f"{', '.join(self.symbols)} {self.timeframe}"


def written(terms: SessionTerms) -> dict[str, Any]:
    """The terms as plain values for an event."""
    made: dict[str, Any] = msgspec.to_builtins(terms)
    return made


def read_terms(values: Mapping[str, Any], session: str) -> SessionTerms:
    """The terms that an event holds. Raises Corrupt where they are none."""
    given = dict(values)
    if "instrument" in given:  # a session of the time when it had one symbol
        given["instruments"] = [given.pop("instrument")]
    try:
        return msgspec.convert(given, SessionTerms)
    except (msgspec.ValidationError, BadInput) as problem:
        raise Corrupt(f"its terms cannot be read: {problem}", where=f"session {session}") from None
