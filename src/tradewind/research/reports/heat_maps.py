"""A figure over two parameters, as a map of colours with its numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike

from tradewind.research.reports.plot import (
    BOTTOM,
    BOTTOM_NAMELESS,
    RIGHT,
    TOP,
    Array,
    Canvas,
    Sample,
    Written,
    axis_names,
    drawn,
    finite_span,
    nothing,
    plain,
)
from tradewind.research.reports.svg import LETTER, box, cut, label, short, stroke
from tradewind.research.reports.wording import number

CELLS_MAX = 60
"""Rows and columns of a map; where there are more, neighbours are joined to their mean and the key says so."""
SHADES = 20
SHADE_MAX = 0.55
"""Opacity of the strongest cell: the numbers stay readable on it."""
HINTS_MAX = 900
NAMES_MAX = 0.28
"""Share of the width that the names of the rows may take."""
FEW = 8
"""So few columns are all named, if need be cut short."""


@dataclass(frozen=True, slots=True)
class Shading:
    """From values to shades: one colour from the least to the greatest, or two from zero where both signs occur."""

    low: float
    high: float

    def of(self, value: float) -> tuple[str, float]:
        """`plain`, `gain` or `loss`, and its opacity, one of SHADES."""
        if self.low < 0.0 < self.high:
            kind = "gain" if value >= 0 else "loss"
            share = abs(value) / max(-self.low, self.high)
        else:
            kind = "plain"
            share = 0.1 + 0.9 * (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return kind, round(share * SHADES) / SHADES * SHADE_MAX

    def steps(self) -> list[float]:
        """Values for the key."""
        return sorted({self.low + i * (self.high - self.low) / 4 for i in range(5)})


def heatmap(
    title: str,
    x: Sequence[object],
    y: Sequence[object],
    values: ArrayLike,
    *,
    mark: tuple[int, int] | None = None,
    mark_name: str = "chosen",
    across: str = "",
    up: str = "",
    written: Written | None = None,
) -> Markup:
    """`values` (len(y), len(x)): the first row lies at the bottom. NaN cells are hatched. `mark` (row, column): framed.

    Colour and, where there is room, a number in each cell; the key shows the scale.
    """
    table = np.asarray(values, dtype=np.float64).reshape(len(y), len(x))
    table, columns, rows, joined = _joined(table, [_text(v) for v in x], [_text(v) for v in y])
    if mark is not None:
        mark = (mark[0] // joined[0], mark[1] // joined[1])
    span = finite_span(table)
    if span is None:
        return nothing(title)
    shading = Shading(*span)
    words = written or _even(span)

    def paint(canvas: Canvas) -> str:
        return _map(canvas, table, columns, rows, shading, mark, across, up, words)

    key = [Sample(f"cell {kind}", short(words(v)), shade) for v in shading.steps() for kind, shade in [shading.of(v)]]
    if not np.isfinite(table).all():
        key.append(Sample("cell undefined", "undefined"))
    if mark is not None:
        key.append(Sample("cell marked", mark_name))
    if joined != (1, 1):
        key.append(Sample("", f"each cell is the mean of up to {joined[0]} by {joined[1]}"))
    return drawn(title, paint, key)


def _map(
    canvas: Canvas, table: Array, columns: list[str], rows: list[str], shading: Shading,
    mark: tuple[int, int] | None, across: str, up: str, written: Written,
) -> str:  # fmt: skip
    # Names of any length leave the map most of the width; the whole name is in the hint.
    shown = [cut(text, int(NAMES_MAX * canvas.width / LETTER)) for text in rows]
    left = 14 + LETTER * max(len(text) for text in shown)
    top, floor = TOP if up else 4.0, float(canvas.height - (BOTTOM if across else BOTTOM_NAMELESS))
    width, height = (canvas.width - RIGHT - left) / len(columns), (floor - top) / len(rows)
    texts = [[short(written(float(v))) if np.isfinite(v) else "" for v in line] for line in table]
    numbered = LETTER * max(len(text) for line in texts for text in line) + 4 <= width and height >= 13
    hints = table.size <= HINTS_MAX and canvas.wide
    cells: dict[tuple[str, float], list[str]] = {}
    labels, hatched, hinted = [], [], []
    for i, j in np.ndindex(table.shape):
        x, y, value = left + j * width, floor - (i + 1) * height, float(table[i, j])
        if np.isfinite(value):
            cells.setdefault(shading.of(value), []).append(box(x, y, width, height))
        else:
            hatched.append(f"{box(x, y, width, height)}M{x:.1f} {y + height:.1f}l{width:.1f} {-height:.1f}")
        if hints:
            tip = f"{up} {rows[i]}, {across} {columns[j]}: {written(value)}"
            hinted.append(stroke("over", box(x, y, width, height), tip=tip))
        if numbered and texts[i][j]:
            labels.append(label(x + width / 2, y + height / 2, texts[i][j], kind="in-cell", dy=0.34))
    parts = [stroke(f"cell {kind}", "".join(d), opacity=shade) for (kind, shade), d in cells.items()]
    parts.append(stroke("cell undefined", "".join(hatched)))
    if mark is not None:
        x, y = left + mark[1] * width, floor - (mark[0] + 1) * height
        parts.append(stroke("cell marked", box(x + 1, y + 1, width - 2, height - 2)))
    every = max(1, round((LETTER * max(len(text) for text in columns) + 8) / width + 0.5))
    letters = len(max(columns, key=len))
    if len(columns) <= FEW:
        every, letters = 1, int(width / LETTER) - 1
    parts += [
        label(left + (j + 0.5) * width, floor + 16, cut(columns[j], letters), tip=columns[j])
        for j in range(0, len(columns), every)
    ]
    every = max(1, round(13 / height + 0.5))
    parts += [
        label(left - 7, floor - (i + 0.5) * height, shown[i], "end", dy=0.32, tip=rows[i])
        for i in range(0, len(rows), every)
    ]
    return "".join([*parts, *labels, axis_names(canvas, across, up), *hinted])


def _even(span: tuple[float, float]) -> Written:
    """The same decimals for every cell: as many as give the greatest three digits."""
    greatest = max(-span[0], span[1])
    decimals = max(0, min(7, 2 - math.floor(math.log10(greatest)))) if greatest > 0 else 0
    return plain if greatest >= 1e7 else lambda value: number(value, decimals)


def _joined(table: Array, x: list[str], y: list[str]) -> tuple[Array, list[str], list[str], tuple[int, int]]:
    """Neighbours joined until at most CELLS_MAX are left on each side; a mean passes over NaN."""
    by = tuple(max(1, -(-side // CELLS_MAX)) for side in table.shape)
    if by == (1, 1):
        return table, x, y, (1, 1)
    rows, columns = range(0, len(y), by[0]), range(0, len(x), by[1])
    made = np.full((len(rows), len(columns)), np.nan)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            block = table[row : row + by[0], column : column + by[1]]
            known = block[np.isfinite(block)]
            made[i, j] = known.mean() if len(known) else np.nan
    return made, [x[c] for c in columns], [y[r] for r in rows], (by[0], by[1])


def _text(value: object) -> str:
    return (
        plain(float(value))
        if isinstance(value, int | float | np.number) and not isinstance(value, bool)
        else str(value)
    )
