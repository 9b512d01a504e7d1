"""Small drawings as SVG: they need no script, print well and follow the page's colours."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from tradewind.research.reports.axes import Axis, axis
from tradewind.research.reports.wording import number, percent

WIDTH, HEIGHT = 420, 260
LEFT, RIGHT, TOP, BOTTOM = 46, 20, 26, 40
POINTS_MAX = 1500
BINS = 31


def distribution(returns: NDArray[np.float64]) -> Markup:
    """How many trades made which return: a histogram whose bins do not straddle zero."""
    low, high = min(0.0, float(returns.min())), max(0.0, float(returns.max()))
    width = (high - low) / BINS or 0.001
    below, above = math.ceil(-low / width - 1e-9), math.ceil(high / width - 1e-9)
    edges = np.arange(-below, max(above, 1 - below) + 1) * width
    # The outermost trades lie on the outermost edges, give or take the rounding of a division.
    which = np.clip(np.floor(returns / width).astype(np.int64) + below, 0, len(edges) - 2)
    counts = np.bincount(which, minlength=len(edges) - 1)
    x = Axis(float(edges[0]), float(edges[-1]), LEFT, WIDTH - RIGHT, ())
    x_ticks = [tick for tick in axis(x.low, x.high, 0, 1).ticks if x.low <= tick <= x.high]
    y = axis(0.0, float(counts.max()), HEIGHT - BOTTOM, TOP, 4)
    bars = []
    for i in np.flatnonzero(counts):
        left, right = x.at(float(edges[i])), x.at(float(edges[i + 1]))
        top = y.at(float(counts[i]))
        tip = f"{percent(float(edges[i]))} to {percent(float(edges[i + 1]))}: {counts[i]}"
        bars.append(
            f'<rect class="{"gain" if edges[i] >= -1e-12 else "loss"}" x="{left + 0.5:.1f}" y="{top:.1f}"'
            f' width="{max(right - left - 1, 0.5):.1f}" height="{y.start - top:.1f}"><title>{tip}</title></rect>'
        )
    frame = _frame(x, x_ticks, y, [t for t in y.ticks if t == int(t)], percent, lambda v: number(v, 0))
    return _svg("Distribution of trade returns", frame + "".join(bars), "Return of a trade", "Trades")


def excursions(trades: NDArray[Any]) -> Markup:
    """Each trade by how far it went against (across) and for (up) its entry; the latest POINTS_MAX trades."""
    shown = trades[-POINTS_MAX:]
    against, ahead = -shown["drawdown"], shown["run_up"]
    x = axis(0.0, float(against.max()), LEFT, WIDTH - RIGHT)
    y = axis(0.0, float(ahead.max()), HEIGHT - BOTTOM, TOP)
    marks = {"gain": "", "loss": ""}
    for back, best, pnl in zip(against.tolist(), ahead.tolist(), shown["pnl"].tolist(), strict=True):
        across, up = f"{x.at(back):.1f}", f"{y.at(best):.1f}"
        if pnl > 0:
            marks["gain"] += f"M{across} {up}h0"
        else:  # a cross, so that colour alone does not tell
            marks["loss"] += f"M{across} {up}m-2-2l4 4m0-4l-4 4"
    paths = "".join(f'<path class="mark {kind}" d="{path}"/>' for kind, path in marks.items() if path)
    frame = _frame(x, x.ticks, y, y.ticks, percent, percent)
    return _svg("Run-up and drawdown of each trade", frame + paths, "Furthest against the trade", "Furthest for it")


def _frame(x: Axis, x_ticks: Any, y: Axis, y_ticks: Any, x_text: Any, y_text: Any) -> str:
    parts = []
    for tick in y_ticks:
        at = f"{y.at(tick):.1f}"
        parts.append(f'<path class="grid" d="M{LEFT} {at}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{at}" dy="0.32em" text-anchor="end">{_short(y_text(tick))}</text>')
    for tick in x_ticks:
        at = f"{x.at(tick):.1f}"
        parts.append(f'<path class="grid" d="M{at} {y.start}v4"/>')
        parts.append(f'<text x="{at}" y="{y.start + 17}" text-anchor="middle">{_short(x_text(tick))}</text>')
    parts.append(f'<path class="axis" d="M{LEFT} {y.start}H{WIDTH - RIGHT}"/>')
    return "".join(parts)


def _short(text: str) -> str:
    """`2.00 %` as `2 %`: ticks are round."""
    if "." not in text:
        return text
    whole, rest = text.split(".", 1)
    digits = "".join(c for c in rest if c.isdigit()).rstrip("0")
    unit = rest.lstrip("0123456789")
    return f"{whole}.{digits}{unit}" if digits else f"{whole}{unit}"


def _svg(title: str, inner: str, across: str, up: str) -> Markup:
    # Every text in here is made of numbers and the constants above: nothing of it comes from a user.
    return Markup(  # noqa: S704
        f'<svg class="drawing" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">{inner}'
        f'<text class="label" x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">{across} →</text>'
        f'<text class="label" x="4" y="12">↑ {up}</text></svg>'
    )
