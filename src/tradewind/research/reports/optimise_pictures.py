"""The pictures of a search: two parameters against each other, all of them side by side, the fall around the best."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance.undefined import Undefined
from tradewind.research.optimised import Optimised
from tradewind.research.reports import charts
from tradewind.research.reports.study import Pair, Part, Picture, Text
from tradewind.research.reports.svg import short
from tradewind.research.reports.wording import label_of, metric, percent
from tradewind.research.search_space import Axis, Value
from tradewind.research.sensitivity import Sensitivity

Array = NDArray[np.float64]
PAIRS_MAX = 6
FALL_SHOWN = -1.0
"""Far away sets may be many leads worse; drawn as they are, they would flatten what is near."""
CELLS_MAX = 24
"""Values of a parameter that a map shows; more are put into so many groups, fewer where there are few sets."""


def shown_score(found: Optimised) -> Array:
    """The first objective as it is read, not turned."""
    return found.scores.metric(found.plan.objectives[0].metric)


def written_score(found: Optimised) -> Callable[[float], str]:
    """How the first objective is written."""
    name = found.plan.objectives[0].metric
    return lambda value: metric(name, value, "")


def maps(found: Optimised) -> list[Part]:
    """A map for each pair of parameters: the median score of the sets that share the two values."""
    moving = [axis for axis in found.plan.space.axes if axis.count != 1]
    every = list(combinations(moving, 2))
    pairs = every[:PAIRS_MAX]
    score, name = shown_score(found), label_of(found.plan.objectives[0].metric)
    parts: list[Picture] = []
    for first, second in pairs:
        columns, x = _grouped(first, found)
        rows, y = _grouped(second, found)
        table = np.full((len(y), len(x)), np.nan)
        for i, j in {*zip(rows.tolist(), columns.tolist(), strict=True)}:
            known = score[(rows == i) & (columns == j)]
            known = known[~np.isnan(known)]
            table[i, j] = np.median(known) if len(known) else np.nan
        mark = None if found.best is None else (int(rows[found.best]), int(columns[found.best]))
        joined = [axis.name for axis, names in ((first, x), (second, y)) if len(names) != axis.count]
        over = [*(["the other parameters"] if len(moving) > 2 else []), *(["the sets of a cell"] if joined else [])]
        others = f" (the median over {' and '.join(over)})" if over else ""
        groups = f"; {' and '.join(joined)} in groups, each named by its lowest value" if joined else ""
        title = f"{name} by {first.name} and {second.name}"
        drawing = charts.heatmap(
            title, x, y, table, mark=mark, mark_name="best set", across=first.name, up=second.name,
            written=written_score(found),
        )  # fmt: skip
        parts.append(Picture(drawing, f"{name} of the sets tried{others}{groups}; hatched: none, or undefined.", title))
    if len(parts) < 2:
        return list(parts)
    left = len(every) - len(pairs)
    said = [Text(f"{len(pairs)} of the {len(every)} pairs are drawn; every set is in sets.csv.")] if left else []
    return [*(Pair(tuple(parts[i : i + 2])) for i in range(0, len(parts), 2)), *said]


def _grouped(axis: Axis, found: Optimised) -> tuple[NDArray[np.int64], list[object]]:
    """Of each set its group along the axis, and what each group is called: its only value or its lowest."""
    # Drawn sets leave cells empty unless there are several sets for each.
    room = CELLS_MAX if found.plan.method == "grid" else min(CELLS_MAX, max(4, int(np.sqrt(len(found.sets)) / 2)))
    values = [one[axis.name] for one in found.sets]
    if axis.values:
        order = {value: i for i, value in enumerate(axis.values)}
        by = -(-len(axis.values) // room)
        return np.array([order[value] // by for value in values], np.int64), [_name(v) for v in axis.values[::by]]
    edges = np.linspace(axis.low, axis.high, room + 1)
    at = np.clip(np.searchsorted(edges, np.array(values, np.float64), side="right") - 1, 0, room - 1)
    return at.astype(np.int64), [float(f"{edge:.4g}") for edge in edges[:-1]]


def _name(value: Value) -> object:
    return ("no", "yes")[value] if isinstance(value, bool) else value


def all_sets(found: Optimised) -> list[Part]:
    """Every set as a line across its parameters, and how often which score came out."""
    objective = found.plan.objectives[0]
    name = label_of(objective.metric)
    moving = [axis for axis in found.plan.space.axes if axis.count != 1]
    score, written = shown_score(found), written_score(found)
    parts: list[Part] = []
    if len(moving) > 1:
        axes = {axis.name: [float(one[axis.name]) for one in found.sets] for axis in moving}
        drawing = charts.parallel("All sets", axes, score, name=name, written=written, high_is_good=objective.higher)
        parts.append(Picture(drawing, "Each line is a set; the best tenth is drawn strongly.", "All sets side by side"))
    elif moving:
        drawing = charts.scatter(
            f"{name} by {moving[0].name}", [float(one[moving[0].name]) for one in found.sets], score,
            across=moving[0].name, up=name, written=written,
        )  # fmt: skip
        parts.append(Picture(drawing, "Each point is a set.", f"{name} by {moving[0].name}"))
    marks = {} if found.best is None else {"best": float(score[found.best])}
    if objective.metric == "sharpe" and not isinstance(found.luck.expected, Undefined):
        marks["luck alone"] = found.luck.expected
    drawing = charts.histogram(
        f"{name} of all sets",
        score,
        marks=marks,
        across=name,
        up="Sets",
        written=written,
    )
    caption = "'luck alone' is what the best of so many worthless trials shows on average." if len(marks) > 1 else ""
    parts.append(Picture(drawing, caption, f"{name} of all sets"))
    return parts


def fronts(found: Optimised) -> list[Part]:
    """With several objectives: the sets that none beats in all of them, among all others."""
    first, *rest = found.plan.objectives
    chosen = np.zeros(len(found.sets), np.bool_)
    chosen[found.judged.ranked] = True
    return [
        Picture(
            charts.scatter(
                f"{label_of(first.metric)} and {label_of(other.metric)}",
                found.scores.metric(first.metric),
                found.scores.metric(other.metric),
                chosen=chosen,
                names=("not beaten", "others"),
                across=label_of(first.metric),
                up=label_of(other.metric),
            ),
            f"Better is {'right' if first.higher else 'left'} and {'up' if other.higher else 'down'}.",
            f"{label_of(first.metric)} and {label_of(other.metric)}",
        )
        for other in rest
    ]


def fall(found: Sensitivity) -> Picture | None:
    """What is kept of the best set's lead, by distance."""
    if not found.rings:
        return None
    drawing = charts.bars(
        "What is kept of the best set's lead, by distance",
        [f"to {short(percent(ring.outer))}" for ring in found.rings],
        {"kept": [max(ring.kept, FALL_SHOWN) for ring in found.rings]},
        across="distance from the best set, as a share of the parameters' ranges",
        up="kept of the lead",
        written=percent,
        signed=True,
        levels={"half": 0.5},
    )
    tried = ", ".join(f"{ring.sets:,} to {short(percent(ring.outer))}" for ring in found.rings)
    cut = " Deeper falls are drawn to \N{MINUS SIGN}100 %." if any(r.kept < FALL_SHOWN for r in found.rings) else ""
    return Picture(
        drawing, f"100 %: as good as the best; 0 %: as the typical set.{cut} Sets: {tried}.", "The fall around it"
    )
