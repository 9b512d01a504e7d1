"""The figures that the authors published for deflated Sharpe ratios, track records and back-tests."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from tradewind.core.performance.deflated_sharpe import deflated_sharpe, expected_best, expected_best_sharpe
from tradewind.core.performance.significance import probabilistic_sharpe
from tradewind.core.performance.track_record import minimum_backtest_years, minimum_track_record
from tradewind.core.performance.undefined import Undefined

VECTORS = Path(__file__).parents[4].parent / "shared" / "vectors" / "metrics" / "sharpe_inference_published.json"

# Bailey and Lopez de Prado, "The Deflated Sharpe Ratio" (2014), numerical example: an annual Sharpe ratio of 2.5 over
# 1,250 days (250 a year), the best of 100 trials whose annual ratios have the variance 1/2.
DAILY = {"sharpe_per_period": 2.5 / math.sqrt(250), "periods": 1_250}
VARIANCE = 0.5 / 250


def test_the_papers_example_of_a_deflated_ratio() -> None:
    assert round(expected_best_sharpe(100, VARIANCE), 4) == 0.1132
    assert round(deflated_sharpe(**DAILY, skew=-3, kurtosis_full=10, trials=100, variance=VARIANCE), 4) == 0.9004


def test_the_papers_numbers_of_trials_at_which_confidence_reaches_95_percent() -> None:
    assert round(deflated_sharpe(**DAILY, skew=-3, kurtosis_full=10, trials=46, variance=VARIANCE), 4) == 0.9505
    assert round(deflated_sharpe(**DAILY, skew=0, kurtosis_full=3, trials=88, variance=VARIANCE), 4) == 0.9505


def test_the_papers_example_of_a_probabilistic_ratio() -> None:
    # Bailey and Lopez de Prado, "The Sharpe Ratio Efficient Frontier" (2012): 24 months, 0.458 a month.
    assert round(probabilistic_sharpe(0.458, 24, -2.448, 10.164), 3) == 0.913
    assert round(probabilistic_sharpe(0.458, 24, 0.0, 3.0), 3) == 0.982


@pytest.mark.parametrize(("per_year", "years"), [(252, 2.73), (52, 2.83), (12, 3.24)])
def test_the_papers_minimum_track_records(per_year: int, years: float) -> None:
    # The same paper: an annual ratio of 2 against 1, normal returns, 95 %.
    periods = minimum_track_record(2 / math.sqrt(per_year), 0.0, 3.0, 1 / math.sqrt(per_year))
    assert round(periods / per_year, 2) == years


def test_after_the_minimum_track_record_the_probabilistic_ratio_is_the_confidence() -> None:
    for sharpe, skew, kurtosis, benchmark, sure in [(0.2, -1.0, 6.0, 0.05, 0.95), (0.1, 0.5, 3.0, 0.0, 0.99)]:
        periods = minimum_track_record(sharpe, skew, kurtosis, benchmark, sure)
        before = probabilistic_sharpe(sharpe, math.floor(periods), skew, kurtosis, benchmark)
        after = probabilistic_sharpe(sharpe, math.ceil(periods), skew, kurtosis, benchmark)
        assert before <= sure <= after


def test_five_years_of_data_bear_no_more_than_45_trials() -> None:
    # Bailey, Borwein, Lopez de Prado and Zhu (2014): with five years, 45 independent trials find a ratio of 1 by luck.
    assert minimum_backtest_years(45) == pytest.approx(5.0, abs=0.02)
    assert minimum_backtest_years(45) < 5.0 < minimum_backtest_years(46)
    for trials in (2, 10, 100, 10_000):
        assert minimum_backtest_years(trials) < 2 * math.log(trials)  # the paper's simpler bound


@pytest.mark.parametrize("trials", [5, 50, 500])
def test_the_expected_best_is_what_drawing_gives(trials: int) -> None:
    drawn = np.random.default_rng(3).normal(size=(20_000, trials)).max(axis=1).mean()
    assert expected_best(trials) == pytest.approx(drawn, abs=0.05)


def test_one_trial_deflates_nothing_and_more_trials_deflate_more() -> None:
    shape = {"skew": -1.0, "kurtosis_full": 5.0, "variance": VARIANCE}
    assert deflated_sharpe(**DAILY, **shape, trials=1) == probabilistic_sharpe(2.5 / math.sqrt(250), 1_250, -1.0, 5.0)
    ladder = [deflated_sharpe(**DAILY, **shape, trials=n) for n in (1, 1.5, 2, 10, 100, 1e4, 1e6)]
    assert ladder == sorted(ladder, reverse=True)
    assert ladder[-1] < ladder[2] - 0.1


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (expected_best(0), "there were 0 trials"),
        (expected_best(math.nan), "there were nan trials"),
        (expected_best_sharpe(10, -1.0), "no variance that could be told"),
        (deflated_sharpe(0.1, 100, 0.0, 3.0, 10, math.nan), "no variance that could be told"),
        (deflated_sharpe(0.1, 1, 0.0, 3.0, 10, 0.1), "fewer than two periods"),
        (minimum_track_record(0.1, 0.0, 3.0, 0.1), "no record is long enough"),
        (minimum_track_record(math.nan, 0.0, 3.0), "no record is long enough"),
        (minimum_track_record(1.0, 5.0, 3.0), "leave the Sharpe ratio no variance"),
        (minimum_track_record(0.1, 0.0, 3.0, confidence=1.0), "a confidence is from 0.5"),
        (minimum_backtest_years(10, 0.0), "the Sharpe ratio is not positive"),
        (minimum_backtest_years(0.5), "there were 0.5 trials"),
    ],
)
def test_what_cannot_be_told_is_undefined_with_its_reason(found: object, reason: str) -> None:
    assert isinstance(found, Undefined)
    assert reason in found.reason


def test_the_shared_vectors_agree_to_all_their_digits() -> None:
    if not VECTORS.exists():
        pytest.skip("the shared vectors are not beside this checkout")
    known = json.loads(VECTORS.read_text())
    paper = {"skew": -3, "kurtosis_full": 10, "variance": VARIANCE}
    assert expected_best_sharpe(100, VARIANCE) == pytest.approx(known["DSR_paper"]["SR0_daily"], rel=1e-9)
    assert deflated_sharpe(**DAILY, **paper, trials=100) == pytest.approx(known["DSR_paper"]["DSR"], rel=1e-9)
    assert deflated_sharpe(**DAILY, **paper, trials=46) == pytest.approx(
        known["DSR_paper_N46"]["DSR_nonnormal"], rel=1e-9
    )
    assert probabilistic_sharpe(0.458, 24, -2.448, 10.164) == pytest.approx(known["PSR_paper"]["PSR0"], rel=1e-9)
    for name, per_year in (("daily", 252), ("weekly", 52), ("monthly", 12)):
        periods = minimum_track_record(2 / math.sqrt(per_year), 0.0, 3.0, 1 / math.sqrt(per_year))
        assert periods / per_year == pytest.approx(known["MinTRL"][name], rel=1e-6)
