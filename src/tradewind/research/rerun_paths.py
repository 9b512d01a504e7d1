"""Paths that are whole runs of the engine: each a strategy with its parameters on the same market by the same rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tradewind.core.domain.errors import BadInput, StrategyFailed
from tradewind.core.performance.drawdown import underwater
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.backtest import Backtest, backtest
from tradewind.research.simulated_paths import Simulated, marks

Progress = Callable[[str, int, int], None]
RERUN_METRICS = (
    "final_equity", "total_return", "max_drawdown", "trades", "sharpe", "win_rate", "profit_factor", "average_trade",
    "sqn", "longest_loss_streak",
)  # fmt: skip


def rerun(
    result: Backtest,
    paths: int,
    run_of: Callable[[int], tuple[type[Strategy], dict[str, Any]]],
    settings: dict[str, Any],
    cache: Path | None,
    progress: Progress | None,
) -> Simulated:
    """Run what `run_of` names for each path, once for each class and parameters it has not seen before.

    A path whose strategy fails, or refuses its parameters, is counted by its reason and has no figures.
    """
    rows = marks(len(result.time))
    figures = {name: np.full(paths, np.nan) for name in (*RERUN_METRICS, "lowest_equity")}
    equity, below = np.full((len(rows), paths), np.nan), np.full((len(rows), paths), np.nan)
    failed: dict[str, int] = {}
    why: dict[str, str] = {}
    seen: dict[Any, int | str] = {}
    for path in range(paths):
        if progress is not None:
            progress("simulating", path, paths)
        strategy, parameters = run_of(path)
        key = tuple(parameters.items()) or path
        if key not in seen:
            seen[key] = path
            try:
                ran = backtest(strategy, result.markets, rules=result.rules, cache=cache, parameters=parameters)
            except (StrategyFailed, BadInput) as error:
                seen[key] = str(error)
            else:
                why |= ran.performance.undefined
                _note(ran, path, figures, rows, equity, below)
        first = seen[key]
        if isinstance(first, str):
            failed[first] = failed.get(first, 0) + 1
        elif first != path:
            for values in (*figures.values(), *equity, *below):
                values[path] = values[first]
    if progress is not None:
        progress("simulating", paths, paths)
    missing = {name: why.get(name, "the strategy failed") for name in figures}
    actual = {name: _number(result.metrics[name]) for name in RERUN_METRICS}
    cash = result.rules.cash
    actual["lowest_equity"] = min(cash, float(result.equity.min()))
    own = np.array([_at(rows, cash, result.equity), _at(rows, 0.0, underwater(result.equity, cash))])
    return Simulated(figures, missing, actual, rows, "bars", equity, below, settings, failed, own)


def _note(ran: Backtest, path: int, figures: dict[str, Any], rows: Any, equity: Any, below: Any) -> None:
    for name in RERUN_METRICS:
        figures[name][path] = _number(ran.metrics[name])
    cash = ran.rules.cash
    figures["lowest_equity"][path] = min(cash, float(ran.equity.min()))
    equity[:, path] = _at(rows, cash, ran.equity)
    below[:, path] = _at(rows, 0.0, underwater(ran.equity, cash))


def _at(rows: Any, before: float, closes: Any) -> Any:
    """Values at the marks, which count closes: at none of them it is `before` the first bar."""
    return np.concatenate(([before], closes))[rows]


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
