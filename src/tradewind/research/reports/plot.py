"""The paper that charts are drawn on: a frame with axes, drawn for a wide column, for half of one and for a narrow one.

The page shows the one that fits its column (a container query in report.css), so that text has the same size
everywhere and no script is needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from tradewind.research.reports.axes import Axis, axis, tight_axis, time_axis
from tradewind.research.reports.svg import LETTER, cut, label, level_line, short, stroke, true_minus, upright
from tradewind.research.reports.wording import number

Array = NDArray[np.float64]
Written = Callable[[float], str]
"""How a value is written on an axis and in a hint: `wording.percent`, `wording.money` or `plain`."""

TOP, BOTTOM, RIGHT = 28, 44, 16
"""Room above a plot for the name of the axis upwards, beneath it for ticks and the name of the axis across."""
TOP_NAMELESS, BOTTOM_NAMELESS = 10, 28
GAP = 8
"""Room between two texts of the axis across."""
LINE = 14
"""Height of a line of text."""
INKS = 8
"""Kinds of line and fill in report.css, each with a colour and a dash of its own; after that they start again."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """A drawing's size in pixels."""

    width: int
    height: int

    @property
    def wide(self) -> bool:
        """Whether there is room for many ticks and points."""
        return self.width > 600


CANVASES = {"wide": Canvas(1000, 330), "half": Canvas(520, 300), "narrow": Canvas(360, 280)}


@dataclass(frozen=True, slots=True)
class Sample:
    """A line of a chart's key: the class of its picture (its first word is the shape; empty: none), and its words."""

    kind: str
    text: str
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Plot:
    """A frame with its two axes."""

    canvas: Canvas
    x: Axis
    x_texts: tuple[str, ...]
    y: Axis
    y_texts: tuple[str, ...]
    across: str = ""
    up: str = ""

    def frame(self) -> str:
        """Grid lines, ticks and their texts."""
        left, right, floor = self.x.start, self.x.end, self.y.start
        parts = []
        for up, text in zip(self.y.ticks, self.y_texts, strict=True):
            at = self.y.at(up)
            parts.append(stroke("grid", level_line(at, left, right)) + label(left - 7, at, text, "end", dy=0.32))
        free = -math.inf
        for tick, text in zip(self.x.ticks, self.x_texts, strict=True):
            at, half = self.x.at(tick), LETTER * len(text) / 2
            anchor = "start" if at - half < 2 else "end" if at + half > self.canvas.width else "middle"
            begins = at - half * {"start": 0, "middle": 1, "end": 2}[anchor]
            # Words that would touch those before them are left out; their tick stays.
            said = label(at, floor + 18, text, anchor) if begins >= free else ""
            free = begins + 2 * half + GAP if said else free
            parts.append(stroke("grid", upright(at, floor, floor + 4)) + said)
        return "".join(parts) + stroke("axis", level_line(floor, left, right))

    def names(self) -> str:
        """What the axes measure."""
        return axis_names(self.canvas, self.across, self.up)

    def levels(self, named: Mapping[str, float]) -> str:
        """Named horizontal lines. Names of lines that lie close together stand beside each other."""
        parts, before, end = [], -math.inf, self.x.end
        for name, value in sorted(named.items(), key=lambda item: -item[1]):
            y = self.y.at(value)
            end = self.x.end if y - before > LINE else end
            parts.append(stroke("level", level_line(y, self.x.start, self.x.end)))
            parts.append(label(end, y - 5, name, "end", kind="said"))
            before, end = y, end - 1.2 * LETTER * (len(name) + 2)
        return "".join(parts)


def axis_names(canvas: Canvas, across_name: str, up_name: str) -> str:
    """What the axes measure: at the end of the one across, and on top of the one upwards."""
    letters = int(canvas.width / LETTER) - 4
    words = cut(across_name, letters)
    right = label(canvas.width - RIGHT, canvas.height - 6, f"{words} →", "end", tip=across_name) if words else ""
    return right + (label(4, 12, f"↑ {cut(up_name, letters)}", "start", tip=up_name) if up_name else "")


def plot(
    canvas: Canvas,
    x: tuple[float, float],
    y: tuple[float, float],
    *,
    written: Written,
    x_written: Written | None,
    time: bool = False,
    rounded: bool = False,
    across: str = "",
    up: str = "",
) -> Plot:
    """A frame for values from x[0] to x[1] and y[0] to y[1]. `x_written` None: no ticks across; `time`: x is ns UTC.

    `rounded`: the axis across begins and ends on a tick, as the one upwards always does.
    """
    floor = canvas.height - (BOTTOM if across else BOTTOM_NAMELESS)
    heights = axis(*y, floor, TOP if up else TOP_NAMELESS, 5)
    y_texts = tuple(short(written(tick)) for tick in heights.ticks)
    left = 14 + LETTER * max(len(text) for text in y_texts)
    right = float(canvas.width - RIGHT)
    if time:
        when, x_texts = time_axis(int(x[0]), int(x[1]), left, right, 8 if canvas.wide else 3)
        return Plot(canvas, when, x_texts, heights, y_texts, across, up)
    if x_written is None:
        return Plot(canvas, Axis(*x, left, right, ()), (), heights, y_texts, across, up)
    along = (axis if rounded else tight_axis)(*x, left, right, 8 if canvas.wide else 4)
    x_texts = tuple(short(x_written(tick)) for tick in along.ticks)
    return Plot(canvas, along, x_texts, heights, y_texts, across, up)


def drawn(title: str, paint: Callable[[Canvas], str], key: Iterable[Sample] = ()) -> Markup:
    """A chart: its key, and the drawing in every size."""
    items = "".join(f"<li>{_picture(sample)}{escape(sample.text)}</li>" for sample in key)
    parts = [f'<ul class="key">{items}</ul>' if items else ""]
    for name, canvas in CANVASES.items():
        parts.append(
            f'<svg class="drawing {name}" viewBox="0 0 {canvas.width} {canvas.height}" role="img"'
            f' aria-label="{escape(title)}">{paint(canvas)}</svg>'
        )
    # Every text of a caller went through escape(); the rest is numbers and the constants of these modules.
    return Markup(f'<div class="chart-box">{"".join(parts)}</div>')  # noqa: S704


SHAPES = {
    "line": "M1 6H27", "area": "M1 2H27V10H1Z", "dot": "M14 6h0", "cross": "M11 3l6 6m0-6l-6 6",
    "cell": "M5 0H23V12H5Z", "cell undefined": "M5 0H23V12H5ZM5 12L23 0",
}  # fmt: skip


def _picture(sample: Sample) -> str:
    """A little picture of a line, an area, a dot, a cross or a cell."""
    if not sample.kind:
        return ""
    shape = stroke(
        sample.kind, SHAPES.get(sample.kind) or SHAPES[sample.kind.partition(" ")[0]], opacity=sample.opacity
    )
    return f'<svg class="drawing sample" viewBox="0 0 28 12" aria-hidden="true">{shape}</svg>'


def ink(number: int) -> str:
    """The class of a chart's `number`-th series; a second round of the same inks is thinner."""
    return f"ink-{number % INKS}{' thin' if number >= INKS else ''}"


def finite_span(*values: Array) -> tuple[float, float] | None:
    """Least and greatest of the numbers among the values; None where there is none."""
    known = [v[np.isfinite(v)] for v in values]
    ends = [(float(v.min()), float(v.max())) for v in known if len(v)]
    return (min(low for low, _ in ends), max(high for _, high in ends)) if ends else None


def nothing(title: str, why: str = "There is nothing to draw: no value is known.") -> Markup:
    """What stands in the place of a chart without values."""
    return Markup('<p class="empty" role="img" aria-label="{}">{}</p>').format(title, why)


def plain(value: float) -> str:
    """A number with four significant digits, and no zeros that say nothing."""
    if not math.isfinite(value):
        return number(value, 0)
    size = abs(value)
    if size >= 1e7 or 0 < size < 1e-4:
        return true_minus(f"{value:.3g}")
    return short(number(value, max(0, 3 - math.floor(math.log10(size))) if size > 0 else 0))
