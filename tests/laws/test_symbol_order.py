"""The order in which a run names its symbols decides nothing at the opens."""

import numpy as np
import pytest
from engine_examples import random_symbol
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.core.domain.instruments import Instrument
from tradewind.core.domain.orders import FillReason
from tradewind.core.engine.market_data import merge
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import run
from tradewind.core.strategy.strategy import Strategy

MINUTE = 60 * 10**9
NAMES = ("A/USDT:USDT", "B/USDT:USDT", "C/USDT:USDT")


class Shuffling(Strategy):
    """Once a moment buys, sells or closes symbols it knows by name, as a list of chances says."""

    symbols = 3

    def setup(self):
        self.last = 0
        self.drawn = 0

    def on_bar(self, bar):
        if bar.time == self.last:
            return
        self.last = bar.time
        for _ in range(3):
            self.drawn += 1
            chance = self.chances[self.drawn % len(self.chances)]
            symbol = self.numbers[int(chance * 3e3) % 3]
            if chance < 0.3:
                self.buy(chance * 30, symbol=symbol)
            elif chance < 0.5:
                self.sell(chance * 20, symbol=symbol)
            elif chance < 0.7:
                self.close(symbol=symbol)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.permutations([0, 1, 2]), st.booleans(), st.sampled_from([1.0, 4.0]))
def test_market_orders_trade_the_same_however_the_symbols_are_named(seed, order, spot, leverage):
    rng = np.random.default_rng(seed)
    chances = [float(c) for c in rng.random(200)]
    markets = [random_symbol(seed + i, 80, 0.02, name, False) for i, name in enumerate(NAMES)]
    found = []
    for numbers in ([0, 1, 2], order):
        named = sorted(range(3), key=lambda which, numbers=numbers: numbers[which])

        def make(numbers=tuple(numbers)):
            strategy = Shuffling()
            strategy.chances, strategy.numbers = chances, list(numbers)
            return strategy

        data = merge([markets[which] for which in named], MINUTE)
        kind = "spot" if spot else "perpetual"
        instruments = [Instrument(NAMES[which], kind=kind) for which in named]
        rules = MarketRules(cash=3_000.0, leverage=1.0 if spot else leverage, liquidation=False)
        result = run(make, data, instruments, rules, "interpreted")
        # What is still open is closed at the end in the order of the names.
        traded = result.fills[result.fills["reason"] != FillReason.END_OF_DATA]
        fills = [(named[f["symbol"]], int(f["time"]), int(f["side"]), float(f["price"])) for f in traded]
        found.append((fills, traded["size"], result.equity, sum(r.count for r in result.refusals)))
    (fills, sizes, equity, refused), (others, other_sizes, other_equity, other_refused) = found
    assert fills == others
    assert refused == other_refused
    assert sizes == pytest.approx(other_sizes, rel=1e-9)
    assert equity == pytest.approx(other_equity, rel=1e-9, abs=1e-6)
