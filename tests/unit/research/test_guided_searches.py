"""Searches that learn: they are asked and told by hand here, without a market."""

import numpy as np
import pytest

from tradewind import BadInput
from tradewind.research import guided_searches
from tradewind.research.guided_searches import guided
from tradewind.research.search_space import Axis, SearchSpace
from tradewind.research.searches import random

STEPS = SearchSpace((Axis("a", tuple(range(100))), Axis("b", tuple(range(100))), Axis("x", (), 0.0, 1.0)))
TOP = {"a": 70, "b": 20, "x": 0.4}


def height(one):
    """A hill with its top at TOP, 0 there."""
    return -sum(((one[name] - top) / (1.0 if name == "x" else 100.0)) ** 2 for name, top in TOP.items())


def searched(search, score=lambda one: [height(one)], broken=lambda _: []):
    tried = []
    while asked := search.ask(16):
        tried += asked
        over = np.array([broken(one) for one in asked], float).reshape(len(asked), -1)
        search.tell(asked, np.array([score(one) for one in asked], float), over)
    return tried


@pytest.mark.parametrize("method", ["tpe", "cma-es"])
def test_what_learns_comes_closer_than_what_draws_by_chance(method):
    learnt = [max(map(height, searched(guided(method, STEPS, 150, 1, seed)))) for seed in range(5)]
    drawn = [max(map(height, searched(random(STEPS, seed, 150)))) for seed in range(5)]
    assert np.median(learnt) > np.median(drawn) / 2


def share_outside(tried):
    """Of the second half: by chance it would be 0.7."""
    late = tried[len(tried) // 2 :]
    return sum(one["a"] >= 30 for one in late) / len(late)


@pytest.mark.parametrize("method", ["tpe", "cma-es"])
def test_what_has_no_score_repels(method):
    def score(one):
        return [height(one) if one["a"] < 30 else np.nan]

    shares = [share_outside(searched(guided(method, STEPS, 160, 1, seed), score)) for seed in range(5)]
    assert np.median(shares) < 0.5


@pytest.mark.parametrize(("method", "objectives"), [("tpe", 1), ("tpe", 2), ("cma-es", 1)])
def test_a_broken_limit_repels(method, objectives):
    def score(one):
        return [height(one), -abs(one["b"] - 60)][:objectives]

    def broken(one):
        return [max(0, one["a"] - 29)]

    shares = [share_outside(searched(guided(method, STEPS, 160, objectives, seed), score, broken)) for seed in range(5)]
    assert np.median(shares) < 0.5


@pytest.mark.parametrize("method", ["tpe", "cma-es"])
def test_a_small_space_is_tried_whole_or_the_search_comes_to_rest(method):
    small = SearchSpace((Axis("a", (1, 2, 3)), Axis("on", (False, True))))
    tried = searched(guided(method, small, 6, 1, 1), lambda one: [one["a"] + one["on"]])
    assert len({small.key(one) for one in tried}) == len(tried) <= 6
    assert {"a": 3, "on": True} in tried


def test_nothing_but_undefined_scores_ends_all_the_same():
    for method in ("tpe", "cma-es"):
        assert len(searched(guided(method, STEPS, 60, 1, 1), lambda _: [np.nan])) == 60


def test_a_package_that_is_missing_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setattr(guided_searches, "find_spec", lambda name: None if name == "cmaes" else object())
    with pytest.raises(BadInput, match=r"needs the package cmaes.*pip install 'tradewind\[optimize\]'"):
        guided("cma-es", STEPS, 10, 1, 1)


def test_nobody_hears_of_optuna(capfd):
    searched(guided("tpe", STEPS, 16, 1, 1))
    heard = capfd.readouterr()
    assert heard.out == heard.err == ""
