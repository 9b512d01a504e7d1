"""SMA cross in backtesting.py, as its documentation writes it.

Its `run` always includes the statistics. What they take is measured from inside (`compute_stats`) and taken off for the
time of the engine alone.
"""

from __future__ import annotations

import sys
import time
import warnings

import backtesting.backtesting as inside
import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy
from backtesting.lib import crossover
from market import load
from stopwatch import CASH, FAST, FEE, SLOW, answer, measure, memory_mb

warnings.filterwarnings("ignore")


def sma(values: np.ndarray, length: int) -> pd.Series:
    return pd.Series(values).rolling(length).mean()


class SmaCross(Strategy):
    def init(self) -> None:
        self.fast = self.I(sma, self.data.Close, FAST)
        self.slow = self.I(sma, self.data.Close, SLOW)

    def next(self) -> None:
        if crossover(self.fast, self.slow):
            self.buy(size=1)
        elif crossover(self.slow, self.fast):
            self.position.close()


def main(folder: str, bars: int, repeats: int) -> None:
    m = load(folder, bars)
    frame = pd.DataFrame(
        {name.title(): m[name] for name in ("open", "high", "low", "close", "volume")}, index=pd.to_datetime(m["time"])
    )
    spent: list[tuple[float, float]] = []
    statistics = inside.compute_stats

    def timed(*args: object, **kwargs: object) -> object:
        wall_before, processor_before = time.perf_counter(), time.process_time()
        try:
            return statistics(*args, **kwargs)
        finally:
            spent.append((time.perf_counter() - wall_before, time.process_time() - processor_before))

    inside.compute_stats = timed
    before_mb = memory_mb()
    wall, processor, stats = measure(
        repeats, lambda: Backtest(frame, SmaCross, cash=CASH, commission=FEE, finalize_trades=True).run()
    )
    answer(
        judged=wall,
        judged_processor=processor,
        engine=[w - s for w, (s, _) in zip(wall, spent, strict=True)],
        engine_processor=[p - s for p, (_, s) in zip(processor, spent, strict=True)],
        trades=int(stats["# Trades"]),
        equity=float(stats["Equity Final [$]"]),
        before_mb=before_mb,
    )


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
