"""SMA cross in Tradewind. Engine: `run` (strategy, exchange, fills, decisions). Judged: `backtest`, every figure."""

from __future__ import annotations

import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from market import load
from stopwatch import CASH, FAST, FEE, SLOW, answer, measure, memory_mb

from tradewind import SMA, Bars, MarketRules, Strategy, instrument_for, param
from tradewind.core.engine.market_data import SymbolData, merge
from tradewind.core.engine.run import run
from tradewind.research.backtest import Market, backtest

SYMBOL = "BTC/USDT:USDT"


class SmaCross(Strategy):
    """Long one while the fast average is above the slow one."""

    fast = param(FAST, low=2, high=50)
    slow = param(SLOW, low=10, high=200)

    def setup(self) -> None:
        self.fast_ma = SMA(self.fast)
        self.slow_ma = SMA(self.slow)

    def on_bar(self, bar: object) -> None:  # noqa: ARG002  (the hook's signature)
        if self.fast_ma.crossed_above(self.slow_ma):
            self.buy(size=1.0)
        elif self.fast_ma.crossed_below(self.slow_ma):
            self.close()


def main(folder: str, bars: int, repeats: int, engine: str, cache: str) -> None:
    m = load(folder, bars)
    traded = replace(instrument_for(SYMBOL), taker_fee=Decimal(str(FEE)))
    rules = MarketRules(cash=CASH, slippage="none")
    market = Market(Bars(SYMBOL, "1m", **m), traded)
    data = merge([SymbolData(SYMBOL, **m)], market.bars.step_ns)
    warm = Market(market.bars.rows(slice(0, 2000)), traded)
    before_mb = memory_mb()
    backtest(SmaCross, warm, rules=rules, engine=engine, cache=Path(cache))
    alone, alone_processor, _ = measure(repeats, lambda: run(SmaCross, data, [traded], rules, engine, Path(cache)))
    judged, processor, result = measure(
        repeats, lambda: backtest(SmaCross, market, rules=rules, engine=engine, cache=Path(cache))
    )
    answer(
        judged=judged,
        judged_processor=processor,
        engine=alone,
        engine_processor=alone_processor,
        trades=int(result.metrics["trades"]),
        equity=float(result.metrics["final_equity"]),
        before_mb=before_mb,
        ran=result.run.engine,
        decision_hash=result.run.decision_hash,
    )


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5])
