"""One strategy, run again and again on a market of which more or less is shown: what it decides, what it prepares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tradewind.core.domain.instruments import Instrument
from tradewind.core.engine.market_data import MarketData
from tradewind.core.engine.prepared import Columns, prepared, prepares
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import EngineName, RunResult, run
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.outside_state import OutsideState
from tradewind.research.refused import made

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Rerun:
    """What to run. Each run begins with what the strategy's code keeps outside of it as it was at first."""

    strategy: type[Strategy]
    parameters: Mapping[str, Any]
    instruments: tuple[Instrument, ...]
    rules: MarketRules
    engine: EngineName
    cache: Path | None
    outside: OutsideState

    def run(self, data: MarketData) -> RunResult:
        """The strategy's run on this data; nothing is closed at its end. Raises StrategyFailed."""
        self.outside.begin()
        return self.run_as_it_is(data)

    def run_as_it_is(
        self, data: MarketData, strategy: type[Strategy] | None = None, engine: EngineName | None = None
    ) -> RunResult:
        """The same with what is outside as it is now; of another class, by another engine."""
        return run(
            lambda: made(strategy or self.strategy, self.parameters),
            data,
            list(self.instruments),
            replace(self.rules, close_at_end=False),
            engine or self.engine,
            self.cache,
        )

    def columns(self, data: MarketData) -> Columns:
        """What the strategy prepares from this data. Raises StrategyFailed."""
        if not prepares(self.strategy):
            return {}
        self.outside.begin()
        return prepared(made(self.strategy, self.parameters), data)

    def run_with(self, columns: Columns, data: MarketData) -> RunResult:
        """A run in which `prepare` gives these columns, made elsewhere."""

        def prepare(_: Strategy, bars: Any) -> Columns:
            rows = data.symbol == data.symbols.index(bars.symbol)
            return {name: values[: len(data)][rows] for name, values in columns.items()}

        self.outside.begin()
        given = type(
            self.strategy.__name__, (self.strategy,), {"prepare": prepare, "__module__": self.strategy.__module__}
        )
        return self.run_as_it_is(data, given)
