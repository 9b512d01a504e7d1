"""One backtest in Tradewind, as a person's first script would run it: imports, compilation, run, figures.

The last line says how long the strategy took to compile, or to load from the cache: wall and processor seconds.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from market import load

from tradewind import SMA, Bars, Strategy, param
from tradewind.research.backtest import backtest


class SmaCross(Strategy):
    """Long while the fast average is above the slow one."""

    fast = param(10, low=2, high=50)
    slow = param(30, low=10, high=200)

    def setup(self) -> None:
        self.fast_ma = SMA(self.fast)
        self.slow_ma = SMA(self.slow)

    def on_bar(self, bar: object) -> None:  # noqa: ARG002  (the hook's signature)
        if self.fast_ma.crossed_above(self.slow_ma):
            self.buy()
        elif self.fast_ma.crossed_below(self.slow_ma):
            self.close()


bars = Bars("BTC/USDT:USDT", "1m", **load(sys.argv[1], int(sys.argv[2])))
moments: list[tuple[float, float]] = []


def note(stage: str, _done: int, _total: int) -> None:
    """Keep the moments at which compilation begins and ends."""
    if stage == "compiling":
        moments.append((time.perf_counter(), time.process_time()))


result = backtest(SmaCross, bars, engine="compiled", cache=Path(sys.argv[3]), progress=note)
(wall, processor), (wall_end, processor_end) = moments[0], moments[-1]
sys.stdout.write(f"{result}\n{wall_end - wall} {processor_end - processor}\n")
