"""Markets of which it is known whether there is anything to find in them: noise, and planted edges.

All are four-hour bars of a perpetual with a volatility of about 3 % a day. The same kind, strength and seed make the
same bars.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tradewind import Bars, Strategy, SyntheticMarket, param, synthetic_market

Array = np.ndarray[Any, Any]
Moves = tuple[Array, Array]
"""Logarithmic moves from close to close (n), and the standard deviation inside each bar (n)."""
Make = Callable[[Any, int, float], Moves]
SYMBOL, TIMEFRAME, A_DAY = "MADE/USDT:USDT", "4h", 6
STEP_NS = 4 * 3_600_000_000_000
START_NS = 1_577_836_800_000_000_000  # 2020-01-01
VOLATILITY = 0.03 / math.sqrt(A_DAY)
PRICE = 20_000.0
SEASON = (3, 2)
"""The bar of the day from which the season lasts, and for how many bars."""


class HourOfDay(Strategy):
    """Long from one bar of the day on, for some bars."""

    first = param(0, low=0, high=5, help="bar of the day before which it buys")
    bars = param(2, low=1, high=5, help="bars it holds")

    def setup(self) -> None:
        """Nothing to remember but the clock."""

    def on_bar(self, bar: Any) -> None:
        """Orders are filled at the next bar's open, so the decision falls on the bar before."""
        coming = (bar.time // STEP_NS + 1) % A_DAY
        if self.direction > 0 and coming == (self.first + self.bars) % A_DAY:
            self.close()
        elif self.direction == 0 and coming == self.first:
            self.buy()


def walk(random: Any, count: int, strength: float) -> Moves:
    """A random walk: nothing to find. `strength` is a drift, as a Sharpe ratio a year of buying and holding."""
    drift = strength / math.sqrt(365 * A_DAY) * VOLATILITY
    return drift + VOLATILITY * random.standard_normal(count), np.full(count, VOLATILITY)


def garch(random: Any, count: int, _: float) -> Moves:
    """Volatility that clusters (GARCH(1, 1), normal shocks): nothing to find in the direction."""
    persistence, reaction = 0.90, 0.08
    shocks, variance = random.standard_normal(count), VOLATILITY**2
    base = (1.0 - persistence - reaction) * VOLATILITY**2
    found, deviation = np.empty(count), np.empty(count)
    for i in range(count):
        deviation[i] = math.sqrt(variance)
        found[i] = deviation[i] * shocks[i]
        variance = base + reaction * found[i] ** 2 + persistence * variance
    return found, deviation


def shuffled(random: Any, count: int, _: float) -> Moves:
    """Moves as a market has them (regimes, jumps, fat tails), in blocks of two days in another order."""
    seed = int(random.integers(2**31))
    made = SyntheticMarket(symbols=(SYMBOL,), timeframe=TIMEFRAME, bars=count + 1, seed=seed)
    bars: Any = synthetic_market(made)[0]
    moves = np.diff(np.log(bars.close))
    block = 2 * A_DAY
    order = random.permutation(-(-count // block))
    rows = (order[:, None] * block + np.arange(block)).ravel()
    moved = moves[rows[rows < count]]
    moved = moved - moved.mean()
    # How wild a bar was inside is told by the block it stands in.
    near = np.sqrt(np.convolve(moved**2, np.ones(block) / block, "same"))
    return moved, near


def trend(random: Any, count: int, strength: float) -> Moves:
    """A drift that stays on one side for ten days on average; `strength` is its size over the volatility, a day."""
    turns = random.random(count) < 1.0 / (10 * A_DAY)
    side = np.where(np.cumsum(turns) % 2 == 0, 1.0, -1.0)
    # Strength is told a day, and a day has the volatility of its bars times the root of their number.
    drift = strength * VOLATILITY / math.sqrt(A_DAY) * side
    return drift + VOLATILITY * random.standard_normal(count), np.full(count, VOLATILITY)


def reversion(random: Any, count: int, strength: float) -> Moves:
    """A random walk, and on it a part that returns with a half-life of a day; `strength` is that part's deviation."""
    keep = 0.5 ** (1.0 / A_DAY)
    shocks = strength * math.sqrt(1.0 - keep**2) * random.standard_normal(count)
    part, value = np.empty(count), 0.0
    for i in range(count):
        value = keep * value + shocks[i]
        part[i] = value
    moves = np.diff(part, prepend=0.0) + 0.5 * VOLATILITY * random.standard_normal(count)
    return moves, np.full(count, math.hypot(strength * math.sqrt(1.0 - keep**2), 0.5 * VOLATILITY))


def season(random: Any, count: int, strength: float) -> Moves:
    """A drift in two bars of each day; `strength` is what it brings a day."""
    inside = (np.arange(count) % A_DAY - SEASON[0]) % A_DAY < SEASON[1]
    moves = VOLATILITY * random.standard_normal(count) + np.where(inside, strength / SEASON[1], 0.0)
    return moves, np.full(count, VOLATILITY)


NOISE: dict[str, tuple[Make, float]] = {
    "random walk": (walk, 0.0),
    "random walk that drifts up": (walk, 1.0),
    "clustered volatility": (garch, 0.0),
    "shuffled blocks": (shuffled, 0.0),
}
EDGES: dict[str, Make] = {"trend": trend, "reversion": reversion, "season": season}


def bars_of(make: Make, strength: float, count: int, seed: int) -> Bars:
    """Bars whose closes move as `make` says, their highs and lows those of a path without gaps inside the bar.

    The highest point of a Brownian bridge from a to b with variance v is (a + b + sqrt((b - a)^2 - 2 v ln U)) / 2, U
    uniform; the lowest mirrors it. A path in few steps would not do: it jumps over the levels of stops, which are
    filled at their level, and so makes a present of the jump to every strategy with tight stops.
    """
    random = np.random.Generator(np.random.PCG64([seed, count]))
    moves, deviation = make(random, count, strength)
    moves = moves - deviation**2 / 2.0  # so that noise is a fair game in money and not in logarithms
    ends = np.cumsum(moves)
    starts = np.concatenate([[0.0], ends[:-1]])
    reach = [np.sqrt(moves**2 - 2.0 * deviation**2 * np.log(1.0 - random.random(count))) for _ in range(2)]
    opened, close = PRICE * np.exp(starts), PRICE * np.exp(ends)
    high = np.maximum(np.maximum(opened, close), PRICE * np.exp((starts + ends + reach[0]) / 2.0))
    low = np.minimum(np.minimum(opened, close), PRICE * np.exp((starts + ends - reach[1]) / 2.0))
    time = START_NS + np.arange(count, dtype=np.int64) * STEP_NS
    return Bars(SYMBOL, TIMEFRAME, time, opened, high, low, close, np.full(count, 1_000.0))
