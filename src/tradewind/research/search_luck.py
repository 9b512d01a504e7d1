"""What is left of the best set's Sharpe ratio once it is remembered how many sets were tried."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from tradewind.core.domain.trials import Tally
from tradewind.core.performance.deflated_sharpe import expected_best_sharpe
from tradewind.core.performance.deflation import dsr
from tradewind.core.performance.undefined import Figure, Undefined
from tradewind.research.bench import Scores
from tradewind.research.counting import sharpe_ratios

TOO_FEW = Undefined("fewer than two trials have a Sharpe ratio")


@dataclass(frozen=True)
class SearchLuck:
    """`trials` on this stretch of market and, where `counted`, all that anybody made there; else this search's own.

    `expected` is the Sharpe ratio a year that the best of so many worthless trials shows on average. `dsr` (0 to 1) is
    the probability that the best set's true Sharpe ratio is above that.
    """

    trials: int
    counted: bool
    expected: Figure
    dsr: Figure


def search_luck(
    scores: Scores, best: int | None, periods_per_year: float | None, ledger: Tally | None = None
) -> SearchLuck:
    """How much luck explains, by the ledger's trials where they were counted, else by those of this search.

    A set that could not be run is no trial: it had no result that could have looked good.
    """
    tally = ledger or tally_of(scores)
    periods = scores.returns.shape[1]
    expected: Figure = TOO_FEW
    if tally.judged > 1 and periods_per_year is not None:
        expected = expected_best_sharpe(tally.trials, tally.variance(periods))
        if not isinstance(expected, Undefined):
            expected *= math.sqrt(periods_per_year)
    figure: Figure = Undefined("no set was chosen")
    if best is not None:
        row = scores.returns[best]
        figure = Undefined("the account fell to zero or below") if np.isnan(row).any() else dsr(row, tally)
    return SearchLuck(tally.trials, ledger is not None, expected, figure)


def tally_of(scores: Scores) -> Tally:
    """The sets of one search as trials."""
    ratios = sharpe_ratios(scores.returns)
    known = ratios[~np.isnan(ratios)] * math.sqrt(max(1, scores.returns.shape[1]))
    spread = float(known.var(ddof=1)) if len(known) > 1 else math.nan
    return Tally(len(scores) - len(scores.failed), len(known), spread)


def as_if_worthless(tally: Tally) -> Tally:
    """The tally with no more spread than worthless trials have.

    What the best of N trials shows by luck is reckoned from the spread of their Sharpe ratios. Were none of them worth
    anything, their z (see Tally) would have a variance of at most 1, whatever they are: where it is more, trials differ
    in truth, some by what they earn and some by what they pay, and that difference is no luck. Without this limit a few
    sets that plainly lose make a set that plainly earns look lucky. Less spread than that, of trials that resemble each
    other, counts as it is.
    """
    return replace(tally, spread=1.0) if tally.spread > 1.0 else tally
