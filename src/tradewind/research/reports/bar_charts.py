"""Bars: a figure for each name, side by side where there are several; and how often which value was seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike

from tradewind.research.reports.axes import Axis
from tradewind.research.reports.plot import (
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
from tradewind.research.reports.svg import LETTER, bar, cut, label, level_line, stroke, upright
from tradewind.research.reports.wording import ABSENT, number

BARS_MAX = 240
"""Names along the axis; later ones are left out and the key says so."""
FEW = 8
BINS_MIN, BINS_MAX = 8, 40


def bars(
    title: str,
    names: Sequence[object],
    groups: Mapping[str, ArrayLike],
    *,
    across: str = "",
    up: str = "",
    written: Written = plain,
    signed: bool = False,
    levels: Mapping[str, float] | None = None,
) -> Markup:
    """For each of `names` (n) a bar of each group (n), from zero up or down. An undefined one is a dash on the axis.

    `signed`, for a single group: bars above zero and below it differ in colour. `levels` are named horizontal lines.
    """
    labels = [str(name) for name in names][:BARS_MAX]
    table = {name: np.asarray(values, dtype=np.float64)[:BARS_MAX] for name, values in groups.items()}
    lined = {name: value for name, value in (levels or {}).items() if math.isfinite(value)}
    span = finite_span(*table.values())
    if span is None or not labels:
        return nothing(title)
    reach = (min(0.0, span[0], *lined.values()), max(0.0, span[1], *lined.values()))

    def paint(canvas: Canvas) -> str:
        frame = plot(canvas, (0.0, float(len(labels))), reach, written=written, x_written=None, across=across, up=up)
        every, shortened = _spacing(frame.x, labels)
        parts = [frame.frame()]
        for i, name in enumerate(labels):
            slot = (frame.x.at(i), frame.x.at(i + 1))
            if i % every == 0:
                parts.append(_name(frame, (slot[0] + slot[1]) / 2, name, shortened))
            for j, (group, values) in enumerate(table.items()):
                kind = ink(j) if not signed or len(table) > 1 else "gain" if values[i] >= 0 else "loss"
                tip = f"{name}{', ' + group if group else ''}: {written(float(values[i]))}"
                parts.append(_bar(frame, slot, j, len(table), float(values[i]), kind, tip))
        parts.append(frame.levels(lined))
        parts.append(stroke("axis", level_line(frame.y.at(0.0), frame.x.start, frame.x.end)))
        return "".join(parts) + frame.names()

    key = [Sample(f"cell {ink(j)}", name) for j, name in enumerate(table)] if len(table) > 1 else []
    if len(names) > BARS_MAX:
        key.append(Sample("", f"{len(names) - BARS_MAX:,} more are not drawn"))
    return drawn(title, paint, key)


def histogram(
    title: str,
    values: ArrayLike,
    *,
    bins: int | None = None,
    marks: Mapping[str, float] | None = None,
    across: str = "",
    up: str = "Count",
    written: Written = plain,
    split: float | None = None,
    upto: float = math.inf,
) -> Markup:
    """How often values (n) fall where. NaN is left out, and the key says how many there were.

    `marks` are named vertical lines (percentiles, the run's own value). `split`, inside the range: no bin straddles it,
    and those below it have another colour. `bins` None: more for more values, whole numbers each in one of their own.
    Values above `upto` are counted in the key and not drawn: a few that lie far off would leave no shape of the rest.
    """
    every = np.asarray(values, dtype=np.float64).ravel()
    finite = every[np.isfinite(every)]
    known = finite[finite <= upto]
    if not len(known):
        return nothing(title)
    marked = {name: value for name, value in (marks or {}).items() if math.isfinite(value)}
    whole = bool((known == np.round(known)).all() and np.ptp(known) >= 1)
    count = bins or min(BINS_MAX, max(BINS_MIN, round(2 * math.sqrt(len(known)))))
    edges = _edges(float(known.min()), float(known.max()), count, split, whole)
    which = np.clip(np.searchsorted(edges, known, side="right") - 1, 0, len(edges) - 2)
    counts = np.bincount(which, minlength=len(edges) - 1)
    low, high = min(edges[0], *marked.values(), edges[0]), max(edges[-1], *marked.values(), edges[-1])

    def paint(canvas: Canvas) -> str:
        frame = plot(
            canvas,
            (float(low), float(high)),
            (0.0, float(counts.max())),
            written=_count,
            x_written=written,
            across=across,
            up=up,
        )
        parts = [frame.frame()]
        for i in np.flatnonzero(counts):
            left, right, top = frame.x.at(edges[i]), frame.x.at(edges[i + 1]), frame.y.at(float(counts[i]))
            kind = "ink-0" if split is None else "gain" if edges[i] >= split - 1e-12 * abs(split) else "loss"
            tip = f"{written(float(edges[i]))} to {written(float(edges[i + 1]))}: {counts[i]:,}"
            parts.append(bar(kind, left + 0.4, top, right - left - 0.8, frame.y.start - top, tip))
        return "".join(parts) + _marks(frame, marked) + frame.names()

    key = []
    if missing := len(every) - len(finite):
        key.append(Sample("cell undefined", f"{missing:,} undefined, not drawn"))
    if beyond := len(finite) - len(known):
        key.append(Sample("cell undefined", f"{beyond:,} above {written(upto)}, not drawn"))
    return drawn(title, paint, key)


def _edges(low: float, high: float, bins: int, split: float | None, whole: bool) -> np.ndarray:
    """The borders of the bins. Whole numbers lie in the middle of theirs, equally many in each."""
    if whole and split is None:
        each = max(1, math.ceil((high - low + 1) / bins))
        return low - 0.5 + each * np.arange(math.ceil((high - low + 1) / each) + 1)
    if high - low <= 1e-12 * max(abs(low), abs(high), 1e-12):
        pad = 0.5 * max(abs(low), 0.01)
        low, high = low - pad, high + pad
    if split is None or not low < split < high:
        return np.linspace(low, high, bins + 1)
    width = (high - low) / bins
    below, above = math.ceil((split - low) / width - 1e-9), math.ceil((high - split) / width - 1e-9)
    return split + np.arange(-below, above + 1) * width


def _marks(frame: Plot, marked: Mapping[str, float]) -> str:
    """Named vertical lines; names that would meet stand beneath each other."""
    parts, ends = [], [-math.inf] * 6
    for name, value in sorted(marked.items(), key=lambda item: item[1]):
        x, width = frame.x.at(value), 1.2 * LETTER * len(name)
        left = x + 5 + width > frame.x.end
        start = x - 5 - width if left else x + 5
        row = next((i for i, end in enumerate(ends) if end < start), 0)
        ends[row] = start + width + 4
        parts.append(stroke("level", upright(x, frame.y.end, frame.y.start)))
        parts.append(label(start, frame.y.end + 10 + 14 * row, name, "start", kind="said"))
    return "".join(parts)


def _bar(frame: Plot, slot: tuple[float, float], j: int, of: int, value: float, kind: str, tip: str) -> str:
    room = slot[1] - slot[0]
    width = min(room * 0.8 / of, 70.0)
    left = (slot[0] + slot[1]) / 2 + (j - of / 2) * width
    zero = frame.y.at(0.0)
    if not math.isfinite(value):
        return label(left + width / 2, zero - 4, ABSENT, kind="said", tip=tip)
    y = frame.y.at(value)
    return bar(kind, left, min(y, zero), width - 1, abs(y - zero), tip)


def _spacing(x: Axis, labels: Sequence[str]) -> tuple[int, bool]:
    """Every how many-th name is written, and whether they are cut short to fit: a few names are all written."""
    room = (x.end - x.start) / len(labels)
    longest = LETTER * max(len(label) for label in labels) + 8
    if longest <= room:
        return 1, False
    return (1, True) if len(labels) <= FEW else (math.ceil(longest / room), False)


def _name(frame: Plot, x: float, label_text: str, shortened: bool) -> str:
    room = max(4, int((frame.x.at(1.0) - frame.x.at(0.0)) / LETTER) - 1) if shortened else len(label_text)
    return label(x, frame.y.start + 18, cut(label_text, room), tip=label_text)


def _count(value: float) -> str:
    return number(value, 0) if value == round(value) else ""
