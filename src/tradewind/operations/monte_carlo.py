"""Monte Carlo of a run that was kept, from the trades in its folder."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from tradewind.core.domain.errors import BadInput, Corrupt
from tradewind.core.domain.records import TRADE
from tradewind.core.performance.trade_results import TradeResults, trade_results
from tradewind.core.performance.undefined import Undefined
from tradewind.ports.runs import StoredRun
from tradewind.research.monte_carlo import PATHS, MonteCarlo, simulate_trades
from tradewind.research.resampled_trades import ORDER_OF, Resampling

TRADES_FILE = "trades.csv"
NUMBERS = ("entry_price", "size", "pnl", "fees", "drawdown")


def simulate_kept_run(
    run: StoredRun,
    wanted: Resampling,
    *,
    paths: int = 10_000,
    seed: int = 1,
    compounded: bool = True,
    ruin: float = 0.5,
    drawdown: float = 0.2,
    costs: float = 1.0,
) -> MonteCarlo:
    """See `research.monte_carlo`, for the methods that need no engine.

    A kept run knows what slippage cost in all and not by trade: it is shared by the trades' value. Raises BadInput for
    another method or a setting out of its range, Corrupt where the run's files do not hold what was written.
    """
    if wanted.method not in ORDER_OF:
        known = wanted.method in PATHS
        raise BadInput(
            f"{wanted.method} runs the strategy again, and a kept run has only its trades"
            if known
            else f"there is no method {wanted.method!r}",
            fix=f"Use one of {', '.join(ORDER_OF)}{'; in Python: monte_carlo(result, method=...)' if known else ''}",
        )
    made = kept_results(run, compounded)
    return simulate_trades(made, wanted, paths, seed, ruin=ruin, drawdown=drawdown, costs=costs)


def kept_results(run: StoredRun, compounded: bool) -> TradeResults | Undefined:
    """What each trade of a kept run did to its account."""
    metrics = run.summary.get("metrics")
    if not isinstance(metrics, dict) or not isinstance(initial := metrics.get("initial_equity"), int | float):
        raise Corrupt("its summary names no initial equity", where=str(run.folder), fix="Make the run again")
    trades = _trades(run.folder / TRADES_FILE)
    value = trades["entry_price"] * trades["size"]
    whole = float(value.sum())
    slippage = float(metrics.get("slippage_paid") or 0.0)
    return trade_results(
        trades, value * (slippage / whole) if whole > 0.0 else value, float(initial), compounded=compounded
    )


def _trades(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.void]]:
    """The trades of a report's file, as far as they are needed here."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        trades = np.zeros(len(rows), TRADE)
        for name in NUMBERS:
            trades[name] = [float(row[name]) for row in rows]
        # The file's times end in Z for UTC, which NumPy does not read.
        trades["exit_time"] = np.array([row["exit_time"].rstrip("Z") for row in rows], "datetime64[ns]").astype(
            np.int64
        )
    except (OSError, KeyError, TypeError, ValueError) as problem:
        raise Corrupt(f"its trades cannot be read: {problem}", where=str(path), fix="Make the run again") from None
    return trades
