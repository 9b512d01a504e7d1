"""One example of every exported indicator, built from its own signature, and bars to feed them."""

import inspect

import numpy as np

from tradewind.core import indicators
from tradewind.core.indicators import smart_money
from tradewind.core.indicators.indicator import Indicator

HOUR_NS = 3_600_000_000_000
SMALL = {"length": 5, "since": 7 * HOUR_NS, "period": "4h"}
SMALL |= {"fast": 3, "slow": 6, "signal": 3, "rsi_length": 4, "atr_length": 6}
SMALL |= {"tenkan_length": 3, "kijun_length": 5, "senkou_length": 8, "displacement": 4}


def example(cls):
    """An indicator of this class with short windows, so that short histories get past its warm-up."""
    names = inspect.signature(cls).parameters
    return cls(**{name: SMALL[name] for name in names if name in SMALL})


CLASSES = sorted(
    (
        thing
        for name in indicators.__all__
        if isinstance(thing := getattr(indicators, name), type)
        and thing is not Indicator
        and name not in smart_money.__all__
    ),
    key=lambda cls: cls.__name__,
)
"""All but the smart-money ones, whose labels are undefined on most bars: their laws stand in files of their own."""
NAMES = [cls.__name__ for cls in CLASSES]

MAY_BE_UNDEFINED = {"VWMA", "VWAP", "AnchoredVWAP", "ZScore", "BollingerBands"}
"""These document a NaN after their warm-up: no volume, or no spread."""


def bars_of(moves, volumes):
    """Bars from a list of (open gap, body, wick above, wick below) in percent, and volumes; prices stay above zero."""
    moves = np.asarray(moves, dtype=float) / 100.0
    body = 1.0 + moves[:, 1]
    gap = 1.0 + moves[:, 0]
    close = 100.0 * np.cumprod(gap * body)
    opened = close / body
    return {
        "open": opened,
        "high": np.maximum(opened, close) * (1.0 + abs(moves[:, 2])),
        "low": np.minimum(opened, close) * (1.0 - abs(moves[:, 3])),
        "close": close,
        "volume": np.asarray(volumes, dtype=float),
        "time": np.arange(len(close), dtype=np.int64) * HOUR_NS,
    }


def random_bars(seed, rows):
    rng = np.random.default_rng(seed)
    return bars_of(rng.normal(0.0, 1.0, (rows, 4)), rng.gamma(2.0, 50.0, rows))


def cut(bars, rows):
    return {name: column[:rows] for name, column in bars.items()}
