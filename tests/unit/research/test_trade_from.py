"""A run that begins after its first bars: they warm indicators up, and nothing else."""

import numpy as np
import pytest
from report_examples import market

from tradewind import SMA, BadInput, MarketRules, Strategy, backtest

BARS = market("BTC/USDT:USDT", 1_000, "1h", seed=5)
FIRST = int(BARS.time[400])
RULES = MarketRules(trade_from_ns=FIRST)


class AlwaysIn(Strategy):
    def on_bar(self, bar):
        if not self.position:
            self.buy()


class AboveAverage(Strategy):
    def setup(self):
        self.average = SMA(200)

    def on_bar(self, bar):
        if bar.close > self.average.value:
            if not self.position:
                self.buy()
        elif self.position:
            self.close()


@pytest.mark.parametrize("engine", ["compiled", "interpreted"])
def test_the_first_order_fills_at_the_open_of_the_first_bar_of_the_run(engine):
    run = backtest(AlwaysIn, BARS, rules=RULES, engine=engine).run
    assert run.fills["time"][0] == FIRST
    assert run.fills["bar"][0] == 400
    assert run.refusals == ()


def test_the_account_is_judged_from_the_run_s_first_bar_on():
    result = backtest(AlwaysIn, BARS, rules=RULES)
    assert len(result.time) == len(result.equity) == len(result.hold) == 600
    assert int(result.time[0]) == FIRST
    assert result.metrics["buy_and_hold"] == pytest.approx(BARS.close[-1] / BARS.open[400] - 1.0)
    assert result.metrics["exposure_time"] == 599 / 600  # closed at the last bar's close


def test_indicators_are_warm_when_the_run_begins():
    warm = backtest(AboveAverage, BARS, rules=RULES)
    cold = backtest(AboveAverage, BARS.slice(FIRST))
    assert warm.run.fills["time"][0] < FIRST + 200 * BARS.step_ns <= cold.run.fills["time"][0]


def test_only_the_bars_before_it_make_a_difference_to_a_strategy_without_memory():
    short = backtest(AlwaysIn, BARS.slice(int(BARS.time[399])), rules=RULES)
    assert np.array_equal(short.equity, backtest(AlwaysIn, BARS, rules=RULES).equity)


def test_a_run_cannot_begin_after_the_last_bar():
    with pytest.raises(BadInput, match="no bar opens"):
        backtest(AlwaysIn, BARS, rules=MarketRules(trade_from_ns=int(BARS.time[-1]) + 1))
    with pytest.raises(BadInput, match="zero or more"):
        MarketRules(trade_from_ns=-1)
