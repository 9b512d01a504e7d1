"""A sweep's sets see the constants of their classes as they are, also where indicators are worked out once for all."""

import pytest
from report_examples import market

from tradewind import SMA, Strategy, backtest, param
from tradewind.core.indicators.indicator import Indicator
from tradewind.research.bench import Bench

BARS = market("BTC/USDT:USDT", 300, "1h", seed=5)
SETS = [{"length": length} for length in (4, 9, 4)]


class Steps(Indicator):
    """A close that moves by whole steps; how far it has gone since the first is kept in what the class begins with."""

    STEP = 1.0
    gone = 0.0

    def __init__(self, length):
        super().__init__(warmup=length)

    def update(self, price):
        self.count += 1
        self.prev = self.value
        self.gone += self.STEP
        if self.count >= self.warmup:
            self.value = price // self.STEP * self.STEP


class Level(Strategy):
    MARGIN = 0.999
    length = param(5, low=2, high=50)

    def setup(self):
        self.average = SMA(self.length)
        self.steps = Steps(self.length)

    def on_bar(self, bar):
        if self.steps.ready and self.steps.value * self.MARGIN > self.average.value - self.steps.STEP:
            self.buy()
        else:
            self.close()


class Gone(Level):
    """Asks for what only an indicator of its own can say."""

    def on_bar(self, bar):
        if self.steps.gone % 7.0 < 3.0:
            self.buy()
        else:
            self.close()


class SetBySetup(Level):
    """Each set gives its class another number."""

    def setup(self):
        super().setup()
        type(self).MARGIN = 1.0 - self.length / 1_000.0


def equal_to_their_backtests(strategy, kernels, bench=None):
    bench = bench or Bench(strategy, BARS, cache=kernels, workers=1)
    scores = bench.score(SETS)
    assert bench.why_interpreted is None
    for one, final in zip(SETS, scores.metric("final_equity"), strict=True):
        alone = backtest(strategy, BARS, engine="interpreted", parameters=one)
        assert final == pytest.approx(alone.metrics["final_equity"], rel=1e-12)
        assert alone.metrics["trades"] > 0
    return bench, scores.metric("final_equity").tolist()


@pytest.mark.parametrize(("strategy", "followed"), [(Level, ["average", "steps"]), (Gone, []), (SetBySetup, None)])
def test_every_set_has_the_figures_of_its_own_backtest(strategy, followed, kernels):
    bench, _ = equal_to_their_backtests(strategy, kernels)
    if followed is not None:
        assert [one.path for one in bench._runs.runs._shapes[-1].followed] == followed


def test_a_constant_that_changes_between_two_sweeps_is_seen_by_the_second(kernels, monkeypatch):
    bench, before = equal_to_their_backtests(Level, kernels)
    monkeypatch.setattr(Steps, "STEP", 2.5)
    monkeypatch.setattr(Level, "MARGIN", 1.001)
    _, after = equal_to_their_backtests(Level, kernels, bench)
    assert after != before
