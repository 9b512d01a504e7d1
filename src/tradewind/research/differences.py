"""Where two runs of one strategy, or two makings of one column, first differ; and a decision in words."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
CLOSE = 1e-9
"""Numbers this near to each other, relative to themselves, are equal but for rounding."""
ROUNDING = 1e-12
"""Nor can a column differ by less than this share of its largest number: sums over it round by that much."""
EXACT = ("time", "order", "symbol", "action", "side", "kind", "flags", "expires")
ROUNDED = ("size", "limit", "stop", "stop_loss", "take_profit", "trail")
PRICES_SAID = (("limit", "limit"), ("stop", "stop"), ("stop_loss", "stop-loss"), ("take_profit", "target"),
               ("trail", "trail"))  # fmt: skip


def first_other_decision(whole: Array, part: Array) -> int | None:
    """The first row at which two records of decisions are not the same, or None. Prices and sizes may be rounded."""
    rows = min(len(whole), len(part))
    other = np.zeros(rows, bool)
    for name in EXACT:
        other |= whole[name][:rows] != part[name][:rows]
    for name in ROUNDED:
        other |= numbers_differ(whole[name][:rows], part[name][:rows])
    found = np.flatnonzero(other)
    if len(found):
        return int(found[0])
    return rows if len(whole) != len(part) else None


def numbers_differ(one: Array, other: Array, scale: float = 0.0) -> Array:
    """Which numbers are not the same but for rounding; NaN is the same as NaN. `scale` is the largest beside them."""
    both = np.isnan(one) & np.isnan(other)
    with np.errstate(invalid="ignore"):
        near = np.abs(one - other) <= CLOSE * np.maximum(np.abs(one), np.abs(other)) + ROUNDING * scale
    differ: Array = ~(both | (one == other) | near)
    return differ


def column_differs(whole: Array, part: Array) -> Array:
    """Which rows of a column are not the same but for rounding."""
    finite = np.abs(whole[np.isfinite(whole)])
    return numbers_differ(whole, part, float(finite.max()) if len(finite) else 0.0)


def decision_text(row: Any, symbols: tuple[str, ...]) -> str:
    """`buy BTC/USDT at the market, stop-loss 95.2`: one decision as a person reads it."""
    action, symbol = int(row["action"]), symbols[int(row["symbol"])]
    if action == 2:
        return f"cancel order {int(row['order'])}" if row["order"] else "cancel every order"
    words = [f"protect {symbol}" if action == 3 else f"{'buy' if row['side'] > 0 else 'sell'} {symbol}"]
    if action == 1 and np.isnan(row["limit"]) and np.isnan(row["stop"]):
        words[0] += " at the market"
    if not np.isnan(row["size"]):
        words.append(f"size {row['size']:.8g}")
    words += [f"{said} {row[name]:.10g}" for name, said in PRICES_SAID if not np.isnan(row[name])]
    return ", ".join(words)


def decision_at(decisions: Array, index: int, symbols: tuple[str, ...]) -> str:
    """The decision at `index` in words, or that there is none."""
    return decision_text(decisions[index], symbols) if index < len(decisions) else "nothing"
