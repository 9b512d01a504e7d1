"""Smart money in a strategy, on the bars of the strategy and on those of a higher timeframe, in both engines."""

import numpy as np
import pytest
from indicator_examples import random_bars

from tradewind import (
    Bars,
    FairValueGaps,
    Liquidity,
    MarketRules,
    MarketStructure,
    OrderBlocks,
    Session,
    Strategy,
    instrument_for,
    param,
)
from tradewind.research.backtest import Market, backtest

SYMBOL = "BTC/USDT:USDT"


class WithTheStructure(Strategy):
    """Long at an open bullish block or gap in London while the four-hour structure points up; out on a sweep above."""

    length = param(3, low=2, high=10)

    def setup(self):
        self.four_hours = self.feed(timeframe="4h")
        self.structure = MarketStructure(self.length).on(self.four_hours)
        self.blocks = OrderBlocks(self.length)
        self.gaps = FairValueGaps()
        self.pools = Liquidity(self.length)
        self.london = Session("London")

    def on_bar(self, bar):
        if self.position.size == 0.0:
            near = bar.low <= self.blocks.bullish_top or bar.low <= self.gaps.bullish_top
            if self.structure.trend > 0.0 and self.london.value > 0.0 and near:
                self.buy(size=0.1)
        elif self.pools.swept_highs > 0.0 or self.structure.trend < 0.0:
            self.close()


@pytest.fixture(scope="module")
def market():
    bars = random_bars(seed=17, rows=1_500)
    for name in ("open", "high", "low", "close"):
        bars[name] = np.round(100.0 * bars[name], 1)
    return Market(Bars(SYMBOL, "1h", **bars), instrument_for(SYMBOL))


def test_both_engines_take_the_same_decisions(market, tmp_path):
    rules = MarketRules(cash=100_000.0)
    compiled, interpreted = (
        backtest(WithTheStructure, market, rules=rules, engine=engine, cache=tmp_path)
        for engine in ("compiled", "interpreted")
    )
    assert compiled.run.engine == "compiled"
    assert compiled.run.decision_hash == interpreted.run.decision_hash
    assert compiled.metrics["trades"] > 10
    assert compiled.metrics["final_equity"] == interpreted.metrics["final_equity"]
