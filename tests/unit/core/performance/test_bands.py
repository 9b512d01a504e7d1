"""Percentiles over paths, and how sure a share of paths is."""

import numpy as np
import pytest

from tradewind.core.performance.bands import Band, band, curves, probability
from tradewind.core.performance.undefined import Undefined


def test_a_band_holds_three_percentiles() -> None:
    assert band(np.arange(101.0), "nothing") == Band(5.0, 50.0, 95.0)


def test_a_few_paths_without_the_figure_are_left_out_and_counted() -> None:
    values = np.arange(1_001.0)
    values[-10:] = np.nan
    assert band(values, "no losing trade").missing == 10


def test_many_paths_without_the_figure_leave_the_band_undefined() -> None:
    values = np.arange(1_000.0)
    values[:11] = np.nan
    assert band(values, "no losing trade") == Undefined("no losing trade on 11 of 1,000 paths")
    assert band(np.full(5, np.nan), "no losing trade") == Undefined("no losing trade on 5 of 5 paths")


def test_a_number_that_cannot_be_written_is_no_band() -> None:
    assert band(np.array([1.0, np.inf, np.inf]), "nothing") == Undefined("the numbers are too large to be written")


def test_curves_are_the_percentiles_of_every_mark() -> None:
    values = np.random.default_rng(1).normal(size=(4, 333))
    assert curves(values) == pytest.approx(np.quantile(values, [0.05, 0.5, 0.95], axis=1), rel=1e-12)


def test_what_never_happened_is_not_impossible() -> None:
    never, always = probability(0, 10_000), probability(10_000, 10_000)
    assert (never.share, never.low) == (0.0, 0.0)
    assert never.high == pytest.approx(3.84e-4, rel=1e-2)
    assert (always.share, always.high) == (1.0, 1.0)
    assert always.low == pytest.approx(1 - never.high, rel=1e-12)


def test_the_bounds_of_a_share_are_wilsons() -> None:
    # 81 of 263, the example of Newcombe, Statistics in Medicine 17, 1998, table I: 0.2553 to 0.3662.
    found = probability(81, 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)
    assert str(probability(1, 4)) == "25.00% (4.56% to 69.94%)"


def test_the_bounds_hold_the_true_share_about_as_often_as_they_promise() -> None:
    hits = np.random.default_rng(2).binomial(400, 0.1, size=2_000)
    held = [(p := probability(int(h), 400)).low <= 0.1 <= p.high for h in hits]
    assert 0.93 < np.mean(held) < 0.97
