"""Relations between parameters: stated once, held wherever a strategy is made, and kept by every search."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind import BadInput, Strategy, param
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.research.asked_space import space_of
from tradewind.research.objectives import objectives_from
from tradewind.research.search_plan import plan_search

SHARPE = objectives_from(["sharpe"])


class Three(Strategy):
    fast = param(3, low=1, high=9)
    middle = param(5, low=1, high=9)
    slow = param(7, low=1, high=9)
    on = param(False)
    relations = ("fast < middle <= slow",)


class Four(Three):
    smooth = param(0.5, low=0.0, high=9.0)
    relations = "slow > smooth"


def tried(space, method, budget):
    begun = plan_search(space, method, SHARPE, (), budget).begin()
    return list(itertools.chain.from_iterable(iter(lambda: begun.ask(7), [])))


def test_values_that_break_a_relation_are_refused_where_a_strategy_is_made():
    assert Three(fast=4, middle=5, slow=5).slow == 5
    with pytest.raises(BadInput, match="Three: fast must be below middle, found fast=5 and middle=5"):
        Three(fast=5)
    with pytest.raises(BadInput, match="middle must be at most slow, found middle=9 and slow=8"):
        Four(middle=9, slow=8)
    with pytest.raises(BadInput, match=r"slow must be above smooth, found slow=7 and smooth=7\.0"):
        Four(smooth=7)


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ("fast", "one of <, <=, >, >= is missing"),
        ("fast < quick", "'quick' is no parameter of it"),
        ("fast < 3", "'3' is no parameter of it"),
        ("slow < fast", "slow must be below fast"),
    ],
)
def test_a_relation_that_cannot_be_read_or_that_the_defaults_break_is_refused_with_the_class(stated, message):
    with pytest.raises(BadInput, match=message):
        type("Wrong", (Strategy,), {"fast": param(2), "slow": param(4), "relations": (stated,)})


@pytest.mark.parametrize("method", ["grid", "random", "sobol"])
def test_a_search_tries_each_set_that_is_allowed_once_and_no_other(method):
    space = space_of(Three, {"fast": "1:9", "middle": "1:9", "on": [False, True]}, {"slow": 6})
    wanted = {(f, m, on) for f, m, on in itertools.product(range(1, 10), range(1, 10), (False, True)) if f < m <= 6}
    found = tried(space, method, None if method == "grid" else 1_000)
    assert len(found) == len(wanted) == space.allowed
    assert {(one["fast"], one["middle"], one["on"]) for one in found} == wanted
    some = [] if method == "grid" else tried(space, method, 5)
    assert all((one["fast"], one["middle"], one["on"]) in wanted for one in some)
    assert len(some) == (0 if method == "grid" else 5)


def test_a_search_among_fractions_keeps_to_the_relations():
    space = space_of(Four, {"smooth": "0.0:1.0", "slow": "1:3", "middle": "1:3", "fast": "1:3"})
    assert space.allowed is None
    found = tried(space, "sobol", 40)
    assert len(found) == 40
    for one in found:
        Four(**one)


def test_a_space_of_which_no_set_is_allowed_is_refused():
    with pytest.raises(BadInput, match="none of the 4 sets has fast < middle <= slow"):
        space_of(Three, {"fast": [7, 8], "middle": [5, 6]})
    with pytest.raises(BadInput, match="none of the 2 sets has fast < slow"):
        space_of(STRATEGIES["sma_cross"], {"fast": [50, 60]}, {"slow": "40"})


@given(st.lists(st.integers(1, 9), min_size=3, max_size=3))
def test_a_relation_holds_of_numbers_as_it_is_written(numbers):
    fast, middle, slow = numbers
    values = {"fast": fast, "middle": middle, "slow": slow}
    relation = Three.related[0]
    held = fast < middle <= slow
    assert relation.holds(values) == held
    assert (relation.broken(values) == "") == held
    assert str(relation) == "fast < middle <= slow"
