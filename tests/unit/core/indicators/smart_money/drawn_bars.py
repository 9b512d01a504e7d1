"""Bars drawn by hand: a price that walks from turning point to turning point, one a bar."""

import numpy as np

HOUR_NS = 3_600_000_000_000
WICK = 0.25


def zigzag(*points, mirrored=False):
    """Bars that close on every whole price from point to point; each opens on the close before, wicks are 0.25."""
    closes = [float(points[0])]
    for point in points[1:]:
        step = 1.0 if point > closes[-1] else -1.0
        while closes[-1] != point:
            closes.append(closes[-1] + step)
    close = np.array(closes)
    open_ = np.concatenate(([close[0]], close[:-1]))
    bars = {"open": open_, "high": np.maximum(open_, close) + WICK, "low": np.minimum(open_, close) - WICK}
    bars |= {"close": close, "volume": np.arange(1.0, len(close) + 1.0), "time": times(len(close))}
    return upside_down(bars) if mirrored else bars


def times(rows, step_ns=HOUR_NS):
    return np.arange(rows, dtype=np.int64) * step_ns


def upside_down(bars, around=100.0):
    """The same market with up for down; prices around a round number keep their digits."""
    turned = bars | {name: around - bars[name] for name in ("open", "close")}
    return turned | {"high": around - bars["low"], "low": around - bars["high"]}


def bars_from(*rows):
    """Bars from (open, high, low, close) or (open, high, low, close, volume)."""
    columns = np.array([row if len(row) == 5 else (*row, 1.0) for row in rows], dtype=float).T
    return dict(zip(("open", "high", "low", "close", "volume"), columns, strict=True)) | {"time": times(len(rows))}


def told(results, *outputs):
    """{row: outputs} where `value` is a label."""
    rows = np.flatnonzero(np.nan_to_num(results["value"]))
    return {int(row): tuple(float(results[name][row]) for name in ("value", *outputs)) for row in rows}
