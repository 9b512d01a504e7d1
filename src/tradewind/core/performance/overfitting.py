"""How often the best of many tries in one half of the data is below the middle in the other half (PBO by CSCV)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.quantities import too_few
from tradewind.core.performance.undefined import Figure, Undefined

Array = NDArray[np.float64]
BLOCKS_MAX = 20
ROWS_MIN = 2
"""Rows of a block, below which its halves have no Sharpe ratio worth the name."""
ROUNDING = 1e-12
CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True)
class Overfitting:
    """What the halves said. Arrays have one value for each split (n) in which a best one could be chosen."""

    pbo: float
    """Probability of backtest overfitting, 0 to 1: splits whose choice fell below the median out of sample."""
    logits: Array
    """ln(w / (1 - w)) of the choice's relative rank w out of sample; negative is below the median."""
    chosen: NDArray[np.int64]
    """Column that was best in sample."""
    sharpe_in: Array
    """The choice's Sharpe ratio per period in sample, and out of sample; -inf where it lost everything there."""
    sharpe_out: Array
    degradation: Figure
    """Slope of out-of-sample on in-sample Sharpe ratios over the splits whose choice did not lose everything; negative:
    the better it looked, the worse."""
    probability_of_loss: float
    """Share of the splits whose choice has a Sharpe ratio below zero out of sample."""
    splits: int
    """Splits in all; those without a Sharpe ratio to choose by or to judge by are not counted in the figures."""
    rows_dropped: int
    """Oldest rows that did not fill a block."""


def probability_of_overfitting(returns: Array, blocks: int = 16) -> Overfitting | Undefined:
    """Combinatorially symmetric cross-validation over `returns` (periods, configurations), judged by Sharpe ratios.

    The periods are cut into `blocks` of equal length; every choice of half of them is once the sample in which the best
    configuration is picked, the rest where it is ranked (ties share a rank). A choice at the median counts half, so
    that worthless configurations give 0.5 on average, whatever their number. A configuration without variance in a half
    has no Sharpe ratio there: it is neither picked nor ranked. One that loses everything in a period (a return of -1 or
    less) is below all others in each half that holds this period: it is not picked there, and picked elsewhere it ranks
    last. To leave it out would be to know of its end beforehand.

    Undefined for fewer than two configurations that ever move, numbers that are not finite, or too few periods. Raises
    BadInput for a number of blocks that is odd or outside 2 to 20, or an array of another shape. Source: Bailey,
    Borwein, Lopez de Prado and Zhu, "The Probability of Backtest Overfitting", Journal of Computational Finance, 2015.
    """
    if blocks % 2 or not 2 <= blocks <= BLOCKS_MAX:
        raise BadInput(f"the number of blocks is even and from 2 to {BLOCKS_MAX}, not {blocks}", fix="16 is usual")
    values = np.asarray(returns, np.float64)
    if values.ndim != 2:
        raise BadInput(
            f"returns have the shape {values.shape}",
            fix="Give a row for each period and a column for each configuration",
        )
    refused = _unfit(values, blocks)
    if refused is not None:
        return refused
    rows = len(values) // blocks
    dropped = len(values) - rows * blocks
    picks = np.array(list(combinations(range(blocks), blocks // 2)))
    chosen = np.empty(len(picks), np.int64)
    best_in, best_out, rank = (np.empty(len(picks)) for _ in range(3))
    halves = _Halves.of(values[dropped:], blocks)
    # A few splits at a time: all of them at once would need gigabytes for thousands of configurations.
    at_once = max(1, CELLS_AT_ONCE // values.shape[1])
    for start in range(0, len(picks), at_once):
        some = slice(start, start + at_once)
        first, second = halves.sharpes(picks[some])
        unknown = np.isnan(first)
        chosen[some] = np.argmax(np.where(unknown, -np.inf, first), axis=1)
        every = np.arange(len(first))
        best_in[some], best_out[some] = first[every, chosen[some]], second[every, chosen[some]]
        rank[some] = _relative_rank(second, best_out[some])
    usable = np.isfinite(best_in) & ~np.isnan(best_out)
    if not usable.any():
        return Undefined("no split has a configuration with a Sharpe ratio in both halves")
    logits = np.log(rank[usable] / (1.0 - rank[usable]))
    below = np.where(np.abs(logits) < ROUNDING, 0.5, (logits < 0.0).astype(np.float64))
    return Overfitting(
        pbo=float(below.mean()),
        logits=logits,
        chosen=chosen[usable],
        sharpe_in=best_in[usable],
        sharpe_out=best_out[usable],
        degradation=_slope(best_in[usable & ~np.isinf(best_out)], best_out[usable & ~np.isinf(best_out)]),
        probability_of_loss=float(np.mean(best_out[usable] < 0.0)),
        splits=len(picks),
        rows_dropped=dropped,
    )


def _unfit(values: Array, blocks: int) -> Undefined | None:
    """Why there is nothing to say about these returns, if so."""
    if len(values) < blocks * ROWS_MIN:
        return Undefined(f"{too_few(len(values), 'period')} for {blocks} blocks of at least {ROWS_MIN}")
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = (int(v) for v in bad[0])
        return Undefined(f"configuration {column} has the return {values[row, column]} in period {row}")
    moving = np.ptp(values, axis=0) > ROUNDING * np.abs(values).max(axis=0)
    if np.count_nonzero(moving) < 2:
        return Undefined("fewer than two configurations whose returns are not all equal")
    return None


@dataclass(frozen=True, slots=True)
class _Halves:
    """Sums by block (blocks, configurations), about each configuration's mean so that they keep their digits.

    `ends` says in which block a configuration lost everything, 1.0, or not, 0.0.
    """

    mean: Array
    sums: Array
    squares: Array
    ends: Array
    rows: int

    @classmethod
    def of(cls, values: Array, blocks: int) -> _Halves:
        mean = values.mean(axis=0)
        shape = (blocks, -1, values.shape[1])
        cut = (values - mean).reshape(shape)
        ends = np.asarray((values <= -1.0).reshape(shape).any(axis=1), np.float64)
        return cls(mean, cut.sum(axis=1), (cut**2).sum(axis=1), ends, len(values) // 2)

    def sharpes(self, picks: NDArray[np.int64]) -> tuple[Array, Array]:
        """Sharpe ratios per period of the picked blocks and of the others, each (splits, configurations)."""
        inside = np.zeros((len(picks), len(self.sums)))
        np.put_along_axis(inside, picks, 1.0, axis=1)
        one = [inside @ sums for sums in (self.sums, self.squares, self.ends)]
        whole = [sums.sum(axis=0) for sums in (self.sums, self.squares, self.ends)]
        return self._sharpe(*one), self._sharpe(*(a - b for a, b in zip(whole, one, strict=True)))

    def _sharpe(self, sums: Array, squares: Array, ends: Array) -> Array:
        spread = (squares - sums**2 / self.rows) / (self.rows - 1)
        flat = spread <= ROUNDING * squares / self.rows
        found = np.where(flat, np.nan, (self.mean + sums / self.rows) / np.sqrt(np.where(flat, 1.0, spread)))
        return np.where(ends > 0.0, -np.inf, found)


def _relative_rank(others: Array, choice: Array) -> Array:
    """Rank of `choice` among `others` (splits, configurations; itself included) over their number + 1, in (0, 1)."""
    ranked = np.count_nonzero(~np.isnan(others), axis=1)
    below = np.count_nonzero(others < choice[:, None], axis=1)
    equal = np.count_nonzero(others == choice[:, None], axis=1)
    return np.asarray((below + (equal + 1) / 2.0) / (ranked + 1.0), np.float64)


def _slope(x: Array, y: Array) -> Figure:
    if len(x) == 0:
        return Undefined("every choice lost everything out of sample")
    centred = x - x.mean()
    below = float(centred @ centred)
    if below <= ROUNDING * float(x @ x):
        return Undefined("the in-sample Sharpe ratios are all equal")
    return float(centred @ (y - y.mean())) / below
