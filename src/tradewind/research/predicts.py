"""Whether numbers, one a bar, go with the bars that follow them as nothing made of the past could."""

from __future__ import annotations

from typing import Any

import numpy as np

from tradewind.core.engine.market_data import MarketData

Array = np.ndarray[Any, Any]
CORRELATION_MIN = 0.2
STANDARD_ERRORS = 6.0
PAST_TIMES = 2.0
"""A correlation counts from so much on, at so many standard errors, and at so many times what the past reaches."""
LENGTH_FAIR = 36
"""So many independent pairs, twice, are the least by which a correlation can be told from chance."""
AHEAD_BARS = (1, 5, 20)


def goes_with(numbers: Array, close: Array) -> bool:
    """Whether numbers, one a bar, have anything to do with a market: its level, its moves, or those to come."""
    rows = min(len(numbers), len(close)) - max(AHEAD_BARS)
    if rows < 2 * LENGTH_FAIR:
        return True
    moves = [close[ahead : ahead + rows] / close[:rows] - 1.0 for ahead in AHEAD_BARS]
    seen = max(
        abs(_correlation(numbers[:rows], each[:rows])) for each in (close, np.abs(moves[0]), *moves, *_past(close))
    )
    return bool(seen > max(CORRELATION_MIN, STANDARD_ERRORS / np.sqrt(rows)))


def goes_with_next_returns(numbers: Array, close: Array) -> tuple[float, int] | None:
    """The rank correlation of `numbers` (n) with the return of the next bars, and of how many; None where it is usual.

    It is unusual where it is far above chance and far above what the price's own last moves reach on the same bars.
    """
    found: tuple[float, int] | None = None
    for ahead in AHEAD_BARS:
        rows = min(len(numbers), len(close)) - ahead
        if rows < 2 * LENGTH_FAIR:
            continue
        later = close[ahead : ahead + rows] / close[:rows] - 1.0
        seen = abs(_correlation(numbers[:rows], later))
        past = max(abs(_correlation(each[:rows], later)) for each in _past(close))
        # Returns over several bars overlap: fewer of them are independent.
        chance = STANDARD_ERRORS * np.sqrt(ahead / rows)
        if seen > max(CORRELATION_MIN, chance, PAST_TIMES * past) and (found is None or seen > found[0]):
            found = (float(seen), ahead)
    return found


def foretelling(decided: Array, data: MarketData) -> tuple[float, int] | None:
    """The same of decisions: by how many standard errors the returns after them go their way, over how many bars."""
    found: tuple[float, int] | None = None
    for ahead in AHEAD_BARS:
        gains = []
        for symbol in range(len(data.symbols)):
            rows = data.symbol == symbol
            close, time = data.close[rows], data.time[rows] + data.step
            mine = decided[(decided["symbol"] == symbol) & (decided["action"] == 1)]
            at = np.searchsorted(time, mine["time"])
            held = at + ahead < len(close)
            moves = close[at[held] + ahead] / close[at[held]] - 1.0
            # What the market did anyway is no foresight: buying on any day of a long rise gains.
            all_moves = close[ahead:] / close[:-ahead] - 1.0
            gains.append(mine["side"][held] * (moves - all_moves.mean()) / (all_moves.std() or 1.0))
        gain = np.concatenate(gains)
        if len(gain) >= 10:
            errors = float(gain.mean() * np.sqrt(len(gain) / ahead))
            if errors > STANDARD_ERRORS and (found is None or errors > found[0]):
                found = (errors, ahead)
    return found


def _past(close: Array) -> list[Array]:
    """What the past says of a price in the simplest ways: its last moves, and where it stands among its last."""
    made = [np.concatenate([np.zeros(back), close[back:] / close[:-back] - 1.0]) for back in (1, 5, 20)]
    steps = np.concatenate([[0.0], np.cumsum(close)])
    mean = np.concatenate([close[:20], (steps[21:] - steps[1:-20]) / 20.0])
    return [*made, close / mean - 1.0]


def _correlation(one: Array, other: Array) -> float:
    known = np.isfinite(one) & np.isfinite(other)
    a, b = _ranks(one[known]), _ranks(other[known])
    if len(a) < 2 or a.std() == 0.0 or b.std() == 0.0:
        return 0.0
    return float(((a - a.mean()) * (b - b.mean())).mean() / (a.std() * b.std()))


def _ranks(values: Array) -> Array:
    """Ranks from 0, equal values at the middle of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count + 1) / 2.0
    ranks: Array = middle[place]
    return ranks
