"""One strategy on one market, run with many parameter sets.

bench = Bench(SmaCross, bars)
scores = bench.score([{"fast": 10, "slow": 30}, {"fast": 20, "slow": 50}])
scores.metric("sharpe")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.errors import BadInput, StrategyFailed
from tradewind.core.domain.market_data import Bars
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import EngineName
from tradewind.core.performance.calendar import Calendar, read_calendar
from tradewind.core.performance.returns import equity_returns
from tradewind.core.performance.undefined import Undefined
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.backtest import Backtest, Market, backtest

Progress = Callable[[str, int, int], None]
"""Called with a stage, the parameter sets done and the sets in all."""
SCORES = (
    "final_equity", "total_return", "cagr", "volatility", "sharpe", "sortino", "calmar", "max_drawdown", "ulcer_index",
    "exposure_time", "trades", "win_rate", "profit_factor", "expectancy", "average_trade", "sqn", "fees_paid",
)  # fmt: skip
"""The figures of `core.performance.METRICS` that every parameter set gets."""


@dataclass(frozen=True)
class Scores:
    """Figures of many runs. `values` (sets, SCORES) and `returns` (sets, periods) are NaN where undefined.

    `returns` are those between the ends of the calendar's periods (UTC days, mostly), which open at `time` (periods,
    int64 ns). `failed` names the sets that could not be run, with the reason: their rows are NaN.
    """

    values: NDArray[np.float64]
    returns: NDArray[np.float64]
    time: NDArray[np.int64]
    failed: Mapping[int, str]

    def __len__(self) -> int:
        return len(self.values)

    def metric(self, name: str) -> NDArray[np.float64]:
        """One figure of every set (sets,)."""
        if name not in SCORES:
            raise BadInput(f"a sweep has no figure {name!r}", fix=f"It has: {', '.join(SCORES)}")
        return np.asarray(self.values[:, SCORES.index(name)])

    def of(self, number: int) -> dict[str, float | None]:
        """The figures of one set by name; None where undefined."""
        return {
            name: None if np.isnan(value) else float(value)
            for name, value in zip(SCORES, self.values[number].tolist(), strict=True)
        }


class Bench:
    """A strategy on a market by its rules, ready to be run with any parameters."""

    def __init__(
        self,
        strategy: type[Strategy],
        data: Bars | Market | Sequence[Bars | Market],
        *,
        rules: MarketRules | None = None,
        engine: EngineName = "auto",
        cache: Path | None = None,
        workers: int | None = None,
    ) -> None:
        """`cache` keeps compiled code; `workers` are threads (None: one a core). The figures do not depend on them."""
        self.strategy = strategy
        self.data = data
        self.rules = rules or MarketRules()
        self.engine: EngineName = engine
        self.cache = cache
        self.workers = workers

    def score(self, sets: Sequence[Mapping[str, Any]], progress: Progress | None = None) -> Scores:
        """Run every set. A set whose strategy fails, or refuses its parameters, has no figures and says why."""
        values = np.full((len(sets), len(SCORES)), np.nan)
        rows: list[NDArray[np.float64] | None] = []
        failed: dict[int, str] = {}
        calendar: tuple[NDArray[np.int64], Calendar] | None = None
        for i, parameters in enumerate(sets):
            if progress is not None:
                progress("running", i, len(sets))
            try:
                ran = self.backtest(parameters)
            except (StrategyFailed, BadInput) as error:
                failed[i] = str(error)
                rows.append(None)
                continue
            values[i] = [np.nan if (v := ran.metrics[name]) is None else float(v) for name in SCORES]
            calendar = calendar or (ran.time, read_calendar(ran.time, ran.markets[0].bars.step_ns))
            found = equity_returns(ran.equity[calendar[1].period_ends], self.rules.cash)
            rows.append(None if isinstance(found, Undefined) else found)
        if progress is not None:
            progress("running", len(sets), len(sets))
        time = np.empty(0, np.int64) if calendar is None else calendar[0][calendar[1].period_ends]
        empty = np.full(len(time), np.nan)
        returns = np.array([empty if row is None else row for row in rows]).reshape(len(sets), len(time))
        return Scores(values, returns, time, failed)

    def backtest(self, parameters: Mapping[str, Any]) -> Backtest:
        """One set's whole run, as `backtest` makes it."""
        return backtest(
            self.strategy, self.data, rules=self.rules, engine=self.engine, cache=self.cache, parameters=parameters
        )
