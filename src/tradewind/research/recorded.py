"""A run that writes down, at each bar, the outputs of every indicator the strategy has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tradewind.core.engine.market_data import MarketData
from tradewind.core.engine.plan import attributes
from tradewind.core.indicators.indicator import Indicator
from tradewind.core.strategy.column import Column
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.rerun import Rerun

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Recorded:
    """`values` (rows, outputs) at each row of the run's bars, as `on_bar` found them; `names` and `warmups` of outputs.

    A warm-up is what the indicator declares, counted in its own updates: bars, or bars of the feed it follows.
    """

    names: tuple[str, ...]
    warmups: tuple[int, ...]
    values: Array
    decisions: Array


def record(rerun: Rerun, data: MarketData) -> Recorded:
    """Run the strategy interpreted on `data`, and write down what its indicators say. Raises StrategyFailed."""
    reads: list[tuple[str, Indicator, str]] = []
    rows: list[list[float]] = []
    strategy = rerun.strategy

    def on_bar(self: Strategy, bar: Any) -> None:
        if not rows:
            reads.extend(outputs_of(self))
        rows.append([getattr(indicator, output) for _, indicator, output in reads])
        strategy.on_bar(self, bar)

    rerun.outside.begin()
    made = type(strategy.__name__, (strategy,), {"on_bar": on_bar, "__module__": strategy.__module__})
    result = rerun.run_as_it_is(data, made, "interpreted")
    values = np.array(rows, np.float64).reshape(len(rows), len(reads))
    return Recorded(
        tuple(name for name, _, _ in reads), tuple(i.warmup for _, i, _ in reads), values, result.decisions
    )  # fmt: skip


def outputs_of(strategy: Strategy) -> list[tuple[str, Indicator, str]]:
    """Name, indicator and attribute of each output; columns of `prepare` are no indicators."""
    found = []
    for path, thing in attributes(strategy):
        if isinstance(thing, Indicator) and not isinstance(thing, Column):
            only = len(type(thing).outputs) == 1
            found += [(path if only else f"{path}.{output}", thing, output) for output in type(thing).outputs]
    return found
