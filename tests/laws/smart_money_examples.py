"""An example of every smart-money indicator with short lengths, and markets full of swings, ties and gaps."""

import numpy as np
from hypothesis import strategies as st
from indicator_examples import HOUR_NS, bars_of

from tradewind.core.indicators import (
    DealingRange,
    FairValueGaps,
    Liquidity,
    MarketStructure,
    OrderBlocks,
    PreviousHighLow,
    Retracements,
    Session,
    SessionProfile,
    Swings,
    VolumeProfile,
    smart_money,
)

EXAMPLES = {
    "Swings(1)": lambda: Swings(1),
    "Swings(3)": lambda: Swings(3),
    "MarketStructure(1)": lambda: MarketStructure(1),
    "MarketStructure(2) on wicks": lambda: MarketStructure(2, break_on="wick"),
    "OrderBlocks(1)": lambda: OrderBlocks(1),
    "OrderBlocks(2) on closes": lambda: OrderBlocks(2, mitigate_on="close"),
    "FairValueGaps": FairValueGaps,
    "FairValueGaps joined": lambda: FairValueGaps(join=True),
    "Liquidity(1)": lambda: Liquidity(1, range_percent=20.0),
    "Liquidity(2) of a width": lambda: Liquidity(2, width=5.0),
    "Retracements(1)": lambda: Retracements(1),
    "DealingRange(2)": lambda: DealingRange(2),
    "PreviousHighLow": lambda: PreviousHighLow("4h"),
    "Session": lambda: Session("Sydney"),
    "VolumeProfile": lambda: VolumeProfile(5, rows=6),
    "SessionProfile": lambda: SessionProfile("4h", rows=6),
}
assert {make().__class__.__name__ for make in EXAMPLES.values()} == {
    name for name in smart_money.__all__ if name != "SESSIONS"
}

# Whole percents make equal highs and lows common, and single steps make many turns.
MOVE = st.tuples(st.integers(-2, 2), st.integers(-4, 4), st.integers(0, 2), st.integers(0, 2))
BAR = st.tuples(MOVE, st.sampled_from([0.0, 1.0, 37.5]))


def bars_from(rows):
    return bars_of([move for move, _ in rows], [volume for _, volume in rows])


def grid_bars(steps):
    """Bars on whole prices, from (gap, body, wick above, wick below) in points, so that equals are exactly equal."""
    steps = np.asarray(steps, dtype=float)
    close = 1_000.0 + np.cumsum(steps[:, 0] + steps[:, 1])
    opened = close - steps[:, 1]
    return {
        "open": opened,
        "high": np.maximum(opened, close) + steps[:, 2],
        "low": np.minimum(opened, close) - steps[:, 3],
        "close": close,
        "volume": np.ones(len(close)),
        "time": np.arange(len(close), dtype=np.int64) * HOUR_NS,
    }


WALK = st.tuples(st.integers(0, 2**32 - 1), st.integers(3, 160))
"""Seed and length of a walk: longer than lists that hypothesis draws, so that patterns of several swings are common."""


def walk(seed_and_rows):
    seed, rows = seed_and_rows
    rng = np.random.default_rng(seed)
    gap = rng.choice((0, 0, 0, 0, -1, 1), rows)
    reach = rng.integers(1, 5)
    body, wicks = rng.integers(-reach, reach + 1, rows), rng.integers(0, rng.integers(1, 4), (2, rows))
    return grid_bars(np.column_stack((gap, body, *wicks)))
