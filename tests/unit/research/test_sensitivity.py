"""Plateau or peak."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.core.performance.undefined import Undefined
from tradewind.research.search_space import Axis, SearchSpace
from tradewind.research.sensitivity import places, sensitivity

GRID = SearchSpace((Axis("a", tuple(range(0, 110, 10))), Axis("b", (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024))))
SETS = [GRID.number(i) for i in range(121)]
AT = places(GRID, SETS)


def judged(score):
    score = np.asarray(score, float)
    ranked = np.argsort(-np.where(np.isnan(score), -np.inf, score), kind="stable")
    return sensitivity(GRID, SETS, score, ranked[: int((~np.isnan(score)).sum())])


def hill(width):
    return np.exp(-((AT[:, 0] - 0.5) ** 2 + (AT[:, 1] - 0.5) ** 2) / (2 * width**2))


def test_values_stand_evenly_in_their_order_whatever_their_unit():
    assert AT[0].tolist() == [0.0, 0.0]
    assert AT[-1].tolist() == [1.0, 1.0]
    assert np.unique(AT[:, 1]) == pytest.approx(np.linspace(0, 1, 11))


def test_a_broad_hill_is_a_plateau_and_a_needle_is_a_peak():
    broad, narrow = judged(hill(0.6)), judged(hill(0.05))
    assert broad.near == narrow.near == 8
    assert broad.kept > 0.8
    assert narrow.kept < 0.2
    needle = np.zeros(121)
    needle[60] = 1.0
    assert judged(needle).kept == 0.0


def test_the_fall_is_told_ring_by_ring_and_loses_no_set():
    found = judged(hill(0.3))
    assert sum(ring.sets for ring in found.rings) == 120
    kept = [ring.kept for ring in found.rings]
    assert kept == sorted(kept, reverse=True)
    assert kept[0] < 1.0


def test_a_set_without_a_score_counts_as_worse_than_all_others():
    score = hill(0.6)
    around = [i for i in range(121) if 0 < abs(AT[i] - AT[60]).max() < 0.11]
    score[around[:3]] = math.nan
    some = judged(score)
    assert some.scoreless == 3
    typical = np.sort(score[~np.isnan(score)])[58]
    # Three worst ones and five known ones: the lower median of the eight is the lowest that is known.
    assert some.kept == pytest.approx((score[around[3:]].min() - typical) / (1.0 - typical))
    score[around[:5]] = math.nan
    assert judged(score).kept == Undefined("most sets near it have no score")


def test_the_middle_of_the_plateau_is_not_the_needle_beside_it():
    score = hill(0.3)
    needle = 10 * 11 + 10
    score[needle] = 1.5
    found = judged(score)
    assert found.centre == 60
    assert judged(hill(0.3)).centre == 60


def test_sets_whose_switches_differ_are_not_near_each_other():
    space = SearchSpace((Axis("a", tuple(range(11))), Axis("on", (False, True))))
    sets = [space.number(i) for i in range(22)]
    score = np.array([float(one["a"] == 5) if one["on"] else 5.0 - abs(one["a"] - 5) for one in sets])
    found = sensitivity(space, sets, score, np.argsort(-score, kind="stable"))
    assert found.near == 2
    assert found.kept == pytest.approx((4.0 - found.typical) / (5.0 - found.typical))


def test_one_set_beside_the_best_says_nothing():
    space = SearchSpace((Axis("a", (1, 2, 3, 4)),))
    found = sensitivity(space, [{"a": a} for a in (1, 2, 3, 4)], np.array([4.0, 3.0, 2.0, 1.0]), np.array([0, 1, 2, 3]))
    assert found.kept == Undefined("1 set was tried near it, and at least 2 are needed")


def test_where_the_search_crowded_counts_no_more_than_where_it_did_not():
    space = SearchSpace((Axis("a", (), 0.0, 1.0),))
    even = [{"a": a} for a in np.linspace(0.005, 0.995, 100).tolist()]
    crowd = [{"a": a} for a in np.linspace(0.48, 0.52, 400).tolist()]

    def judged_hill(sets, crowded):
        score = np.array([math.exp(-(((one["a"] - 0.5) / 0.3) ** 2)) for one in sets])
        return sensitivity(space, sets, score, np.argsort(-score, kind="stable"), crowded)

    fair = judged_hill(even, False)
    assert judged_hill(even + crowd, True).typical == pytest.approx(fair.typical, abs=0.1)
    assert judged_hill(even + crowd, False).typical > fair.typical + 0.2
    assert judged_hill(even, True) == fair


@pytest.mark.parametrize(
    ("score", "said"),
    [(np.ones(121), "no better than the typical one"), (np.full(121, np.nan), "no set may win")],
)
def test_what_has_no_peak_has_no_plateau(score, said):
    assert said in judged(score).reason


@given(st.lists(st.integers(-5, 5), min_size=121, max_size=121), st.integers(-100, 100), st.sampled_from([0.25, 2, 8]))
def test_shifting_and_stretching_the_score_changes_nothing(score, shift, stretch):
    one, other = judged(score), judged(np.asarray(score) * stretch + shift)
    if isinstance(one, Undefined):
        assert isinstance(other, Undefined)
    else:
        assert (one.kept, one.rings, one.centre) == (other.kept, other.rings, other.centre)
