"""The figures of a walk-forward by hand, and their laws."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.core.performance.undefined import Undefined
from tradewind.research.walk_forward_figures import efficiency, growth, robustness, stability

RATES = st.floats(-5.0, 5.0)
SWINGS = st.floats(0.01, 2.0)


@pytest.mark.parametrize(
    ("out", "inside", "volatility", "expected"),
    [
        (0.10, 0.40, 0.30, 0.25),  # a quarter of what was found is left
        (0.40, 0.40, 0.30, 1.0),
        (-0.20, 0.40, 0.30, -0.5),
        (0.05, 0.0, 0.20, 1.5),  # nothing was found: in units of half the volatility
        (-0.10, -0.10, 0.20, 1.0),
        (0.00, -0.10, 0.20, 2.0),
        (-0.20, -0.10, 0.20, 0.0),
    ],
)
def test_efficiency_is_the_ratio_and_goes_on_where_there_is_none(out, inside, volatility, expected):
    assert efficiency(out, inside, volatility) == pytest.approx(expected)


@given(out=RATES, more=st.floats(1e-3, 5.0), inside=RATES, volatility=SWINGS)
def test_efficiency_rises_with_what_was_earned_whatever_was_found(out, more, inside, volatility):
    assert efficiency(out + more, inside, volatility) > efficiency(out, inside, volatility)


@given(inside=RATES, volatility=SWINGS)
def test_efficiency_is_one_where_the_test_is_as_the_training(inside, volatility):
    assert efficiency(inside, inside, volatility) == pytest.approx(1.0)


@given(out=st.floats(0.0, 5.0), inside=RATES, more=st.floats(1e-3, 5.0), volatility=SWINGS)
def test_the_more_was_promised_the_less_is_a_profit_worth(out, inside, more, volatility):
    assert efficiency(out, inside + more, volatility) <= efficiency(out, inside, volatility)


@given(out=RATES, volatility=SWINGS)
def test_efficiency_does_not_jump_where_the_ratio_ends(out, volatility):
    at = volatility / 2.0
    assert efficiency(out, at * (1 - 1e-9), volatility) == pytest.approx(efficiency(out, at, volatility), abs=1e-4)


def test_an_efficiency_that_cannot_be_told_says_why():
    assert efficiency(0.1, 0.0, 0.0) == Undefined("the in-sample account did not move")
    ruined = growth(-1.2, 1.0)
    assert isinstance(ruined, Undefined)
    assert efficiency(ruined, 0.1, 0.1) is ruined
    assert growth(0.5, 0.5) == pytest.approx(2.0 * math.log(1.5))


@given(
    values=st.lists(st.integers(2, 50), min_size=2, max_size=12),
    unit=st.sampled_from([0.001, 0.5, 3.0, 1e6]),
    origin=st.floats(-1e3, 1e3),
)
def test_stability_lies_in_0_to_1_and_knows_no_unit(values, unit, origin):
    plain = stability([{"fast": v} for v in values], {"fast": (2.0, 50.0)})
    scaled = stability(
        [{"fast": v * unit + origin} for v in values], {"fast": (2.0 * unit + origin, 50.0 * unit + origin)}
    )
    assert 0.0 <= plain.overall <= 1.0
    assert scaled.overall == pytest.approx(plain.overall, abs=1e-6 + 1e-10 * abs(origin) / unit)


def test_stability_is_1_for_one_choice_and_0_for_both_ends():
    ends = {"fast": (2.0, 50.0), "slow": (10.0, 20.0)}
    found = stability([{"fast": 2, "slow": 13}, {"fast": 50, "slow": 13}], ends)
    assert found.parameters == {"fast": 0.0, "slow": 1.0}
    assert found.overall == 0.5


def test_stability_needs_two_choices_and_something_searched():
    assert isinstance(stability([{"fast": 2}], {"fast": (2.0, 50.0)}).overall, Undefined)
    assert isinstance(stability([{"fast": 2}, {"fast": 2}], {"fast": (2.0, 2.0)}).overall, Undefined)


RETURNS = np.random.default_rng(3).normal(0.004, 0.01, 250)


def test_the_score_is_the_evidence_times_the_mean_of_its_parts():
    score = robustness(RETURNS, 0.8, 0.5, 0.6)
    assert score.evidence == pytest.approx(1.0, abs=1e-3)
    assert score.score == pytest.approx(100.0 * score.evidence * (0.8 + 0.5 + 0.6) / 3.0)


def test_a_loss_scores_nothing_however_steady():
    assert robustness(-RETURNS, 1.0, 1.0, 1.0).score == 0.0


def test_more_than_was_promised_earns_no_more_and_a_loss_no_less_than_nothing():
    assert robustness(RETURNS, 0.8, 7.0, 0.6).score == robustness(RETURNS, 0.8, 1.0, 0.6).score
    assert robustness(RETURNS, 0.8, -7.0, 0.6).score == robustness(RETURNS, 0.8, 0.0, 0.6).score


def test_what_is_undefined_is_left_out_and_without_evidence_there_is_no_score():
    unknown = Undefined("fewer than two windows made a choice")
    assert robustness(RETURNS, 0.8, 0.5, unknown).score == pytest.approx(65.0, rel=1e-3)
    flat = robustness(np.zeros(100), 0.0, 0.5, 0.6)
    assert flat.score == Undefined("all returns are equal")
