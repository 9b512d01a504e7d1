"""Charts over a running axis: lines, a band between percentiles, areas on top of each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike, NDArray

from tradewind.research.reports.decimate import telling_rows
from tradewind.research.reports.plot import (
    INKS,
    Array,
    Canvas,
    Plot,
    Sample,
    Written,
    drawn,
    finite_span,
    ink,
    nothing,
    plain,
    plot,
)
from tradewind.research.reports.svg import label, path, stroke, upright

POINTS = {True: 700, False: 350}
"""About how many points of a line are drawn on a wide and on a narrow screen; of each stretch the extremes stay."""
POINTS_OF_ALL = {True: 3_000, False: 1_500}
"""About how many points all lines of a chart have together: a page stays small, and many lines hide details anyway."""
LINES_MAX = 2 * INKS


def lines(
    title: str,
    x: ArrayLike,
    series: Mapping[str, ArrayLike],
    *,
    time: bool = False,
    across: str = "",
    up: str = "",
    written: Written = plain,
    x_written: Written = plain,
    levels: Mapping[str, float] | None = None,
    at: Mapping[str, float] | None = None,
) -> Markup:
    """Several lines over one axis x (n): numbers, or with `time` ns UTC. A NaN breaks a line. No peak is lost.

    `levels` are named horizontal lines, `at` named vertical ones. Above LINES_MAX lines the later ones are left out,
    and the key says so.
    """
    along = np.asarray(x)
    shown = {name: _floats(values) for name, values in list(series.items())[:LINES_MAX]}
    lined = _known(levels)
    return _over(title, along, shown, {}, time, across, up, written, x_written, lined, _known(at), len(series))


def bands(
    title: str,
    x: ArrayLike,
    low: ArrayLike,
    middle: ArrayLike,
    high: ArrayLike,
    *,
    own: ArrayLike | None = None,
    names: tuple[str, str, str] = ("5 % to 95 % of the paths", "median", "this run"),
    time: bool = False,
    across: str = "",
    up: str = "",
    written: Written = plain,
    x_written: Written = plain,
    levels: Mapping[str, float] | None = None,
) -> Markup:
    """A band from `low` to `high` with its `middle` as a line, and `own` as another: all (n) over x (n)."""
    along = np.asarray(x)
    inside = {names[1]: _floats(middle)}
    if own is not None:
        inside[names[2]] = _floats(own)
    band = {names[0]: (_floats(low), _floats(high))}
    return _over(title, along, inside, band, time, across, up, written, x_written, _known(levels), {}, 0)


def areas(
    title: str,
    x: ArrayLike,
    series: Mapping[str, ArrayLike],
    *,
    time: bool = False,
    across: str = "",
    up: str = "",
    written: Written = plain,
    x_written: Written = plain,
) -> Markup:
    """Areas stacked in the order given, each (n) and not negative: shares of a whole over x (n). NaN counts as none."""
    along, height = np.asarray(x), np.zeros(len(np.asarray(x)))
    stacked = {}
    for name, values in list(series.items())[:LINES_MAX]:
        each = np.maximum(_floats(values), 0.0)
        below, height = height, height + np.where(np.isfinite(each), each, 0.0)
        stacked[name] = (below, height)
    if finite_span(*(_floats(values) for values in series.values())) is None:
        return nothing(title)
    return _over(title, along, {}, stacked, time, across, up, written, x_written, {}, {}, 0)


def _over(
    title: str,
    x: NDArray[Any],
    series: dict[str, Array],
    filled: dict[str, tuple[Array, Array]],
    time: bool,
    across: str,
    up: str,
    written: Written,
    x_written: Written,
    levels: Mapping[str, float],
    at: Mapping[str, float],
    wanted: int,
) -> Markup:
    """Filled areas beneath, lines above."""
    edges = [edge for pair in filled.values() for edge in pair]
    span = finite_span(*series.values(), *edges)
    if span is None:
        return nothing(title)
    span = (min(span[0], *levels.values(), span[0]), max(span[1], *levels.values(), span[1]))
    first, last = (int if time else float)(x.min()), (int if time else float)(x.max())
    # One band has a line of its own inside; stacked areas each have their own ink.
    stacked = len(filled) > 0 and not series

    def paint(canvas: Canvas) -> str:
        p = plot(canvas, (first, last), span, written=written, x_written=x_written, time=time, across=across, up=up)
        parts = [p.frame()]
        for i, (low, high) in enumerate(filled.values()):
            parts.append(stroke(f"area {ink(i) if stacked else 'ink-0'}", _between(p, x, low, high)))
            parts.append(stroke(f"line {ink(i)}", _line(p, x, high, len(filled))) if stacked else "")
        parts.append(p.levels(levels))
        parts += [_upright(p, name, value) for name, value in at.items() if first <= value <= last]
        for i, values in enumerate(series.values()):
            parts.append(stroke(f"line {ink(i)}", _line(p, x, values, len(series))))
        return "".join(parts) + p.names()

    key = [Sample(f"area {ink(i) if stacked else 'ink-0'}", name) for i, name in enumerate(filled)]
    key += [Sample(f"line {ink(i)}", name) for i, name in enumerate(series)]
    if len(key) == 1 and not levels:
        key = []
    if wanted > len(series) and series:
        key.append(Sample("", f"{wanted - len(series)} more are not drawn"))
    return drawn(title, paint, key)


def _line(p: Plot, x: NDArray[Any], values: Array, of: int) -> str:
    """One of so many lines, broken where values are missing, of few points that keep every extreme."""
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return ""
    piece = np.cumsum(~np.isfinite(values))[known]
    wide = p.canvas.wide
    rows = telling_rows([values[known]], min(POINTS[wide], POINTS_OF_ALL[wide] // of))
    d, before = [], -1
    for row in rows.tolist():
        begins = int(piece[row]) != before
        before = int(piece[row])
        at = f"{p.x.at(float(x[known[row]])):.1f} {p.y.at(float(values[known[row]])):.1f}"
        # A point without neighbours is a line of no length, which the round ends make a dot.
        d.append(f"M{at}h0" if begins else f"L{at}")
    return "".join(d)


def _between(p: Plot, x: NDArray[Any], low: Array, high: Array) -> str:
    both = np.flatnonzero(np.isfinite(low) & np.isfinite(high))
    if not len(both):
        return ""
    rows = both[telling_rows([low[both], high[both]], POINTS[p.canvas.wide])]
    upper = [(p.x.at(float(x[row])), p.y.at(float(high[row]))) for row in rows]
    lower = [(p.x.at(float(x[row])), p.y.at(float(low[row]))) for row in rows[::-1]]
    return path([*upper, *lower]) + "Z"


def _upright(p: Plot, name: str, value: float) -> str:
    """A named vertical line, its name on the side where there is room."""
    x = p.x.at(value)
    end = x > (p.x.start + p.x.end) / 2
    said = label(x - 5 if end else x + 5, p.y.end + 10, name, "end" if end else "start", kind="said")
    return stroke("level", upright(x, p.y.end, p.y.start)) + said


def _floats(values: ArrayLike) -> Array:
    return np.asarray(values, dtype=np.float64)


def _known(named: Mapping[str, float] | None) -> dict[str, float]:
    return {name: float(value) for name, value in (named or {}).items() if np.isfinite(value)}
