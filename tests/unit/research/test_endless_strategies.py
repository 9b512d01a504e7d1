"""A strategy that never comes back for some of its parameters fails with those sets, and with nothing else."""

import threading
import time

import numpy as np
import pytest
from report_examples import market

from tradewind import Strategy, StrategyFailed, backtest, param
from tradewind.research import watched_threads
from tradewind.research.bench import Bench
from tradewind.research.portfolio import Sleeve, portfolio

BARS = market("BTC/USDT:USDT", 120, "1h", seed=3)
ENTERED = threading.Event()


class Waits(Strategy):
    """Compiles; waits in on_bar for what never happens where `step` is 0."""

    step = param(1, low=0, high=3)

    def setup(self):
        self.level = 0

    def on_bar(self, bar):
        while self.level < 10:
            self.level += self.step
        self.level = 0
        if not self.position:
            self.buy()


class Python(Strategy):
    """Does not compile; its loops never end, in setup where `at` is 1 and in on_bar where it is 2."""

    at = param(0, low=0, high=2)

    def setup(self):
        self.words = {}
        if self.at == 1:
            loop()

    def on_bar(self, bar):
        if self.at == 2 and bar.close > 0.0:
            loop()
        if not self.position:
            self.buy()


def loop():
    ENTERED.set()
    while True:
        try:
            ENTERED.is_set()
        except Exception:  # noqa: BLE001 - what calls it back is no Exception
            ENTERED.clear()


@pytest.fixture
def later(monkeypatch):
    """A clock on which hours have gone by once a loop was entered."""
    ENTERED.clear()
    monkeypatch.setattr(watched_threads, "monotonic", lambda: time.monotonic() + 36_000.0 * ENTERED.is_set())


def test_sets_whose_compiled_loop_does_not_end_fail_and_the_others_have_their_figures(kernels):
    scores = Bench(Waits, BARS, cache=kernels).score([{"step": 1}, {"step": 0}, {"step": 3}, {"step": 0}])
    assert scores.why_interpreted is None
    assert set(scores.failed) == {1, 3}
    assert "a while loop in Waits.on_bar has gone round" in scores.failed[1]
    assert "at the bar of 20" in scores.failed[1]
    assert np.isfinite(scores.metric("final_equity")[[0, 2]]).all()


@pytest.mark.parametrize("engine", ["auto", "compiled"])
def test_a_backtest_of_such_a_set_is_refused_and_is_not_interpreted_for_ever(engine, kernels):
    with pytest.raises(StrategyFailed, match=r"Waits: a while loop in Waits\.on_bar .* at the bar of 20"):
        backtest(Waits, BARS, engine=engine, cache=kernels, step=0)


def test_so_is_a_portfolio_that_holds_one(kernels):
    with pytest.raises(StrategyFailed, match=r"a while loop in Waits\.on_bar"):
        portfolio([Sleeve(Waits, BARS, {"step": 0})], cache=kernels)


@pytest.mark.parametrize("at", [1, 2])
def test_a_set_whose_python_never_comes_back_is_given_up_and_the_others_go_on(at, later):
    scores = Bench(Python, BARS, engine="interpreted").score([{"at": 0}, {"at": at}, {"at": 0}])
    assert set(scores.failed) == {1}
    assert "nothing was heard of it for 600 s" in scores.failed[1]
    assert "loop (test_endless_strategies.py:" in scores.failed[1]
    assert np.isfinite(scores.metric("final_equity")[[0, 2]]).all()


def test_the_first_set_may_be_the_one_that_never_comes_back(later):
    scores = Bench(Python, BARS).score([{"at": 1}, {"at": 0}])
    assert set(scores.failed) == {0}
    assert np.isfinite(scores.metric("final_equity")[1])


def test_an_interrupt_is_heard_in_such_a_loop():
    ENTERED.clear()

    def interrupt(stage, done, total):
        if stage == "running" and ENTERED.is_set():
            raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        Bench(Python, BARS, engine="interpreted").score([{"at": 0}, {"at": 1}], interrupt)
    assert threading.active_count() == before
