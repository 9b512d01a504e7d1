"""Many parameter sets on one market: the same figures as one run each."""

import numpy as np
import pytest
from report_examples import market

from tradewind import BadInput, Market, MarketRules, Strategy, backtest, instrument_for, param
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.research.bench import SCORES, Bench

BARS = market("BTC/USDT:USDT", 3_000, "1h", seed=3)
SETS = [{"fast": fast, "slow": slow} for fast in (5, 10) for slow in (30, 60, 120)]
SMA_CROSS = STRATEGIES["sma_cross"]


def test_every_set_has_the_figures_of_its_own_backtest():
    scores = Bench(SMA_CROSS, BARS).score(SETS)
    for i, parameters in enumerate(SETS):
        metrics = backtest(SMA_CROSS, BARS, parameters=parameters).metrics
        for name, value in scores.of(i).items():
            assert value == (None if metrics[name] is None else pytest.approx(metrics[name], rel=1e-12)), name


def test_the_returns_of_a_set_make_its_total_return():
    scores = Bench(SMA_CROSS, BARS).score(SETS)
    assert scores.returns.shape == (len(SETS), len(scores.time))
    assert np.prod(1.0 + scores.returns, axis=1) - 1.0 == pytest.approx(scores.metric("total_return"), rel=1e-9)


class Picky(Strategy):
    size = param(1, low=-5, high=5)

    def setup(self):
        if self.size == 3:
            raise ValueError("three is not liked")

    def on_bar(self, bar):
        if not self.position:
            self.buy()


def test_a_set_that_fails_says_why_and_the_others_keep_their_figures():
    scores = Bench(Picky, BARS).score([{"size": 1}, {"size": 3}, {"size": 9}])
    assert set(scores.failed) == {1, 2}
    assert "three is not liked" in scores.failed[1]
    assert "outside -5 to 5" in scores.failed[2]
    assert np.isnan(scores.values[1:]).all()
    assert np.isfinite(scores.metric("total_return")[0])


def test_a_set_without_trades_has_no_win_rate():
    flat = Bench(SMA_CROSS, BARS.slice(0, int(BARS.time[20]))).score([{"fast": 10, "slow": 200}])
    assert flat.of(0)["trades"] == 0
    assert flat.of(0)["win_rate"] is None


def test_rules_and_instruments_reach_every_run():
    perpetual = Market(BARS, instrument_for("BTC/USDT:USDT"))
    free = Bench(SMA_CROSS, perpetual, rules=MarketRules(slippage="none")).score(SETS[:1])
    usual = Bench(SMA_CROSS, perpetual).score(SETS[:1])
    assert free.metric("total_return")[0] > usual.metric("total_return")[0]


def test_a_figure_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(BadInput, match="sharp"):
        Bench(SMA_CROSS, BARS).score(SETS[:1]).metric("sharp")
    assert "sharpe" in SCORES
