"""Runs are counted where they are made, and judged by all that was counted."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tradewind.adapters.trials.sqlite_trials import SqliteTrials
from tradewind.core.domain.errors import Unavailable
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.core.domain.trials import Ground, TrialKind
from tradewind.core.engine.rules import MarketRules
from tradewind.core.performance.deflated_sharpe import deflated_sharpe
from tradewind.core.performance.returns import equity_returns, kurtosis, skewness
from tradewind.core.strategy.bundled.rsi_mean_reversion import RsiMeanReversion
from tradewind.core.strategy.bundled.sma_cross import SmaCross
from tradewind.research.backtest import Backtest, backtest
from tradewind.research.bench import Bench
from tradewind.research.counting import counting, uncounted

BARS = next(
    b for b in synthetic_market(SyntheticMarket(("BTC/USDT",), "1h", bars=1_200, seed=3)) if b.KIND == "candles"
)
FASTS = (5, 8, 10, 12)
DAY = 86_400_000_000_000


@pytest.fixture
def ledger(tmp_path: Path) -> SqliteTrials:
    return SqliteTrials(tmp_path)


def run(**parameters: object) -> Backtest:
    return backtest(SmaCross, BARS, engine="interpreted", **parameters)


def returns_of(result: Backtest) -> np.ndarray:
    ends = np.unique(result.time // DAY, return_index=True)[1][1:] - 1
    found = equity_returns(result.equity[np.append(ends, len(result.equity) - 1)], result.rules.cash)
    assert isinstance(found, np.ndarray)
    return found


def test_a_run_that_nobody_counts_has_no_dsr_and_says_why() -> None:
    result = run(fast=5)
    assert (result.metrics["dsr"], result.metrics["n_trials"]) == (None, None)
    assert "not counted" in result.performance.undefined["dsr"]


def test_the_dsr_is_that_of_the_formula_over_all_counted_runs(ledger: SqliteTrials) -> None:
    with counting(ledger, TrialKind.BACKTEST, now_ns=1):
        results = [run(fast=fast) for fast in FASTS]
    ratios = [float(r.mean() / r.std(ddof=1)) for r in map(returns_of, results)]
    own = returns_of(results[-1])
    expected = deflated_sharpe(
        ratios[-1], len(own), skewness(own), kurtosis(own) + 3.0, len(FASTS), float(np.var(ratios, ddof=1))
    )
    assert results[-1].metrics["dsr"] == pytest.approx(expected, rel=1e-9)
    assert [r.metrics["n_trials"] for r in results] == [1, 2, 3, 4]


def test_one_trial_alone_is_deflated_by_nothing(ledger: SqliteTrials) -> None:
    with counting(ledger, TrialKind.BACKTEST, now_ns=1):
        result = run(fast=5)
    assert result.metrics["dsr"] == result.metrics["psr"]


def test_a_sweep_and_a_backtest_of_the_same_set_are_one_trial(ledger: SqliteTrials) -> None:
    with counting(ledger, TrialKind.SWEEP, now_ns=1) as sweep:
        Bench(SmaCross, BARS, engine="interpreted").score([{"fast": fast} for fast in FASTS])
    assert (sweep.seen, sweep.new) == (4, 4)
    with counting(ledger, TrialKind.BACKTEST, now_ns=2) as again:
        result = run(fast=8.0, slow=30)
    assert (again.seen, again.new, result.metrics["n_trials"]) == (1, 0, 4)
    with counting(ledger, TrialKind.BACKTEST, now_ns=2) as other:
        run(fast=8, cash=20_000.0)
    assert other.new == 1


def test_a_sweeps_sharpe_ratios_are_those_of_its_runs(ledger: SqliteTrials) -> None:
    with counting(ledger, TrialKind.SWEEP, now_ns=1):
        Bench(SmaCross, BARS, engine="interpreted").score([{"fast": fast} for fast in FASTS])
    ratios = [float(r.mean() / r.std(ddof=1)) for r in (returns_of(run(fast=fast)) for fast in FASTS)]
    whole = Ground(("BTC/USDT",), int(BARS.time[0]), int(BARS.time[-1]) + BARS.step_ns)
    periods = len(returns_of(run(fast=5)))
    assert ledger.tally(whole).variance(periods) == pytest.approx(float(np.var(ratios, ddof=1)), rel=1e-9)
    assert ledger.summary()[0].best == pytest.approx(max(ratios), rel=1e-12)


def test_a_set_that_fails_is_no_trial_and_one_that_never_trades_is_one(ledger: SqliteTrials) -> None:
    with counting(ledger, TrialKind.SWEEP, now_ns=1) as count:
        Bench(SmaCross, BARS, engine="interpreted").score([{"fast": 5}, {"fast": 900}])
        Bench(RsiMeanReversion, BARS, engine="interpreted").score([{"oversold": 1}])
    assert count.new == 2
    line = next(line for line in ledger.summary() if line.strategy == "RsiMeanReversion")
    assert (line.trials, line.judged, line.best) == (1, 0, None)


def test_looks_at_another_stretch_do_not_count_and_warm_up_is_no_look(ledger: SqliteTrials) -> None:
    half = int(BARS.time[600])
    with counting(ledger, TrialKind.BACKTEST, now_ns=1):
        backtest(SmaCross, BARS.slice(None, half), engine="interpreted")
        second = backtest(SmaCross, BARS, engine="interpreted", rules=MarketRules(trade_from_ns=half))
        whole = run()
    assert second.metrics["n_trials"] == 1
    assert whole.metrics["n_trials"] == 3


def test_nothing_is_counted_where_counting_is_set_aside_and_everything_after_it_is(ledger: SqliteTrials) -> None:
    with counting(ledger, TrialKind.VALIDATE, now_ns=1) as count:
        with uncounted():
            assert run(fast=5).metrics["n_trials"] is None
        run(fast=8)
    run(fast=10)
    assert count.seen == ledger.verify() == 1


def test_two_runs_without_a_sharpe_ratio_beside_one_that_has_one_leave_the_spread_unknown(ledger: SqliteTrials) -> None:
    with counting(ledger, TrialKind.BACKTEST, now_ns=1):
        backtest(RsiMeanReversion, BARS, engine="interpreted", oversold=1)
        result = run(fast=5)
    assert result.metrics["n_trials"] == 2
    assert result.metrics["dsr"] is None
    assert "fewer than two of the 2 trials have a Sharpe ratio" in result.performance.undefined["dsr"]


class Unwritable(SqliteTrials):
    """A ledger on a disk that has just been pulled out."""

    def record(self, *args: object, **more: object) -> int:
        raise Unavailable("the disk is gone")


def test_a_ledger_that_cannot_be_written_leaves_the_run_and_takes_its_dsr(tmp_path: Path) -> None:
    with counting(Unwritable(tmp_path), TrialKind.BACKTEST, now_ns=1) as count:
        result = run(fast=5)
    assert math.isfinite(result.metrics["sharpe"])
    assert (result.metrics["dsr"], result.metrics["n_trials"]) == (None, None)
    assert "the disk is gone" in result.performance.undefined["n_trials"]
    assert count.problem == "the disk is gone"


def test_more_bars_behind_the_stretch_do_not_make_an_old_trial_new(ledger: SqliteTrials) -> None:
    end = int(BARS.time[900])
    with counting(ledger, TrialKind.BACKTEST, now_ns=1) as count:
        backtest(SmaCross, BARS.slice(None, end), engine="interpreted")
        backtest(SmaCross, BARS.slice(None, int(BARS.time[1_000])).slice(None, end), engine="interpreted")
    assert (count.seen, count.new) == (2, 1)
