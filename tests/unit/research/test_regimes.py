"""Regimes: known at the bar's close and never later, and gains that add up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind import Bars
from tradewind.core.performance.undefined import Undefined
from tradewind.research.regimes import BARS_MIN, REGIMES, UNKNOWN, bars_of, regimes_of, split_by_regime

DAY = 86_400_000_000_000
LENGTH = 20


def bars(close):
    close = np.asarray(close, np.float64)
    time = np.arange(len(close), dtype=np.int64) * DAY
    return Bars("X/USDT", "1d", time, close, close, close, close, np.ones(len(close)))


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 400))
def test_a_bars_regime_is_the_same_whatever_comes_later(seed, cut):
    close = 100.0 * np.exp(np.cumsum(0.02 * np.random.default_rng(seed).standard_normal(400)))
    assert np.array_equal(regimes_of(close, LENGTH)[:cut], regimes_of(close[:cut], LENGTH))


def test_a_climb_is_a_trend_and_a_seesaw_is_a_range():
    climb = 100.0 * 1.01 ** np.arange(100)
    seesaw = 100.0 + np.arange(100) % 2
    assert set(regimes_of(climb, LENGTH)[2 * LENGTH :]) <= {0, 1}
    assert set(regimes_of(seesaw, LENGTH)[2 * LENGTH :]) <= {2, 3}


def test_a_market_that_has_become_wild_is_of_high_volatility_and_one_that_calmed_down_of_low():
    random = np.random.default_rng(4)
    calm, wild = 0.001 * random.standard_normal(200), 0.05 * random.standard_normal(60)
    rising = regimes_of(np.exp(np.cumsum(np.concatenate([calm, wild]))), LENGTH)
    falling = regimes_of(np.exp(np.cumsum(np.concatenate([wild, calm[:60]]))), LENGTH)
    assert set(rising[-20:] % 2) == {0}
    assert set(falling[-20:] % 2) == {1}


def test_a_random_walk_is_in_a_trend_half_of_the_time():
    close = np.exp(np.cumsum(0.01 * np.random.default_rng(1).standard_normal(40_000)))
    known = regimes_of(close, LENGTH)[2 * LENGTH :]
    assert np.mean(known < 2) == pytest.approx(0.5, abs=0.03)


def test_before_there_are_bars_enough_nothing_is_known():
    assert set(regimes_of(np.exp(np.arange(2 * LENGTH)), LENGTH)) == {UNKNOWN}
    assert bars_of(DAY) == BARS_MIN
    assert bars_of(DAY // 24) == 240


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_gains_of_the_regimes_are_all_gains(seed):
    random = np.random.default_rng(seed)
    market = bars(100.0 * np.exp(np.cumsum(0.02 * random.standard_normal(150))))
    equity = 1_000.0 * np.exp(np.cumsum(0.01 * random.standard_normal(150)))
    found = split_by_regime(market.time, equity, 1_000.0, market, 365.0)
    every = (*found.results, found.unknown)
    assert sum(each.profit for each in every) == pytest.approx(equity[-1] - 1_000.0)
    assert sum(each.bars for each in every) == 150
    assert [each.name for each in found.results] == list(REGIMES)


def test_a_bars_gain_belongs_to_the_regime_that_was_known_when_it_opened():
    close = np.concatenate([100.0 * 1.01 ** np.arange(60), 100.0 * 1.01**59 + np.arange(60) % 2])
    market, known = bars(close), regimes_of(close, LENGTH)
    turn = int(np.flatnonzero(known >= 2)[0])
    equity = np.full(120, 1_000.0)
    equity[turn:] = 1_100.0
    found = split_by_regime(market.time, equity, 1_000.0, market, 365.0)
    assert found.results[known[turn - 1]].profit == pytest.approx(100.0)
    assert found.best_share == 1.0


def test_an_account_that_never_gained_has_no_best_regime():
    market = bars(100.0 * 1.01 ** np.arange(100))
    found = split_by_regime(market.time, np.full(100, 1_000.0), 1_000.0, market, 365.0)
    assert found.best_share == Undefined("no regime brought a profit")
    assert all(isinstance(each.sharpe, Undefined) for each in found.results)
    short = bars(np.ones(10))
    assert isinstance(split_by_regime(short.time, np.ones(10), 1.0, short, 365.0).best_share, Undefined)
