"""SMA cross in vectorbt: `MA.run`, `Portfolio.from_signals`, filled at the next bar's open.

Its engine is whichever its `auto` setting picks (Rust here). Its functions are compiled on first use, which the warm-up
takes. Engine: indicators, signals, simulation, trades and final value. Judged: the same with `stats()`.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import pandas as pd
import vectorbt as vbt
from market import load
from stopwatch import CASH, FAST, FEE, SLOW, answer, measure, memory_mb

warnings.filterwarnings("ignore")


def simulate(close: pd.Series, open_: pd.Series) -> Any:
    fast, slow = vbt.MA.run(close, FAST), vbt.MA.run(close, SLOW)
    entries = fast.ma_crossed_above(slow).vbt.signals.fshift(1)
    exits = fast.ma_crossed_below(slow).vbt.signals.fshift(1)
    folio = vbt.Portfolio.from_signals(
        close, entries, exits, size=1.0, price=open_, fees=FEE, init_cash=CASH, freq="1min"
    )
    return folio, int(folio.trades.count()), float(folio.final_value())


def judge(close: pd.Series, open_: pd.Series) -> Any:
    folio, _, _ = simulate(close, open_)
    return folio.stats()


def main(folder: str, bars: int, repeats: int) -> None:
    m = load(folder, bars)
    index = pd.to_datetime(m["time"])
    close, open_ = pd.Series(m["close"], index=index), pd.Series(m["open"], index=index)
    before_mb = memory_mb()
    simulate(close[:2000], open_[:2000])[0].stats()
    engine, engine_processor, (_, trades, equity) = measure(repeats, lambda: simulate(close, open_))
    judged, processor, _ = measure(repeats, lambda: judge(close, open_))
    answer(
        judged=judged,
        judged_processor=processor,
        engine=engine,
        engine_processor=engine_processor,
        trades=trades,
        equity=equity,
        before_mb=before_mb,
    )


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
