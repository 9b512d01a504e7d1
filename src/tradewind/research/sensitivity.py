"""Plateau or peak: how fast the result falls around the best set.

Each parameter's values stand evenly between 0 and 1 in their order, so no unit matters; the distance of two sets is the
largest difference in any parameter. A switch has no nearness: sets whose switches differ are not near each other.

    kept = (median score of the near sets - typical score) / (best score - typical score)

with the median of all sets as the typical score. 1 is a flat plateau; 0 a lone peak, around which sets are no better
than anywhere; below 0 they are worse. It stays the same when the score is shifted or stretched. A set without a score
counts as worse than all others.

A search that learns crowds where it is good, and its typical set would be a good one. There every cell of the space, a
tenth of each range wide, counts once, however many sets were tried in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance.undefined import Figure, Undefined
from tradewind.research.search_space import Axis, SearchSpace

Array = NDArray[np.float64]
REACH = 0.1
"""Near is what lies within this share of every parameter's range, and the next value in any case."""
NEAR_MIN = 2
RINGS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 1.0)
CENTRES_MAX = 400
"""So many of the best sets are considered as the middle of a plateau."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class Ring:
    """Sets at a distance above `inner` and up to `outer` from the best: how many, and what is kept of its lead."""

    inner: float
    outer: float
    sets: int
    kept: float


@dataclass(frozen=True)
class Sensitivity:
    """`near` sets around the best, `scoreless` of them without a score; `kept` of its lead, and by distance (`rings`).

    `centre` is the set in the middle of the best plateau: among the best sets the one whose near sets, itself included,
    have the highest median score, `centre_score`. None where too few sets were tried near any of them.
    """

    typical: float
    near: int
    scoreless: int
    kept: Figure
    rings: tuple[Ring, ...]
    centre: int | None
    centre_score: float


def sensitivity(
    space: SearchSpace,
    sets: Sequence[Mapping[str, Any]],
    score: Array,
    ranked: NDArray[np.int64],
    crowded: bool = False,
) -> Sensitivity | Undefined:
    """Judge what lies around the best set, `ranked[0]`. `score` (sets,) is higher where better, NaN where undefined.

    `crowded`: the sets do not stand evenly, and cells are counted. Undefined where no set may win, or the best one is
    not above the typical one.
    """
    if len(ranked) == 0:
        return Undefined("no set may win")
    best = int(ranked[0])
    at = places(space, sets)
    weight = _thinned(at) if crowded else np.ones(len(sets))
    scored = ~np.isnan(score)
    typical = _lower_median(score[scored], weight[scored])
    lead = float(score[best]) - typical
    if not lead > ROUNDING * abs(typical):
        return Undefined("the best set is no better than the typical one")
    switches = np.array([is_switch(axis) for axis in space.axes])
    known = np.where(np.isnan(score), -np.inf, score)
    apart = np.abs(at - at[best])
    beside = _beside(apart, space.axes, switches)
    beside[best] = False
    near = known[beside]
    kept: Figure = Undefined(f"{_sets(len(near))} tried near it, and at least {NEAR_MIN} are needed")
    if len(near) >= NEAR_MIN:
        middle = _lower_median(near, weight[beside])
        kept = Undefined("most sets near it have no score") if np.isinf(middle) else (middle - typical) / lead
    centre, centre_score = _centre(space.axes, at, switches, known, weight, ranked[:CENTRES_MAX])
    return Sensitivity(
        typical,
        len(near),
        int(np.isinf(near).sum()),
        kept,
        _rings(apart, switches, known, weight, typical, lead, best),
        centre,
        centre_score,
    )


def places(space: SearchSpace, sets: Sequence[Mapping[str, Any]]) -> Array:
    """Where the sets stand, shape (sets, axes), from 0 to 1: by the order of the values, whatever their unit."""
    columns = []
    for axis in space.axes:
        if axis.values:
            order = {value: i / max(1, len(axis.values) - 1) for i, value in enumerate(axis.values)}
            columns.append([order[one[axis.name]] for one in sets])
        else:
            columns.append([axis.place(one[axis.name]) for one in sets])
    return np.array(columns, np.float64).T.reshape(len(sets), len(space.axes))


def is_switch(axis: Axis) -> bool:
    """Whether an axis is a yes or no."""
    return bool(axis.values) and isinstance(axis.values[0], bool)


def _reach(axis: Axis) -> float:
    step = 1.0 / (len(axis.values) - 1) if len(axis.values) > 1 else 0.0
    return max(REACH, step) + ROUNDING


def _beside(apart: Array, axes: Sequence[Axis], switches: NDArray[np.bool_]) -> NDArray[np.bool_]:
    reach = np.where(switches, ROUNDING, [_reach(axis) for axis in axes])
    return np.array((apart <= reach).all(axis=1), np.bool_)


def _rings(
    apart: Array, switches: NDArray[np.bool_], known: Array, weight: Array, typical: float, lead: float, best: int
) -> tuple[Ring, ...]:
    same = np.array((apart[:, switches] <= ROUNDING).all(axis=1), np.bool_)
    same[best] = False
    distance = apart[:, ~switches].max(axis=1, initial=0.0)
    found = []
    for inner, outer in zip((0.0, *RINGS), RINGS, strict=False):
        inside = same & (distance > inner + ROUNDING) & (distance <= outer + ROUNDING)
        middle = _lower_median(known[inside], weight[inside]) if inside.any() else -np.inf
        if np.isfinite(middle):
            found.append(Ring(inner, outer, int(inside.sum()), float((middle - typical) / lead)))
    return tuple(found)


def _centre(
    axes: Sequence[Axis],
    at: Array,
    switches: NDArray[np.bool_],
    known: Array,
    weight: Array,
    candidates: NDArray[np.int64],
) -> tuple[int | None, float]:
    centre, highest = None, -np.inf
    for number in candidates.tolist():
        near = _beside(np.abs(at - at[number]), axes, switches)
        if near.sum() > NEAR_MIN and (middle := _lower_median(known[near], weight[near])) > highest:
            centre, highest = number, middle
    return centre, highest


def _sets(count: int) -> str:
    return f"{count} set{'s were' if count != 1 else ' was'}"


def _thinned(at: Array) -> Array:
    """For each set one over the number of sets in its cell."""
    _, cell, count = np.unique(np.floor(at / REACH + ROUNDING), axis=0, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / count[cell.ravel()], np.float64)


def _lower_median(values: Array, weight: Array) -> float:
    """The lowest value that, with those below it, has half of the weight: a score that some set has."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    return float(values[order[np.searchsorted(reached, reached[-1] / 2 * (1 - ROUNDING))]])
