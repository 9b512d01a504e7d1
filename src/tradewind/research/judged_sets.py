"""Which of the sets that were tried is best, which cannot be, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.research.bench import Scores
from tradewind.research.objectives import Constraint, Objective

Numbers = NDArray[np.int64]
WANTED = ", wanted "
"""Before a limit, in the reason why a set that breaks it is out."""


@dataclass(frozen=True)
class JudgedSets:
    """`ranked` are the sets that may win, best first (with several objectives: those that none beats in all of them).

    `out` says of every other set that could have been there why it may not win: it failed, an objective is undefined,
    a limit is broken. `best` is a set's number, or None and `why_none` says why.
    """

    ranked: Numbers
    out: Mapping[int, str]
    best: int | None
    why_none: str


def goals(scores: Scores, objectives: Sequence[Objective]) -> NDArray[np.float64]:
    """What is to be raised, shape (sets, objectives): NaN where undefined."""
    return np.column_stack([objective.values(scores) for objective in objectives])


def excess(scores: Scores, constraints: Sequence[Constraint]) -> NDArray[np.float64]:
    """By how much limits are broken, shape (sets, constraints): 0 where kept."""
    broken = [constraint.broken(scores) for constraint in constraints]
    return np.column_stack(broken) if broken else np.zeros((len(scores), 0))


def judge(scores: Scores, objectives: Sequence[Objective], constraints: Sequence[Constraint]) -> JudgedSets:
    """Rank the sets. Of equal ones the earlier stands first."""
    values, broken = goals(scores, objectives), excess(scores, constraints)
    out: dict[int, str] = {}
    for number in np.flatnonzero(np.isnan(values).any(axis=1) | (broken > 0).any(axis=1)).tolist():
        out[number] = _why(number, scores, objectives, constraints, values, broken)
    may = np.array([number for number in range(len(scores)) if number not in out], np.int64)
    if len(may) == 0:
        return JudgedSets(may, out, None, _nothing(len(scores), out))
    if len(objectives) == 1:
        ranked = may[np.argsort(-values[may, 0], kind="stable")]
        return JudgedSets(ranked, out, int(ranked[0]), "")
    ranked = may[front(values[may])]
    ranked = ranked[np.argsort(-values[ranked, 0], kind="stable")]
    if len(ranked) == 1:
        return JudgedSets(ranked, out, int(ranked[0]), "")
    names = " and ".join(str(objective) for objective in objectives)
    return JudgedSets(ranked, out, None, f"{len(ranked):,} sets are each best at some balance of {names}: choose one")


def front(values: NDArray[np.float64]) -> Numbers:
    """The rows (sets, objectives) that no other row equals or exceeds everywhere and exceeds somewhere: Pareto's front.

    Rows that are equal stay together. In order.
    """
    order = np.lexsort(-values.T[::-1])
    kept = np.empty((0, values.shape[1]))
    chosen: list[int] = []
    for number in order.tolist():
        row = values[number]
        # Sorted by the first objective, then the others, a row can be beaten only by one before it.
        beaten = (kept >= row).all(axis=1) & (kept > row).any(axis=1)
        if not beaten.any():
            kept = np.vstack([kept, row])
            chosen.append(number)
    return np.sort(np.array(chosen, np.int64))


def _why(
    number: int,
    scores: Scores,
    objectives: Sequence[Objective],
    constraints: Sequence[Constraint],
    values: NDArray[np.float64],
    broken: NDArray[np.float64],
) -> str:
    if number in scores.failed:
        return scores.failed[number]
    for objective, value in zip(objectives, values[number], strict=True):
        if np.isnan(value):
            return f"{objective.metric} is undefined{_because(scores, number, objective.metric)}"
    for constraint, by in zip(constraints, broken[number], strict=True):
        if by > 0:
            found = scores.metric(constraint.metric)[number]
            said = "undefined" if np.isnan(found) else f"{found:.6g}"
            return f"{constraint.metric} is {said}{WANTED}{constraint}"
    raise AssertionError("a set is out for a reason")


def _because(scores: Scores, number: int, metric: str) -> str:
    if scores.metric("trades")[number] == 0:
        return ": it never traded"
    reason = scores.undefined.get(number, {}).get(metric)
    return f": {reason}" if reason else ""


def _nothing(count: int, out: Mapping[int, str]) -> str:
    """Nothing may win: the reasons, commonest first, without the figures in which they differ."""
    reasons = reasons_of(out)
    most = "; ".join(f"{len(numbers):,} x {reason}" for reason, numbers in list(reasons.items())[:3])
    more = f"; and {len(reasons) - 3} more reasons" if len(reasons) > 3 else ""
    none = "the one set may not win" if count == 1 else f"none of the {count:,} sets may win"
    return f"{none}: {most}{more}"


def reasons_of(out: Mapping[int, str]) -> dict[str, list[int]]:
    """Sets by why they are out, commonest first. A broken limit is one reason, whatever the figure was."""
    found: dict[str, list[int]] = {}
    for number, text in out.items():
        found.setdefault(f"wanted {text.partition(WANTED)[2]}" if WANTED in text else text, []).append(number)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))
