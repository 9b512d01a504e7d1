"""The few pieces of SVG that charts are made of. Texts are escaped here; everything else is numbers."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import escape

from tradewind.research.reports.wording import MINUS

LETTER = 6.4
"""Pixels of a digit at the size of a chart's text."""


def label(
    x: float, y: float, text: str, anchor: str = "middle", *, kind: str = "", tip: str = "", dy: float = 0.0
) -> str:
    """A text at a place: `anchor` start, middle or end; `dy` in heights of a letter."""
    named = f' class="{kind}"' if kind else ""
    lowered = f' dy="{dy}em"' if dy else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}"{lowered} text-anchor="{anchor}">{escape(text)}{hint(tip)}</text>'


def stroke(kind: str, d: str, *, opacity: float = 1.0, tip: str = "") -> str:
    """A path of a class; nothing where it has no points."""
    through = f' fill-opacity="{opacity:.3g}"' if opacity < 1.0 else ""
    return f'<path class="{kind}"{through} d="{d}">{hint(tip)}</path>' if d else ""


def bar(kind: str, left: float, top: float, width: float, height: float, tip: str) -> str:
    """An upright bar, never too thin to be seen."""
    return (
        f'<rect class="bar {kind}" x="{left:.1f}" y="{top:.1f}" width="{max(width, 0.6):.1f}"'
        f' height="{max(height, 0.6):.1f}">{hint(tip)}</rect>'
    )


def hint(text: str) -> str:
    """What a pointer over a mark shows."""
    return f"<title>{escape(text)}</title>" if text else ""


def level_line(y: float, start: float, end: float) -> str:
    """The `d` of a level line."""
    return f"M{start:.1f} {y:.1f}H{end:.1f}"


def upright(x: float, start: float, end: float) -> str:
    """The `d` of an upright line."""
    return f"M{x:.1f} {start:.1f}V{end:.1f}"


def box(x: float, y: float, width: float, height: float) -> str:
    """The `d` of a rectangle."""
    return f"M{x:.1f} {y:.1f}h{width:.1f}v{height:.1f}h{-width:.1f}z"


def path(points: Sequence[tuple[float, float]]) -> str:
    """The `d` of a line through points."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def short(text: str) -> str:
    """`2.00 %` as `2 %`: ticks are round."""
    if "." not in text or "e" in text:
        return text
    whole, rest = text.split(".", 1)
    digits = "".join(c for c in rest if c.isdigit()).rstrip("0")
    unit = rest.lstrip("0123456789")
    return f"{whole}.{digits}{unit}" if digits else f"{whole}{unit}"


def cut(text: str, letters: int) -> str:
    """A text of at most so many letters, with an ellipsis where something was cut off."""
    return text if len(text) <= letters else f"{text[: max(1, letters - 1)]}…"


def true_minus(text: str) -> str:
    """A hyphen before a number as the minus sign it is."""
    return text.replace("-", MINUS)
