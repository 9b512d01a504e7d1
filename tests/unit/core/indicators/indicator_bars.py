"""Seeded bars for the indicator tests: a random walk with gaps, ties, flat stretches and quiet volume."""

import numpy as np

HOUR_NS = 3_600_000_000_000


def on_ticks(bars, tick):
    """The same bars on a coarse price grid, where equal closes, highs and lows are common."""
    prices = ("open", "high", "low", "close")
    return {name: np.round(column / tick) * tick if name in prices else column for name, column in bars.items()}


def random_bars(seed=7, rows=400, price=100.0, spread=0.01):
    rng = np.random.default_rng(seed)
    close = price * np.exp(np.cumsum(rng.normal(0, spread, rows)))
    opened = np.r_[close[0], close[:-1]] * (1 + rng.normal(0, spread / 5, rows))
    high = np.maximum(opened, close) * (1 + abs(rng.normal(0, spread / 3, rows)))
    low = np.minimum(opened, close) * (1 - abs(rng.normal(0, spread / 3, rows)))
    tied = rng.random(rows) < 0.1  # highs and lows that repeat, for the rules on equals
    high[1:] = np.where(tied[1:], np.maximum(high[:-1], high[1:]), high[1:])
    return {
        "open": opened,
        "high": high,
        "low": low,
        "close": close,
        "volume": rng.gamma(2.0, 50.0, rows),
        "time": np.arange(rows, dtype=np.int64) * HOUR_NS,
    }


def flat_bars(rows=80, price=100.1, volume=5.0):
    level = np.full(rows, price)
    return {
        "open": level,
        "high": level,
        "low": level,
        "close": level,
        "volume": np.full(rows, volume),
        "time": np.arange(rows, dtype=np.int64) * HOUR_NS,
    }
