"""The bars every contender runs on: one seed, one-minute steps, each open where the bar before it closed.

Prices are whole millionths, so that every contender (some round to an instrument's precision) sees the same numbers.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

SEED = 20_240_131
STEP_NS = 60_000_000_000
START_NS = 1_704_067_200_000_000_000  # 2024-01-01
DECIMALS = 6


def make(folder: Path, bars: int) -> None:
    """Write the columns to `folder`, one .npy file each."""
    rng = np.random.default_rng(SEED)
    close = np.round(100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.0005, bars))), DECIMALS)
    open_ = np.concatenate(([100.0], close[:-1]))
    wick = np.abs(rng.normal(0.0, 0.0003, (2, bars)))
    high = np.round(np.maximum(open_, close) * (1.0 + wick[0]), DECIMALS)
    low = np.round(np.minimum(open_, close) * (1.0 - wick[1]), DECIMALS)
    volume = np.round(rng.gamma(2.0, 50.0, bars) + 1.0, 3)
    time = START_NS + STEP_NS * np.arange(bars, dtype=np.int64)
    folder.mkdir(parents=True, exist_ok=True)
    for name, column in zip(
        ("time", "open", "high", "low", "close", "volume"), (time, open_, high, low, close, volume), strict=True
    ):
        np.save(folder / f"{name}.npy", column)


def load(folder: str, bars: int) -> dict[str, np.ndarray]:
    """The first `bars` rows of each column."""
    names = ("time", "open", "high", "low", "close", "volume")
    return {name: np.load(Path(folder) / f"{name}.npy")[:bars].copy() for name in names}


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
