"""The market of the corpus, and how a column becomes a strategy."""

from __future__ import annotations

import numpy as np

from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.frames import to_pandas

PAIR = tuple(
    series
    for series in synthetic_market(SyntheticMarket(("BTC/USDT:USDT", "ETH/USDT:USDT"), "1h", bars=600, seed=21))
    if isinstance(series, Bars)
)
ONE = PAIR[0]


def by_column(made):
    """Long while the column that `made` makes of a pandas frame is above zero."""

    class Above(Strategy):
        def prepare(self, bars):
            return {"signal": made(to_pandas(bars))}

        def on_bar(self, bar):
            if self.signal.value > 0.0 and self.direction == 0:
                self.buy()
            elif self.signal.value <= 0.0 and self.direction > 0:
                self.close()

    return Above


def by_array(made):
    """The same of a column that `made` makes of the bars' NumPy arrays."""

    class AboveArray(by_column(None)):
        def prepare(self, bars):
            return {"signal": np.asarray(made(bars), float)}

    return AboveArray
