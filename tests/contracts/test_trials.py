"""What every ledger of trials promises."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tradewind.adapters.trials.sqlite_trials import SqliteTrials
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.trials import PERIODS_MIN, REAL, Ground, Look, TrialKind
from tradewind.ports.trials import Trials

DAY = 86_400_000_000_000
YEAR = Ground(("BTC/USDT",), 0, 365 * DAY)
LOOK = Look(YEAR, "1h", "data", "SmaCross", "code", "rules", TrialKind.SWEEP, made_ns=5)


@pytest.fixture(params=[SqliteTrials])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Trials:
    return request.param(tmp_path / "ledger")


def tell(ledger: Trials, look: Look, ratios: list[float], periods: int = 365) -> int:
    return ledger.record(look, [f'{{"fast":{i}}}' for i in range(len(ratios))], np.array(ratios), periods)


def test_a_ledger_that_nobody_wrote_to_has_no_trials_and_leaves_nothing_behind(ledger: Trials, tmp_path: Path) -> None:
    found = ledger.tally(YEAR)
    assert (found.trials, found.judged, math.isnan(found.spread)) == (0, 0, True)
    assert ledger.summary() == []
    assert ledger.verify() == 0
    assert list(tmp_path.iterdir()) == []


def test_each_set_of_parameters_is_a_trial_and_their_variance_is_that_of_their_sharpe_ratios(ledger: Trials) -> None:
    ratios = [0.01, 0.03, -0.02, 0.05]
    assert tell(ledger, LOOK, ratios) == 4
    found = ledger.tally(YEAR)
    assert (found.trials, found.judged) == (4, 4)
    assert found.variance(365) == pytest.approx(np.var(ratios, ddof=1), rel=1e-12)
    # A record of a quarter of the length swings twice as far by luck.
    assert found.variance(365 // 4) == pytest.approx(np.var(ratios, ddof=1) * 365 / 91, rel=1e-12)


def test_trials_of_different_lengths_stand_beside_each_other_by_what_luck_would_do_to_each(ledger: Trials) -> None:
    long, short = [0.01, 0.03, 0.02], [0.1, -0.2]
    tell(ledger, LOOK, long, periods=365)
    tell(ledger, replace(LOOK, ground=replace(YEAR, end_ns=40 * DAY)), short, periods=40)
    z = [r * math.sqrt(365) for r in long] + [r * math.sqrt(40) for r in short]
    assert ledger.tally(YEAR).spread == pytest.approx(np.var(z, ddof=1), rel=1e-12)


def test_a_trial_that_is_repeated_is_one_trial_whoever_asked_for_it_and_when(ledger: Trials) -> None:
    assert tell(ledger, LOOK, [0.01, 0.02]) == 2
    assert tell(ledger, replace(LOOK, kind=TrialKind.BACKTEST, made_ns=9), [0.01, 0.02, 0.03]) == 1
    assert ledger.tally(YEAR).trials == 3
    assert [(line.kind, line.trials) for line in ledger.summary()] == [("sweep", 2), ("backtest", 1)]


@pytest.mark.parametrize(
    "other",
    [
        {"timeframe": "4h"},
        {"data_hash": "other"},
        {"strategy": "Renamed"},
        {"code_hash": "other"},
        {"rules_hash": "other"},
        {"ground": replace(YEAR, start_ns=DAY)},
        {"ground": replace(YEAR, symbols=("BTC/USDT", "ETH/USDT"))},
    ],
)
def test_whatever_changes_the_run_makes_it_another_trial(ledger: Trials, other: dict) -> None:
    tell(ledger, LOOK, [0.01])
    assert tell(ledger, replace(LOOK, **other), [0.01]) == 1
    assert ledger.tally(YEAR).trials == 2


@pytest.mark.parametrize(
    ("ground", "seen"),
    [
        (YEAR, 1),
        (Ground(("BTC/USDT",), 364 * DAY, 500 * DAY), 1),
        (Ground(("BTC/USDT",), 365 * DAY, 500 * DAY), 0),
        (Ground(("BTC/USDT",), -9 * DAY, 0), 0),
        (Ground(("ETH/USDT",), 0, 365 * DAY), 0),
        (Ground(("ETH/USDT", "BTC/USDT"), 0, 365 * DAY), 1),
        (replace(YEAR, origin="seed 7"), 0),
        (replace(YEAR, tenant="another"), 0),
    ],
)
def test_what_is_counted_overlaps_on_a_shared_symbol_of_the_same_origin_and_tenant(
    ledger: Trials, ground: Ground, seen: int
) -> None:
    assert YEAR.origin == REAL
    tell(ledger, LOOK, [0.01])
    assert ledger.tally(ground).trials == seen


def test_a_trial_on_two_symbols_is_one_trial_for_who_looks_at_both(ledger: Trials) -> None:
    pair = replace(YEAR, symbols=("BTC/USDT", "ETH/USDT"))
    tell(ledger, replace(LOOK, ground=pair), [0.01])
    assert ledger.tally(pair).trials == 1
    assert ledger.tally(YEAR).trials == 1


def test_a_trial_without_a_sharpe_ratio_is_a_trial_and_has_no_part_in_the_variance(ledger: Trials) -> None:
    tell(ledger, LOOK, [0.01, math.nan, 0.03])
    found = ledger.tally(YEAR)
    assert (found.trials, found.judged) == (3, 2)
    assert found.variance(365) == pytest.approx(np.var([0.01, 0.03], ddof=1))
    tell(ledger, replace(LOOK, timeframe="1d"), [math.nan, math.nan], periods=7)
    assert ledger.tally(YEAR).variance(365) == found.variance(365)


def test_a_trial_over_a_few_days_is_a_trial_and_its_wild_ratio_no_measure(ledger: Trials) -> None:
    tell(ledger, LOOK, [0.01, 0.03])
    tell(ledger, replace(LOOK, timeframe="1d"), [40.0, -40.0], periods=PERIODS_MIN - 1)
    found = ledger.tally(YEAR)
    assert (found.trials, found.judged) == (4, 2)
    assert found.variance(365) == pytest.approx(np.var([0.01, 0.03], ddof=1))


def test_equal_sharpe_ratios_have_no_variance(ledger: Trials) -> None:
    tell(ledger, LOOK, [0.1] * 50)
    assert ledger.tally(YEAR).variance(365) == pytest.approx(0.0, abs=1e-15)


def test_the_summary_says_who_tried_what_where_and_how_well(ledger: Trials) -> None:
    tell(ledger, LOOK, [0.01, 0.03])
    tell(ledger, replace(LOOK, code_hash="edited", made_ns=8), [0.02])
    tell(ledger, replace(LOOK, ground=replace(YEAR, symbols=("ETH/USDT",)), strategy="Other", made_ns=9), [math.nan])
    first, second = ledger.summary()
    assert (first.symbols, first.strategy, first.trials, first.codes) == (("BTC/USDT",), "SmaCross", 3, 2)
    assert (first.best, first.first_made_ns, first.last_made_ns) == (0.03, 5, 8)
    assert (second.symbols, second.best) == (("ETH/USDT",), None)
    assert ledger.summary("ETH/USDT") == [second]
    assert ledger.summary(tenant="another") == []


def test_what_was_recorded_is_there_for_the_next_who_opens_it(ledger: Trials, tmp_path: Path) -> None:
    tell(ledger, LOOK, [0.01, 0.03])
    again = type(ledger)(tmp_path / "ledger")  # type: ignore[call-arg]
    assert again.tally(YEAR) == ledger.tally(YEAR)
    assert again.verify() == 2


def test_a_ground_without_length_or_symbol_is_refused() -> None:
    with pytest.raises(BadInput):
        Ground((), 0, 1)
    with pytest.raises(BadInput):
        Ground(("BTC/USDT",), 1, 1)
