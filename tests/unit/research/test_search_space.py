"""Spaces, Sobol points, objectives, limits, fronts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind import BadInput, Strategy, param
from tradewind.research.asked_space import RANGE_WORDS, space_of
from tradewind.research.bench import SCORES, Scores
from tradewind.research.judged_sets import front
from tradewind.research.objectives import HIGHER, LOWER, constraints_from, objectives_from
from tradewind.research.search_plan import plan_search
from tradewind.research.search_space import Axis, SearchSpace
from tradewind.research.searches import random, spread_evenly
from tradewind.research.sobol import DIMENSIONS_MAX, sobol


class Wide(Strategy):
    whole = param(5, low=1, high=50)
    stepped = param(0.2, low=0.1, high=0.9, step=0.1)
    smooth = param(0.5, low=0.0, high=1.0)
    switch = param(False)
    free = param(7)

    def on_bar(self, bar):
        pass


def axis(**choice):
    return space_of(Wide, choice).axes[0]


def test_what_declares_its_range_is_turned_and_what_does_not_is_left():
    found = space_of(Wide, None, ["whole"])
    assert found.names == ("stepped", "smooth", "switch")
    assert found.count is None
    assert space_of(Wide, {"whole": "1:3", "switch": [False, True]}).count == 6


@pytest.mark.parametrize(
    ("choice", "values"),
    [
        ({"whole": "5:20:5"}, (5, 10, 15, 20)),
        ({"whole": "5:21:5"}, (5, 10, 15, 20)),
        ({"whole": "3:6"}, (3, 4, 5, 6)),
        ({"whole": range(1, 4)}, (1, 2, 3)),
        ({"whole": np.array([3, 1, 3])}, (1, 3)),
        ({"whole": 9}, (9,)),
        ({"stepped": "0.1:0.5"}, (0.1, 0.2, 0.3, 0.4, 0.5)),
        ({"smooth": "0:1:0.25"}, (0.0, 0.25, 0.5, 0.75, 1.0)),
        ({"smooth": "0.3"}, (0.3,)),
        ({"switch": "true,false"}, (False, True)),
        ({"free": "1:3"}, (1, 2, 3)),
    ],
)
def test_choices_become_values_in_rising_order(choice, values):
    assert axis(**choice).values == values


def test_a_fraction_without_a_step_takes_any_value_between():
    found = axis(smooth="0.25:0.75")
    assert (found.values, found.low, found.high) == ((), 0.25, 0.75)
    assert found.at(0.5) == 0.5


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"switch": "0:1"}, "no range"),
        ({"whole": "1:2:3:4"}, "no range"),
        ({"whole": "1::3"}, "no range"),
        ({"whole": "1:9:0.5"}, "not a whole number above zero"),
        ({"smooth": "0:1:-0.1"}, "not a number above zero"),
        ({"smooth": "0:1:nan"}, "not a number above zero"),
        ({"smooth": "0:1:x"}, "is no range"),
        ({"free": "1:1000000000"}, "1,000,000,000 values"),
        ({"smooth": [2.0]}, "outside 0.0 to 1.0"),
        ({"whole": [1.5]}, "whole number"),
    ],
)
def test_choices_that_make_no_axis_are_refused(choice, said):
    with pytest.raises(BadInput) as told:
        space_of(Wide, choice)
    assert said in str(told.value)


@pytest.mark.parametrize("choice", [{"whole": "2..9"}, {"whole": "2-9"}, {"whole": "1,two"}, {"whole": "low:9"}])
def test_what_is_no_number_in_a_space_is_answered_with_how_a_space_is_written(choice):
    with pytest.raises(BadInput, match="expected a number") as told:
        space_of(Wide, choice)
    assert told.value.fix == RANGE_WORDS


def test_an_endless_list_of_values_is_refused_and_not_waited_for():
    with pytest.raises(BadInput, match="at least 1,000,001 values"):
        space_of(Wide, {"free": iter(int, 1)})


def test_a_strategy_without_ranges_says_what_to_do():
    class Bare(Strategy):
        n = param(3)

        def on_bar(self, bar):
            pass

    with pytest.raises(BadInput, match="declares its range"):
        space_of(Bare)


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=12, unique=True),
    st.lists(st.decimals(0, 1, places=3), min_size=1, max_size=8, unique=True),
)
def test_what_a_space_says_of_itself_makes_it_again(whole, smooth):
    space = space_of(Wide, {"whole": whole, "smooth": [float(x) for x in smooth]})
    said = dict(str(each).split("=") for each in space.axes)
    assert space_of(Wide, said) == space


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_every_place_of_a_grid_is_another_set(sizes):
    space = SearchSpace(tuple(Axis(f"p{i}", tuple(range(size))) for i, size in enumerate(sizes)))
    assert len({space.key(space.number(i)) for i in range(space.count)}) == space.count


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 2_000), st.integers(0, 2**63 - 1))
def test_drawn_sets_differ_and_are_as_many_as_asked_for(a, b, budget, seed):
    space = SearchSpace((Axis("a", tuple(range(a))), Axis("b", tuple(range(b)))))
    wanted = min(budget, a * b)
    drawn = random(space, seed, wanted).ask(10_000)
    assert len({space.key(one) for one in drawn}) == len(drawn) == wanted
    even = spread_evenly(space, seed, wanted).ask(10_000)
    assert len({space.key(one) for one in even}) == len(even) <= wanted


@settings(max_examples=25, deadline=None)
@given(st.integers(1, DIMENSIONS_MAX), st.integers(1, 10), st.none() | st.integers(0, 2**63 - 1))
def test_two_to_the_n_points_stand_one_in_each_stripe_of_every_dimension(dimensions, power, seed):
    count = 2**power
    points = sobol(0, count, dimensions, seed)
    assert ((points >= 0) & (points < 1)).all()
    for column in points.T:
        assert sorted(np.floor(column * count).tolist()) == list(range(count))


def test_points_are_the_same_however_they_are_asked_for():
    whole = sobol(0, 100, 5, 7)
    assert np.array_equal(np.vstack([sobol(0, 37, 5, 7), sobol(37, 63, 5, 7)]), whole)
    assert not np.array_equal(sobol(0, 100, 5, 8), whole)


def test_the_first_points_are_those_of_the_published_sequence():
    wanted = [[0, 0, 0], [0.5, 0.5, 0.5], [0.75, 0.25, 0.25], [0.25, 0.75, 0.75], [0.375, 0.375, 0.625]]
    assert sobol(0, 5, 3).tolist() == wanted


def test_too_many_dimensions_are_refused_before_anything_runs():
    space = SearchSpace(tuple(Axis(f"p{i}", tuple(range(9))) for i in range(22)))
    with pytest.raises(BadInput, match="from 1 to 21 dimensions"):
        spread_evenly(space, 1, 10)


def test_auto_tries_everything_where_that_is_little_and_draws_else():
    few, many = SearchSpace((Axis("a", (1, 2, 3)),)), SearchSpace((Axis("a", tuple(range(10_001))),))
    objectives = objectives_from(["sharpe"])
    assert plan_search(few, "auto", objectives).method == "grid"
    assert plan_search(many, "auto", objectives).method == "sobol"
    assert plan_search(few, "auto", objectives, budget=2).method == "sobol"
    with pytest.raises(BadInput, match="1,000,000,000,000,000,000 sets"):
        plan_search(SearchSpace(tuple(Axis(f"p{i}", tuple(range(1_000))) for i in range(6))), "grid", objectives)


def scores(**columns):
    count = len(next(iter(columns.values())))
    values = np.full((count, len(SCORES)), np.nan)
    for name, column in columns.items():
        values[:, SCORES.index(name)] = column
    return Scores(values, np.zeros((count, 0)), np.empty(0, np.int64), {})


def test_every_figure_has_a_direction_or_needs_one_said():
    for name in SCORES:
        if name in HIGHER or name in LOWER:
            assert objectives_from([name])[0].higher is (name in HIGHER)
        else:
            with pytest.raises(BadInput, match="neither more nor less"):
                objectives_from([name])
        assert objectives_from([f"min:{name}"]) == objectives_from([f"-{name}"])
        assert objectives_from([f"max:{name}"])[0].higher


@given(st.lists(st.floats(-2, 2) | st.just(np.nan), min_size=1, max_size=20), st.floats(-2, 2))
def test_a_limit_is_broken_exactly_where_it_is_not_kept(values, limit):
    found = scores(sharpe=values)
    for sign, keeps in ((">=", np.greater_equal), ("<=", np.less_equal), (">", np.greater), ("<", np.less)):
        broken = constraints_from([f"sharpe{sign}{limit!r}"])[0].broken(found)
        assert ((broken == 0) == keeps(values, limit)).all()
        assert (np.isinf(broken) == np.isnan(values)).all()


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=25))
def test_the_front_is_what_no_other_beats(rows):
    values = np.array(rows, float)
    beaten = [any((other >= own).all() and (other > own).any() for other in values) for own in values]
    assert front(values).tolist() == [i for i, lost in enumerate(beaten) if not lost]
