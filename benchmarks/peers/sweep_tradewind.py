"""A sweep in Tradewind: `Bench.score`, seventeen figures and the daily returns of every set."""

from __future__ import annotations

import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from market import load
from stopwatch import CASH, FEE, answer, measure, memory_mb
from sweep_grid import grid

from tradewind import SMA, Bars, MarketRules, Strategy, instrument_for, param
from tradewind.research.backtest import Market
from tradewind.research.bench import Bench, Scores

SYMBOL = "BTC/USDT:USDT"


class SmaCross(Strategy):
    """Long one while the fast average is above the slow one."""

    fast = param(10, low=2, high=50)
    slow = param(30, low=10, high=200)

    def setup(self) -> None:
        self.fast_ma = SMA(self.fast)
        self.slow_ma = SMA(self.slow)

    def on_bar(self, bar: object) -> None:  # noqa: ARG002  (the hook's signature)
        if self.fast_ma.crossed_above(self.slow_ma):
            self.buy(size=1.0)
        elif self.fast_ma.crossed_below(self.slow_ma):
            self.close()


def main(folder: str, bars: int, repeats: int, sets: int, workers: int, cache: str) -> None:
    traded = replace(instrument_for(SYMBOL), taker_fee=Decimal(str(FEE)))
    market = Market(Bars(SYMBOL, "1m", **load(folder, bars)), traded)
    rules = MarketRules(cash=CASH, slippage="none")
    before_mb = memory_mb()
    wanted = [{"fast": fast, "slow": slow} for fast, slow in grid(sets)]

    def score(some: list[dict[str, int]]) -> Scores:
        """By a bench of its own, so that no round finds what an earlier one has worked out."""
        return Bench(SmaCross, market, rules=rules, cache=Path(cache), workers=workers).score(some)

    score(wanted[:2] + wanted[-2:])
    wall, processor, scores = measure(repeats, lambda: score(wanted))
    answer(
        wall=wall,
        processor=processor,
        sets=len(wanted),
        trades=scores.metric("trades").astype(int).tolist(),
        equity=scores.metric("final_equity").tolist(),
        before_mb=before_mb,
        why_interpreted=scores.why_interpreted,
    )


main(*(int(a) if a.isdigit() else a for a in sys.argv[1:]))
