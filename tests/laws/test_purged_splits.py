"""Laws of purged cross-validation: nothing that trains knows of what is tested, and every row has its turn."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.core.performance.cross_validation import backtest_paths, combinatorial_purged_splits, group_edges


@st.composite
def cases(draw: st.DrawFn) -> tuple[int, int, int, np.ndarray, int]:
    groups = draw(st.integers(2, 7))
    tests = draw(st.integers(1, groups - 1))
    rows = draw(st.integers(groups, 60))
    reach = draw(st.lists(st.integers(0, 12), min_size=rows, max_size=rows))
    known = np.minimum(np.arange(rows) + np.array(reach), rows - 1)
    return rows, groups, tests, known, draw(st.integers(0, 5))


@settings(max_examples=120, deadline=None)
@given(cases())
def test_no_training_row_touches_a_tested_outcome(case: tuple[int, int, int, np.ndarray, int]) -> None:
    rows, groups, tests, known, embargo = case
    edges = group_edges(rows, groups)
    for split in combinatorial_purged_splits(rows, groups, tests, known_at=known, embargo=embargo):
        spans = [(edges[g], known[edges[g] : edges[g + 1]].max()) for g in split.groups]
        for row in range(rows):
            # Written out from the definition: an interval that meets a tested span, or begins in an embargo after it.
            meets = any(known[row] >= first and row <= last for first, last in spans)
            barred = any(last < row <= last + embargo for _, last in spans)
            assert (row in split.train) == (not meets and not barred)
        assert not set(split.train.tolist()) & set(split.test.tolist())


@settings(max_examples=60, deadline=None)
@given(cases())
def test_every_row_is_tested_once_on_every_path(case: tuple[int, int, int, np.ndarray, int]) -> None:
    rows, groups, tests, known, embargo = case
    edges = group_edges(rows, groups)
    splits = list(combinatorial_purged_splits(rows, groups, tests, known_at=known, embargo=embargo))
    for path in backtest_paths(groups, tests):
        seen = np.zeros(rows, np.int64)
        for group, number in enumerate(path):
            assert group in splits[number].groups
            seen[edges[group] : edges[group + 1]] += 1
        assert (seen == 1).all()
