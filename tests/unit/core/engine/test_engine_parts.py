"""Orders that fill in parts, payments without a position, and hooks that stand alone."""

import pytest
from engine_scripts import MINUTE, START, at, buy, flat, merged, play, symbol_data

from tradewind.core.domain.errors import StrategyFailed
from tradewind.core.domain.instruments import Instrument, instrument_for
from tradewind.core.engine.market_data import merge
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import run
from tradewind.core.strategy.strategy import Strategy

PERPETUAL = Instrument("BTC/USDT:USDT")


def test_a_stop_that_is_due_ends_what_its_entry_still_wants():
    thin = [*flat(100, 3, volume=10), (100, 100, 94, 94, 10), *flat(94, 4, volume=10)]
    played = play(thin, [buy(0, 50, sl=95)], participation=0.1)
    fills = played.result.fills
    assert [float(f) for f in fills["size"] * fills["side"]] == [1, 1, 1, -1, -1, -1], "three bought, three sold"


def test_a_stake_that_fills_over_rising_bars_buys_what_it_still_can():
    rising = [(price, price + 1, price, price + 1, 100) for price in range(100, 140)]
    played = play(rising, [buy(0)], participation=0.2, cash=10_000)
    bought = played.result.fills[played.result.fills["closing"] == 0]
    assert not played.result.refusals
    assert float((bought["size"] * bought["price"]).sum()) == pytest.approx(10_000, rel=1e-3)
    assert len(bought) == 5


class AsksForFunding(Strategy):
    def setup(self):
        self.payments = 0
        self.paid = 0.0
        self.rate = 0.0

    def on_funding(self, symbol, rate, paid):
        self.payments += 1
        self.rate = rate
        self.paid += paid
        if self.payments == 1:
            self.buy(1)


@pytest.mark.parametrize("engine", ["interpreted", "compiled"])
def test_funding_is_told_also_where_nothing_is_held(engine):
    data = merge([symbol_data(flat(100, 10), funding=[(at(3), 0.01), (at(6), 0.02)])], MINUTE)
    result = run(AsksForFunding, data, [PERPETUAL], MarketRules(slippage="none"), engine)
    strategy = result.strategy
    assert (strategy.payments, strategy.rate, strategy.paid) == (2, 0.02, pytest.approx(2.0))
    assert len(result.fundings) == 1, "only a payment on a position moves money"


class OnlyTimed(Strategy):
    timer = "2m"

    def setup(self):
        self.rounds = 0

    def on_timer(self, time):
        self.rounds += 1
        if self.rounds == 2:
            self.buy(1)


@pytest.mark.parametrize("engine", ["interpreted", "compiled"])
def test_a_strategy_may_live_by_its_timer_alone(engine):
    result = run(OnlyTimed, merged(flat(100, 10)), [PERPETUAL], MarketRules(), engine)
    assert [int(t) for t in result.decisions["time"]] == [START + 4 * MINUTE]


@pytest.mark.parametrize("hook", ["on_trade", "on_quote", "on_book"])
def test_a_hook_that_candles_can_never_call_is_refused(hook):
    cls = type("Quiet", (Strategy,), {hook: lambda self, event: None, "on_bar": lambda self, bar: None})
    with pytest.raises(StrategyFailed, match=f"{hook} would never be called"):
        run(cls, merged(flat(100, 3)), [PERPETUAL], MarketRules())


class RestsWithItsWholeStake(Strategy):
    def on_bar(self, bar):
        self.cancel()
        self.buy(limit=bar.close * 0.5)


@pytest.mark.parametrize("symbol", ["BTC/USDT", "BTC/USDT:USDT"])
def test_a_limit_order_for_the_whole_stake_is_not_refused_for_a_rounding_error(symbol):
    rows = [(price, price + 17, price, price + 0.37 * i / 7, 1000) for i, price in enumerate(range(100, 400))]
    result = run(RestsWithItsWholeStake, merged(rows), [instrument_for(symbol)], MarketRules())
    assert not result.refusals
