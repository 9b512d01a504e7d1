"""Combinatorial purged cross-validation: the book's counts, and what is cut out where outcomes reach forward."""

import math

import numpy as np
import pytest

from tradewind.core.domain.errors import BadInput
from tradewind.core.performance.cross_validation import backtest_paths, combinatorial_purged_splits, group_edges


def test_six_groups_of_which_two_test_make_fifteen_splits_and_five_paths() -> None:
    # Lopez de Prado (2018), chapter 12: N = 6, k = 2.
    splits = list(combinatorial_purged_splits(60, 6, 2))
    assert len(splits) == 15
    assert splits[0].groups == (0, 1)
    assert splits[0].test.tolist() == list(range(20))
    assert splits[0].train.tolist() == list(range(20, 60))
    assert backtest_paths(6, 2).shape == (5, 6)


@pytest.mark.parametrize(("groups", "test_groups"), [(6, 2), (5, 1), (8, 3), (4, 3)])
def test_each_path_covers_every_group_once_and_uses_each_test_once(groups: int, test_groups: int) -> None:
    splits = list(combinatorial_purged_splits(groups * 3, groups, test_groups))
    paths = backtest_paths(groups, test_groups)
    assert len(paths) == math.comb(groups, test_groups) * test_groups // groups
    used = [(int(split), group) for path in paths for group, split in enumerate(path)]
    assert len(set(used)) == len(used) == len(splits) * test_groups
    assert all(group in splits[split].groups for split, group in used)


def test_a_row_whose_outcome_reaches_into_a_test_group_does_not_train() -> None:
    known = np.minimum(np.arange(30) + 3, 29)
    split = list(combinatorial_purged_splits(30, 3, 1, known_at=known))[1]
    assert split.test.tolist() == list(range(10, 20))
    # Rows 7 to 9 are known inside the test; rows 20 to 22 begin before the test's last outcome is known.
    assert split.train.tolist() == [*range(7), *range(23, 30)]


def test_an_embargo_takes_the_rows_after_a_test_group_and_none_before() -> None:
    split = list(combinatorial_purged_splits(30, 3, 1, embargo=4))[1]
    assert split.train.tolist() == [*range(10), *range(24, 30)]


def test_a_row_that_spans_a_whole_test_group_does_not_train() -> None:
    known = np.arange(30)
    known[5] = 25
    split = list(combinatorial_purged_splits(30, 3, 1, known_at=known))[1]
    assert 5 not in split.train
    assert 4 in split.train


def test_groups_differ_by_one_row_at_most() -> None:
    sizes = np.diff(group_edges(103, 8))
    assert sizes.sum() == 103
    assert sizes.max() - sizes.min() == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: combinatorial_purged_splits(5, 6, 2), "5 rows cannot be cut into 6 groups"),
        (lambda: combinatorial_purged_splits(50, 1, 1), "50 rows cannot be cut into 1 groups"),
        (lambda: combinatorial_purged_splits(50, 6, 6), "6 of 6 groups cannot test"),
        (lambda: combinatorial_purged_splits(50, 6, 0), "0 of 6 groups cannot test"),
        (lambda: combinatorial_purged_splits(50, 30, 15), "155,117,520 splits, above 10,000"),
        (lambda: combinatorial_purged_splits(50, 6, 2, embargo=-1), "an embargo is zero or more"),
        (lambda: combinatorial_purged_splits(50, 6, 2, known_at=np.arange(49)), "the row at which each of 50 is known"),
        (
            lambda: combinatorial_purged_splits(50, 6, 2, known_at=np.zeros(50, np.int64)),
            "the outcome of row 1 is known",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, message: str) -> None:
    with pytest.raises(BadInput) as refused:
        list(call())
    assert message in str(refused.value)
