"""A sweep in vectorbt: a column a parameter set, `chunk` columns at a time (all of them at once take many gigabytes).

Total return, deepest drawdown, trades and final value of every set; its Sharpe ratio would take it as long again.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import pandas as pd
import vectorbt as vbt
from market import load
from stopwatch import CASH, FEE, answer, measure, memory_mb
from sweep_grid import grid

warnings.filterwarnings("ignore")


def simulate(close: pd.Series, open_: pd.Series, sets: list[tuple[int, int]]) -> tuple[list[int], list[float]]:
    fast = vbt.MA.run(close, [f for f, _ in sets], short_name="fast")
    slow = vbt.MA.run(close, [s for _, s in sets], short_name="slow")
    entries = fast.ma_crossed_above(slow).vbt.signals.fshift(1)
    exits = fast.ma_crossed_below(slow).vbt.signals.fshift(1)
    folio = vbt.Portfolio.from_signals(
        close, entries, exits, size=1.0, price=open_, fees=FEE, init_cash=CASH, freq="1min"
    )
    folio.total_return()
    folio.max_drawdown()
    return folio.trades.count().astype(int).tolist(), folio.final_value().tolist()


def sweep(close: pd.Series, open_: pd.Series, sets: list[tuple[int, int]], chunk: int) -> Any:
    trades: list[int] = []
    equity: list[float] = []
    for start in range(0, len(sets), chunk):
        some_trades, some_equity = simulate(close, open_, sets[start : start + chunk])
        trades += some_trades
        equity += some_equity
    return trades, equity


def main(folder: str, bars: int, repeats: int, sets: int, chunk: int) -> None:
    m = load(folder, bars)
    index = pd.to_datetime(m["time"])
    close, open_ = pd.Series(m["close"], index=index), pd.Series(m["open"], index=index)
    wanted = grid(sets)
    before_mb = memory_mb()
    simulate(close[:2000], open_[:2000], wanted[:3])
    wall, processor, (trades, equity) = measure(repeats, lambda: sweep(close, open_, wanted, chunk))
    answer(wall=wall, processor=processor, sets=len(wanted), trades=trades, equity=equity, before_mb=before_mb)


main(sys.argv[1], *map(int, sys.argv[2:6]))
