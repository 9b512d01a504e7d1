"""Cross-validation of a search: a choice hangs on its training days only, and the tests join to whole histories."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_walk_forward_laws import replaced_from
from walk_forward_examples import SPACE, BuyDips, noise, returning

from tradewind.core.performance.cross_validation import backtest_paths, group_edges
from tradewind.research.bench import Bench
from tradewind.research.cross_validated import cross_validate

BARS = returning(seed=1, n=2_400)
FEW = {"period": [10, 20, 40], "entry": [0.5, 1.5]}
SLOW = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SLOW
@given(seed=st.integers(0, 2**32), groups=st.integers(2, 6), gap=st.sampled_from([0, "2d"]))
def test_the_last_group_has_no_say_in_what_is_chosen_for_it(kernels, seed, groups, gap):
    asked = {"groups": groups, "test_groups": 1, "purge": gap, "embargo": gap, "space": FEW, "cache": kernels}
    before = cross_validate(BuyDips, BARS, **asked)
    first = int(np.searchsorted(BARS.time, before.time[group_edges(len(before.time), groups)[-2] - 1])) + 1
    after = cross_validate(BuyDips, replaced_from(BARS, first, seed), **asked)
    old, new = before.splits[-1], after.splits[-1]
    assert old.groups == new.groups == (groups - 1,)
    assert (old.chosen, old.sharpe_in, old.trained) == (new.chosen, new.sharpe_in, new.trained)
    assert old.sharpe_out != new.sharpe_out, "the other market reached the test"


@SLOW
@given(groups=st.integers(3, 7), tested=st.integers(1, 2))
def test_each_day_of_a_path_is_what_the_choice_made_without_it_earned(kernels, groups, tested):
    found = cross_validate(BuyDips, BARS, groups=groups, test_groups=tested, space=FEW, cache=kernels)
    scores = Bench(BuyDips, BARS, cache=kernels).score(found.sets)
    edges = group_edges(len(found.time), groups)
    table = backtest_paths(groups, tested)
    assert found.paths.shape == (len(table), len(found.time))
    for path, row in zip(found.paths, table.tolist(), strict=True):
        for group, number in enumerate(row):
            split = found.splits[number]
            assert group in split.groups
            days = slice(edges[group], edges[group + 1])
            assert np.array_equal(path[days], scores.returns[split.chosen, days])


def test_gaps_take_days_off_the_training_only(kernels):
    plain = cross_validate(BuyDips, BARS, groups=5, space=FEW, cache=kernels)
    gaps = cross_validate(BuyDips, BARS, groups=5, purge=30, embargo="3d", space=FEW, cache=kernels)
    assert (gaps.purge, gaps.embargo) == (2, 3)
    for old, new in zip(plain.splits, gaps.splits, strict=True):
        assert old.tested == new.tested
        assert new.trained < old.trained == len(plain.time) - old.tested


def test_luck_loses_on_some_path_and_an_edge_on_none(kernels):
    asked = {"groups": 8, "space": SPACE, "embargo": "2d", "cache": kernels}
    lucky = [float(cross_validate(BuyDips, noise(seed), **asked).losing) for seed in range(6)]
    edges = [cross_validate(BuyDips, returning(seed), **asked) for seed in range(6)]
    assert np.mean(lucky) > 0.4
    assert {found.losing for found in edges} == {0.0}
    assert all(found.median > 2.0 for found in edges)
    assert edges[0].sharpe == pytest.approx(
        [p.mean() / p.std(ddof=1) * np.sqrt(365.0) for p in edges[0].paths], rel=1e-9
    )
