"""The laws of a walk-forward: the search sees nothing of its test, no position crosses a border, luck scores low."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from walk_forward_examples import HOUR, SPACE, BuyDips, noise, returning

from tradewind import Bars, MarketRules
from tradewind.research import walk_forward as module
from tradewind.research.bench import Bench
from tradewind.research.walk_forward import walk_forward
from tradewind.research.walk_forward_result import WalkForward

BARS = returning(seed=1, n=2_000)
FEW = {"period": [10, 20, 40], "entry": [0.5, 1.5]}
SLOW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def walked(bars: Bars, kernels: Path, **given) -> WalkForward:
    return walk_forward(BuyDips, bars, **{"space": FEW, "windows": 4, "cache": kernels, **given})


def replaced_from(bars: Bars, first: int, seed: int) -> Bars:
    """The same bars up to `first`; from there on a market that has nothing to do with them."""
    other = noise(seed, len(bars))
    scale = 10.0 ** (seed % 5 - 2)
    columns = {n: getattr(bars, n).copy() for n in ("open", "high", "low", "close", "volume")}
    for name, column in columns.items():
        column[first:] = getattr(other, name)[first:] * scale
    return replace(bars, **columns)


@SLOW
@given(
    seed=st.integers(0, 2**32),
    at=st.integers(0, 3),
    anchored=st.booleans(),
    gap=st.sampled_from([0, 7]),
    method=st.sampled_from(["grid", "random"]),
)
def test_what_comes_after_the_training_changes_nothing_of_what_is_chosen(kernels, seed, at, anchored, gap, method):
    asked = {"anchored": anchored, "purge": gap, "embargo": gap, "method": method, "budget": 6}
    before = walked(BARS, kernels, **asked)
    first = before.windows[at].window.train.after
    after = walked(replaced_from(BARS, first, seed), kernels, **asked)
    for old, new in zip(before.windows[: at + 1], after.windows[: at + 1], strict=True):
        assert old.window == new.window
        assert old.parameters == new.parameters
        assert old.in_sample == new.in_sample
    for old, new in zip(before.windows[:at], after.windows[:at], strict=True):
        same = max(0, first - old.window.test.first)
        assert np.array_equal(old.test.equity[:same], new.test.equity[:same])
    changed = before.windows[at].test.equity, after.windows[at].test.equity
    assert not np.array_equal(*changed), "the other market reached the test"


@pytest.mark.parametrize("anchored", [False, True])
def test_the_search_is_handed_nothing_but_the_training_bars(monkeypatch, kernels, anchored):
    handed = []

    class Watched(Bench):
        def __init__(self, strategy, data, **given):
            handed.append((data, given["rules"]))
            super().__init__(strategy, data, **given)

    monkeypatch.setattr(module, "Bench", Watched)
    found = walked(BARS, kernels, anchored=anchored, purge=5, windows=3)
    searches = [data for data, rules in handed if rules.trade_from_ns == 0]
    assert len(searches) == len(found.windows) == 3
    for (market,), result in zip(searches, found.windows, strict=True):
        train = result.window.train
        for name, column in market.bars.columns().items():
            assert column.base is None, f"{name} is a view into bars that hold more"
            assert np.array_equal(column, getattr(BARS, name)[train.first : train.after])


@SLOW
@given(windows=st.integers(2, 6), anchored=st.booleans(), embargo=st.sampled_from([0, 10, "1d"]))
def test_no_position_crosses_a_border(kernels, windows, anchored, embargo):
    found = walked(BARS, kernels, windows=windows, anchored=anchored, embargo=embargo)
    for result in found.windows:
        test = result.window.test
        assert np.array_equal(result.test.time, BARS.time[test.first : test.after])
        fills = result.test.run.fills
        assert ((fills["time"] >= test.start_ns) & (fills["time"] <= test.end_ns)).all()
        assert float((fills["side"] * fills["size"]).sum()) == pytest.approx(0.0, abs=1e-9)
        trades = result.test.trades
        assert ((trades["entry_time"] >= test.start_ns) & (trades["exit_time"] <= test.end_ns)).all()


@SLOW
@given(windows=st.integers(1, 6), anchored=st.booleans())
def test_the_joined_account_compounds_the_tests(kernels, windows, anchored):
    found = walked(BARS, kernels, windows=windows, anchored=anchored, rules=MarketRules(cash=500.0))
    account = found.joined
    growth = np.prod([1.0 + result.out_of_sample["total_return"] for result in found.windows])
    assert account.equity[-1] == pytest.approx(500.0 * growth, rel=1e-9)
    assert account.performance.metrics["net_profit"] == pytest.approx(account.trades["pnl"].sum(), rel=1e-6)
    assert account.performance.metrics["trades"] == sum(result.out_of_sample["trades"] for result in found.windows)
    assert (np.diff(account.time) == HOUR).all()
    assert np.prod(1.0 + account.returns) == pytest.approx(growth, rel=1e-9)


def test_indicators_are_warm_on_the_first_bar_of_a_test(kernels):
    found = walked(BARS, kernels, space={"period": [50], "entry": [0.0]})
    firsts = [int(np.searchsorted(BARS.time, r.test.run.fills["time"][0])) - r.window.test.first for r in found.windows]
    assert min(firsts) < 50, "a cold average of 50 bars would say nothing before"


SEEDS = range(8)


def scores(make, kernels: Path) -> list[float]:
    return [
        float(walk_forward(BuyDips, make(seed), space=SPACE, windows=5, train=0.6, cache=kernels).robustness.score)
        for seed in SEEDS
    ]


def test_luck_scores_low_and_an_edge_scores_high(kernels):
    of_luck, of_edge = scores(noise, kernels), scores(returning, kernels)
    assert np.mean(of_luck) < 30.0
    assert np.median(of_luck) < 20.0
    assert min(of_edge) > 60.0
    assert min(of_edge) > np.quantile(of_luck, 0.8)
