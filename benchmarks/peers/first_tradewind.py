"""One backtest in Tradewind, as a person's first script would run it: imports, compilation, run, figures."""

from __future__ import annotations

import sys
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
result = backtest(SmaCross, bars, engine="compiled", cache=Path(sys.argv[3]))
sys.stdout.write(f"{result}\n")
