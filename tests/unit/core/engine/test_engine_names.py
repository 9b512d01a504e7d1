"""A trader may call an indicator whatever he likes: no name of his is one of the engine's."""

import pytest
from engine_scripts import CACHE

from tradewind import ATR, MarketRules, Strategy, SyntheticMarket, backtest, synthetic_market
from tradewind.core.engine.interpreted import NAMES

BARS = synthetic_market(SyntheticMarket(bars=400, seed=5))[0]
RULES = MarketRules(slippage="volatility", slippage_amount=0.1)


class Ranged(Strategy):
    """Uses a word that the engine also has: with slippage by volatility it tracks each symbol's range."""

    def setup(self):
        self.range = ATR(14)

    def on_bar(self, bar):
        if bar.high - bar.low > self.range.value:
            self.buy()
        else:
            self.close()


class Plain(Strategy):
    """The same in other words."""

    def setup(self):
        self.reach = ATR(14)

    def on_bar(self, bar):
        if bar.high - bar.low > self.reach.value:
            self.buy()
        else:
            self.close()


@pytest.mark.parametrize("engine", ["interpreted", "compiled"])
def test_an_indicator_may_be_called_range(engine):
    one, other = (backtest(s, BARS, rules=RULES, engine=engine, cache=CACHE) for s in (Ranged, Plain))
    assert one.run.decision_hash == other.run.decision_hash
    assert len(one.trades) > 10


def test_the_engines_own_names_are_none_that_it_makes_of_an_indicators():
    assert not [name for name in NAMES if name.startswith("update_")]
