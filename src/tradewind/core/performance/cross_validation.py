"""Train and test without a leak: every choice of test groups, with what touches them cut out of the training rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.errors import BadInput

Rows = NDArray[np.int64]
SPLITS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Split:
    """One way to divide the rows: numbers of the groups that test, and the rows (rising) to train and to test on."""

    groups: tuple[int, ...]
    train: Rows
    test: Rows


def combinatorial_purged_splits(
    rows: int, groups: int = 6, test_groups: int = 2, *, known_at: Rows | None = None, embargo: int = 0
) -> Iterator[Split]:
    """Every choice of `test_groups` out of `groups` successive groups of rows, in lexicographic order.

    `known_at` (rows) is the row at which each row's outcome is known, at or after itself: the last bar of a label or
    the exit of a trade; None: at once. A training row is purged where the rows from itself to its outcome touch those
    of a test group to theirs, and under embargo where it is one of the `embargo` rows after a test group's outcomes.
    Groups differ by one row at most. The training rows may come to nothing.

    Raises BadInput for numbers that do not fit. Source: Lopez de Prado, "Advances in Financial Machine Learning"
    (2018), chapters 7 and 12.
    """
    _check(rows, groups, test_groups, embargo)
    known = _known(rows, known_at)
    edges = group_edges(rows, groups)
    for choice in combinations(range(groups), test_groups):
        test = np.zeros(rows, np.bool_)
        free = np.ones(rows, np.bool_)
        for group in choice:
            first, after = int(edges[group]), int(edges[group + 1])
            last_known = int(known[first:after].max())
            test[first:after] = True
            numbers = np.arange(rows)
            free &= (known < first) | (numbers > last_known + embargo)
        yield Split(choice, np.flatnonzero(free & ~test), np.flatnonzero(test))


def group_edges(rows: int, groups: int) -> Rows:
    """First row of each group, and the number of rows at the end, shape (groups + 1,)."""
    return (np.arange(groups + 1, dtype=np.int64) * rows) // groups


def backtest_paths(groups: int, test_groups: int) -> Rows:
    """How the tested groups join into whole histories: the split's number for each (path, group).

    There are C(groups, test_groups) test_groups / groups paths; each covers every group once, and each test of a group
    belongs to exactly one path.
    """
    _check(groups, groups, test_groups, 0)
    paths = math.comb(groups, test_groups) * test_groups // groups
    table = np.empty((paths, groups), np.int64)
    used = [0] * groups
    for split, choice in enumerate(combinations(range(groups), test_groups)):
        for group in choice:
            table[used[group], group] = split
            used[group] += 1
    return table


def _check(rows: int, groups: int, test_groups: int, embargo: int) -> None:
    if not 2 <= groups <= rows:
        raise BadInput(f"{rows} rows cannot be cut into {groups} groups", fix="Use from two groups to one for each row")
    if not 1 <= test_groups < groups:
        raise BadInput(f"{test_groups} of {groups} groups cannot test", fix="At least one must test and one must train")
    if math.comb(groups, test_groups) > SPLITS_MAX:
        raise BadInput(
            f"{test_groups} of {groups} groups make {math.comb(groups, test_groups):,} splits, above {SPLITS_MAX:,}",
            fix="Use fewer groups",
        )
    if embargo < 0:
        raise BadInput(f"an embargo is zero or more rows, not {embargo}", fix="Use 0 for none")


def _known(rows: int, known_at: Rows | None) -> Rows:
    numbers = np.arange(rows, dtype=np.int64)
    if known_at is None:
        return numbers
    known = np.asarray(known_at, np.int64)
    if known.shape != (rows,):
        raise BadInput(f"outcomes have the shape {known.shape}", fix=f"Give the row at which each of {rows} is known")
    early = np.flatnonzero(known < numbers)
    if len(early):
        row = int(early[0])
        raise BadInput(
            f"the outcome of row {row} is known at row {known[row]}, before it", fix="Use rows at or after it"
        )
    return known
