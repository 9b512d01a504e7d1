"""The page of a combinatorial purged cross-validation, and its results as plain values."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from tradewind.core.performance.undefined import Figure, Undefined
from tradewind.research.cross_validated import CrossValidated
from tradewind.research.reports import charts
from tradewind.research.reports.study import Pair, Part, Picture, Section, Study, Table, Text
from tradewind.research.reports.wording import ABSENT, day, number, percent

SPLITS_SHOWN, SETS_SHOWN, PATHS_SHOWN = 60, 12, 12


def cross_validated_study(found: CrossValidated) -> Study:
    """The page: verdict, the paths' Sharpe ratios, the splits, what was chosen, how it was done."""
    verdict, good = verdict_of(found)
    symbols = ", ".join(m.bars.symbol for m in found.markets)
    stretch = f"{day(int(found.time[0]))} to {day(int(found.time[-1]))}"
    known = found.sharpe[np.isfinite(found.sharpe)]
    ends = (float(known.min()), float(known.max())) if len(known) else (float("nan"), float("nan"))
    return Study(
        title=f"{found.strategy.__name__}, cross-validated",
        subtitle=f"{symbols} · {found.markets[0].bars.timeframe} · {stretch}",
        verdict=verdict,
        good=good,
        key_figures=[
            ("Median path", _two(found.median), "Sharpe ratio out of sample", ""),
            ("Worst path", number(ends[0], 2), "Sharpe ratio", ""),
            ("Best path", number(ends[1], 2), "Sharpe ratio", ""),
            ("Buy and hold", _two(found.hold), "Sharpe ratio", ""),
            ("Losing paths", _share(found.losing), f"of {len(found.paths)}", ""),
            ("Degradation", _two(found.degradation), "Sharpe lost from train to test", ""),
            ("Sets beaten", _share(found.beaten), "by the choices, out of sample", ""),
            ("Sets tried", f"{len(found.sets):,}", f"in {len(found.splits)} splits", ""),
        ],
        warnings=_cautions(found),
        sections=(
            Section(
                "Paths", _paths(found), "Whole histories, every day of each tested with what was chosen without it."
            ),
            Section("Splits", _splits(found)),
            Section("What was chosen", [_choices(found)]),
            Section("How this was done", [Text("", _method(found))]),
        ),
    )


def verdict_of(found: CrossValidated) -> tuple[str, bool | None]:
    """One sentence, and whether it is good (no path loses, and they differ), bad (the middle one does), or neither."""
    middle, losing = found.median, found.losing
    if isinstance(losing, Undefined):
        return f"No verdict: {losing.reason}", None
    if isinstance(middle, Undefined):
        return f"Does not earn: {middle.reason}", False
    lost = round(losing * len(found.paths))
    told = f"median Sharpe ratio {middle:.2f}, {lost} of {len(found.paths)} paths lose"
    if lost == 0 and found.histories == 1:
        return f"Undecided: all paths are one and the same history, Sharpe ratio {middle:.2f}", None
    if lost == 0:
        return f"Earns on every path: {told}", True
    return (f"Does not earn: {told}", False) if middle <= 0.0 else (f"Undecided: {told}", None)


def cross_validated_document(found: CrossValidated) -> dict[str, Any]:
    """The results as plain values, None where undefined."""
    overall = {name: getattr(found, name) for name in ("median", "losing", "degradation", "beaten", "hold")}
    return {
        "kind": "cross-validation",
        "strategy": found.strategy.__name__,
        "symbols": [m.bars.symbol for m in found.markets],
        "timeframe": found.markets[0].bars.timeframe,
        "groups": found.groups,
        "test_groups": found.test_groups,
        "purge_periods": found.purge,
        "embargo_periods": found.embargo,
        "search": {
            "method": found.search.method,
            "space": [str(axis) for axis in found.search.space.axes],
            "fixed": dict(found.fixed),
            "seed": found.search.seed,
        },
        "tried": len(found.sets),
        "failed": found.failed,
        **{name: _value(figure) for name, figure in overall.items()},
        "undefined": {name: figure.reason for name, figure in overall.items() if isinstance(figure, Undefined)},
        "paths_emptied": int(found.emptied.sum()),
        "path_sharpe": [float(value) if np.isfinite(value) else None for value in found.sharpe],
        "splits": [
            {
                "test_groups": list(split.groups),
                "parameters": None if split.chosen is None else dict(found.sets[split.chosen]),
                "trained": split.trained,
                "tested": split.tested,
                **{name: _value(getattr(split, name)) for name in ("sharpe_in", "sharpe_out", "beaten")},
            }
            for split in found.splits
        ],
    }


def _paths(found: CrossValidated) -> list[Part]:
    known = found.sharpe[np.isfinite(found.sharpe)]
    grown = np.cumprod(1.0 + found.paths[:PATHS_SHOWN], axis=1) * found.rules.cash
    parts: list[Part] = [
        Picture(
            charts.lines(
                "The account along each path",
                found.time,
                {f"path {i}": values for i, values in enumerate(grown, 1)},
                time=True,
            ),
            "Where the lines part, splits chose differently.",
        )
    ]
    if len(known):
        drawing = charts.bars(
            "Sharpe ratio of each path",
            [str(i) for i in range(1, len(found.sharpe) + 1)],
            {"Sharpe ratio": found.sharpe},
            across="path",
            levels={"median": float(np.median(known)), "buy and hold": _float(found.hold)},
        )
        parts.append(Picture(drawing, title="Sharpe ratio of each path"))
    return parts


def _splits(found: CrossValidated) -> list[Part]:
    inside = np.array([_float(s.sharpe_in) for s in found.splits])
    outside = np.array([_float(s.sharpe_out) for s in found.splits])
    rows = [
        (
            " and ".join(str(group + 1) for group in split.groups),
            f"{split.trained:,}",
            f"{split.tested:,}",
            _two(split.sharpe_in),
            _two(split.sharpe_out),
            _share(split.beaten),
        )
        for split in found.splits[:SPLITS_SHOWN]
    ]
    more = len(found.splits) - len(rows)
    drawing = charts.scatter(
        "Sharpe ratio in training and in the test, a point for each split",
        inside,
        outside,
        diagonal=True,
        across="training",
        up="test",
    )
    values = charts.histogram("Sharpe ratios in the test", outside, bins=20, across="Sharpe ratio", split=0.0)
    head = ("Groups tested", "Days trained", "Days tested", "Sharpe in", "Sharpe out", "Sets beaten")
    return [
        Pair((Picture(drawing, title="Promise and result"), Picture(values, title="Results"))),
        Table("Splits", head, rows, note=f"and {more:,} more, in report.json" if more else ""),
    ]


def _choices(found: CrossValidated) -> Table:
    often = Counter(split.chosen for split in found.splits)
    turned = list(found.search.space.names)
    rows = []
    for chosen, count in often.most_common(SETS_SHOWN):
        values = [ABSENT if chosen is None else charts.plain(float(found.sets[chosen][name])) for name in turned]
        rows.append((f"{count:,} of {len(found.splits):,}", *values))
    more = len(often) - len(rows)
    return Table(
        "Sets by how often they were chosen", ("Splits", *turned), rows, note=f"and {more} more" if more else ""
    )


def _cautions(found: CrossValidated) -> list[str]:
    said = []
    if found.emptied.any():
        gone = f"{found.emptied.sum():,} of {len(found.paths):,} paths"
        said.append(f"{gone} came to nothing: a choice lost all it had in its test")
    if found.histories == 1 and len(found.paths) > 1:
        said.append("Every split chose the same: the paths are one history, in which nothing was left to chance")
    if found.failed:
        said.append(f"The strategy failed with {found.failed:,} of {len(found.sets):,} sets; those were not chosen")
    if found.embargo == 0:
        said.append(
            "No embargo: after each test, training days are judged by indicators that have seen its prices (--embargo)"
        )
    return said


def _method(found: CrossValidated) -> tuple[str, ...]:
    joins = f"{len(found.splits)} splits, which join to {len(found.paths)} paths"
    after = found.purge + found.embargo
    gaps = f"{found.purge} days before each test group (purge), {after} after it (purge and embargo)"
    items = [
        f"{found.groups} groups of successive days, every choice of {found.test_groups} tested once: {joins}",
        f"{len(found.sets):,} sets by {found.search.method} (seed {found.search.seed}), each run once over all bars",
        "A split chooses by the Sharpe ratio of its training days",
        f"Left out of the training: {gaps}",
        f"Searched: {', '.join(str(axis) for axis in found.search.space.axes)}",
    ]
    if found.fixed:
        items.append(f"Held: {', '.join(f'{name}={value}' for name, value in found.fixed.items())}")
    return tuple(items)


def _two(figure: Figure) -> str:
    return ABSENT if isinstance(figure, Undefined) else number(figure, 2)


def _share(figure: Figure) -> str:
    return ABSENT if isinstance(figure, Undefined) else percent(figure)


def _value(figure: Figure) -> float | None:
    return None if isinstance(figure, Undefined) else figure


def _float(figure: Figure) -> float:
    return float("nan") if isinstance(figure, Undefined) else figure
