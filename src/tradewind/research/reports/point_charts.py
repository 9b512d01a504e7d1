"""Points: one figure against another, and parameter sets as lines across all their parameters."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike, NDArray

from tradewind.research.reports.plot import (
    BOTTOM,
    Array,
    Canvas,
    Sample,
    Written,
    drawn,
    finite_span,
    nothing,
    plain,
    plot,
)
from tradewind.research.reports.svg import LETTER, cut, label, path, stroke, upright

POINTS_MAX = 3000
SETS_MAX = 400
BEST_SHARE = 0.1


def scatter(
    title: str,
    x: ArrayLike,
    y: ArrayLike,
    *,
    diagonal: bool = False,
    chosen: ArrayLike | None = None,
    names: tuple[str, str] = ("chosen", "others"),
    across: str = "",
    up: str = "",
    written: Written = plain,
    x_written: Written = plain,
) -> Markup:
    """Points (n). `chosen` (n, truth values) are crosses in another colour. `diagonal` draws the line of equal values.

    Above POINTS_MAX an even choice of them is drawn, and the key says so.
    """
    across_all, up_all = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    picked = np.zeros(len(across_all), dtype=np.bool_) if chosen is None else np.asarray(chosen, dtype=np.bool_)
    known = np.flatnonzero(np.isfinite(across_all) & np.isfinite(up_all))
    if not len(known):
        return nothing(title)
    rows = known[np.unique(np.linspace(0, len(known) - 1, min(len(known), POINTS_MAX)).astype(np.int64))]
    rows = np.union1d(rows, known[picked[known]][:POINTS_MAX])
    x_span, y_span = (_span(v[known]) for v in (across_all, up_all))
    if diagonal:
        x_span = y_span = (min(x_span[0], y_span[0]), max(x_span[1], y_span[1]))

    def paint(canvas: Canvas) -> str:
        frame = plot(canvas, x_span, y_span, written=written, x_written=x_written, rounded=True, across=across, up=up)
        marks = {"dot": "", "cross": ""}
        for row in rows.tolist():
            at = f"M{frame.x.at(float(across_all[row])):.1f} {frame.y.at(float(up_all[row])):.1f}"
            if picked[row]:  # a cross, so that colour alone does not tell
                marks["cross"] += f"{at}m-3-3l6 6m0-6l-6 6"
            else:
                marks["dot"] += f"{at}h0"
        parts = [frame.frame()]
        if diagonal:
            low, high = max(frame.x.low, frame.y.low), min(frame.x.high, frame.y.high)
            ends = path([(frame.x.at(v), frame.y.at(v)) for v in (low, high)])
            parts.append(stroke("level", ends))
        parts += [stroke(kind, d) for kind, d in marks.items()]
        return "".join(parts) + frame.names()

    key = [Sample("cross", names[0]), Sample("dot", names[1])] if picked.any() else []
    if diagonal:
        key.append(Sample("line level", "equal"))
    if len(rows) < len(known):
        key.append(Sample("", f"{len(rows):,} of {len(known):,} are drawn"))
    return drawn(title, paint, key)


def parallel(
    title: str,
    axes: Mapping[str, ArrayLike],
    score: ArrayLike,
    *,
    name: str = "score",
    written: Written = plain,
    high_is_good: bool = True,
) -> Markup:
    """Parameter sets (n) as lines: an upright axis for each of `axes` (n), and one for their score (n) at the right.

    The best tenth is drawn strongly above the others. Sets without a score are left out, and the key says how many.
    """
    scored = np.asarray(score, dtype=np.float64)
    columns = {**{axis: np.asarray(values, dtype=np.float64) for axis, values in axes.items()}, name: scored}
    known = np.flatnonzero(np.all([np.isfinite(values) for values in columns.values()], axis=0))
    if not len(known):
        return nothing(title)
    order = known[np.argsort(-scored[known] if high_is_good else scored[known], kind="stable")]
    best = order[: min(max(1, round(len(order) * BEST_SHARE)), SETS_MAX // 4)]
    rest = order[len(best) :]
    rest = (
        rest[np.unique(np.linspace(0, len(rest) - 1, min(len(rest), SETS_MAX)).astype(np.int64))] if len(rest) else rest
    )

    def paint(canvas: Canvas) -> str:
        return _across(canvas, columns, rest, best, written)

    key = [Sample("line ink-1", f"best {len(best):,}"), Sample("line faint", f"{len(rest):,} of the others")]
    if missing := len(scored) - len(known):
        key.append(Sample("cell undefined", f"{missing:,} have no {name} and are not drawn"))
    return drawn(title, paint, key)


def _across(
    canvas: Canvas, columns: Mapping[str, Array], rest: NDArray[np.int64], best: NDArray[np.int64], written: Written
) -> str:
    known = np.concatenate((rest, best))
    left, right, top, floor = 52.0, canvas.width - 52.0, 36.0, canvas.height - BOTTOM + 12.0
    places = np.linspace(left, right, len(columns)).tolist()
    parts, heights = [], []
    room = int((right - left) / max(1, len(columns) - 1) / LETTER)
    for i, (name, values) in enumerate(columns.items()):
        low, high = float(values[known].min()), float(values[known].max())
        spread = high - low
        heights.append(
            floor - (values - low) / spread * (floor - top) if spread else np.full(len(values), (floor + top) / 2)
        )
        write = written if i == len(columns) - 1 else plain
        parts.append(label(places[i], 12, cut(name, room), kind="said", tip=name))
        parts.append(label(places[i], top - 6, write(high)) + label(places[i], floor + 16, write(low)))
    for kind, rows in (("faint", rest), ("ink-1", best[::-1])):
        d = "".join(
            path([(place, float(h[row])) for place, h in zip(places, heights, strict=True)]) for row in rows.tolist()
        )
        parts.append(stroke(f"line thin {kind}", d))
    parts += [stroke("axis", upright(place, top, floor)) for place in places]
    return "".join(parts)


def _span(values: Array) -> tuple[float, float]:
    span = finite_span(values)
    assert span is not None
    return span
