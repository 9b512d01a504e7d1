"""A price that a strategy gives is one, or the run stops: what is not ready never becomes a market order."""

import numpy as np
import pytest

from tradewind import SMA, MarketRules, Strategy, StrategyFailed, instrument_for, param
from tradewind.core.engine.market_data import SymbolData, merge
from tradewind.core.engine.run import run

HOUR = 3_600_000_000_000
ASKED = ("limit", "stop", "stop-loss", "target", "trail", "stop of protect", "target of protect", "trail of protect")


class TooEarly(Strategy):
    """Uses an average before it is ready, in the place that `where` numbers."""

    where = param(0, low=0, high=len(ASKED) - 1)

    def setup(self):
        self.mean = SMA(50)

    def on_bar(self, bar):
        early = self.mean.value
        if self.where >= 5 and not self.position:
            self.buy(1.0)
        elif self.where == 0:
            self.buy(1.0, limit=early)
        elif self.where == 1:
            self.sell(1.0, stop=early)
        elif self.where == 2:
            self.buy(1.0, sl=early)
        elif self.where == 3:
            self.buy(1.0, tp=early)
        elif self.where == 4:
            self.buy(1.0, trail=early)
        elif self.where == 5:
            self.protect(sl=early)
        elif self.where == 6:
            self.protect(tp=early)
        else:
            self.protect(trail=early)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("kernels")


@pytest.mark.parametrize("where", range(len(ASKED)), ids=ASKED)
def test_a_price_that_is_nan_stops_the_run_and_is_not_taken_for_one_that_is_left_out(where, cache):
    price = np.full(10, 100.0)
    column = SymbolData("BTC/USDT:USDT", np.arange(1, 11) * HOUR, price, price, price, price, price)
    for engine in ("interpreted", "compiled"):
        with pytest.raises(StrategyFailed) as caught:
            run(
                lambda: TooEarly(where=where),
                merge([column], HOUR),
                [instrument_for("BTC/USDT:USDT")],
                MarketRules(),
                engine,
                cache,
            )
        said = str(caught.value)
        assert "an order's prices must be numbers above zero, found nan at the bar of 1970-01-01T" in said
        assert said.startswith("TooEarly, on_bar (test_prices_given.py:")
