"""The figures of many accounts that made other trades: one array for each figure, a value for each path."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance.account_paths import PathOutcomes
from tradewind.core.performance.metrics import Metric, Unit

Array = NDArray[np.float64]
ROUNDING = 1e-12

PATH_METRICS: dict[str, tuple[Metric, str]] = {
    "final_equity": (Metric("Ended with", Unit.QUOTE, "the account after its last trade"), "no account"),
    "total_return": (Metric("Total return", Unit.FRACTION, "final over initial equity, less one"), "no account"),
    "max_drawdown": (
        Metric("Maximum drawdown", Unit.FRACTION, "deepest fall below the best equity so far"), "no account",
    ),
    "lowest_equity": (Metric("Lowest equity", Unit.QUOTE, "what the account held at its worst moment"), "no account"),
    "trades": (Metric("Trades", Unit.COUNT, "trades made"), "no account"),
    "win_rate": (Metric("Win rate", Unit.FRACTION, "share of the trades with a profit"), "no trade"),
    "profit_factor": (Metric("Profit factor", Unit.RATIO, "gains over losses"), "no losing trade"),
    "average_trade": (Metric("Average trade", Unit.RATIO, "mean result of a trade"), "no trade"),
    "sqn": (Metric("System quality number", Unit.RATIO, "sqrt(trades) x mean / deviation"), "equal or too few trades"),
    "longest_loss_streak": (Metric("Longest losing streak", Unit.COUNT, "most losing trades in a row"), "no account"),
}  # fmt: skip
"""What each figure is, and why a path may have none."""


def path_figures(outcomes: PathOutcomes, initial: float) -> dict[str, Array]:
    """Each of PATH_METRICS (n); NaN on a path that has no such figure.

    Trades that a path drew after its account was empty are counted in the figures about trades. `average_trade` is a
    fraction of the account, or quote currency where stakes do not grow with it.
    """
    taken = np.where(outcomes.taken > 0.0, outcomes.taken, np.nan)
    # Sums carry the rounding of what they add up: a loss or a spread below that is none.
    lost = outcomes.gains - outcomes.total
    lost = np.where(lost > ROUNDING * outcomes.gains, lost, np.nan)
    mean = outcomes.total / taken
    spread = (outcomes.squares - taken * mean**2) / np.where(taken > 1.0, taken - 1.0, np.nan)
    deviation = np.sqrt(np.where(spread > ROUNDING * outcomes.squares / taken, spread, np.nan))
    return {
        "final_equity": outcomes.final,
        "total_return": outcomes.final / initial - 1.0,
        "max_drawdown": outcomes.max_drawdown,
        "lowest_equity": outcomes.lowest,
        "trades": outcomes.taken,
        "win_rate": outcomes.wins / taken,
        "profit_factor": outcomes.gains / lost,
        "average_trade": mean,
        "sqn": np.sqrt(taken) * mean / deviation,
        "longest_loss_streak": outcomes.longest_loss_streak,
    }
