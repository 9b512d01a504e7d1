"""The best of many worthless trials does not pass, a strategy with an edge does, and short trials beside them do not
change either: for seeded noise of which we know that it is worth nothing.
"""

from __future__ import annotations

import math

import numpy as np

from tradewind.adapters.trials.sqlite_trials import tally_of
from tradewind.core.domain.trials import Tally
from tradewind.core.performance.deflation import dsr
from tradewind.core.performance.significance import psr
from tradewind.research.counting import sharpe_ratios

DAYS, TRIALS, REPEATS = 500, 60, 300
SURE = 0.95


def group(returns: np.ndarray) -> tuple[int, int, int, float, float]:
    ratios = sharpe_ratios(returns)
    return returns.shape[1], len(ratios), len(ratios), float(ratios.mean()), float((ratios**2).sum())


def markets(edge: float = 0.0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Repeated searches: daily returns (trials, days) and those of the best; `edge` is a Sharpe ratio a day."""
    chance = np.random.default_rng(11)
    found = []
    for _ in range(REPEATS):
        returns = chance.normal(0.0, 0.01, (TRIALS, DAYS))
        returns[0] += edge * 0.01
        found.append((returns, returns[np.argmax(sharpe_ratios(returns))]))
    return found


def passed(judged: list[float]) -> float:
    return float(np.mean([figure > SURE for figure in judged]))


def test_the_best_of_many_worthless_trials_is_hardly_ever_taken_for_an_edge() -> None:
    searches = markets()
    assert passed([psr(best) for _, best in searches]) > 0.9, "taken alone the best one looks sure"
    deflated = [dsr(best, tally_of([group(returns)])) for returns, best in searches]
    assert passed(deflated) < 0.1
    assert 0.35 < float(np.mean(deflated)) < 0.65, "it is as good as the luck that was reckoned with"


def test_an_edge_that_is_larger_than_luck_passes() -> None:
    deflated = [dsr(best, tally_of([group(returns)])) for returns, best in markets(edge=0.3)]
    assert passed(deflated) > 0.9


def test_short_trials_beside_long_ones_make_the_bar_neither_low_nor_out_of_reach() -> None:
    chance = np.random.default_rng(12)
    short = group(chance.normal(0.0, 0.01, (600, 30)))  # a walk-forward's windows
    noise = [dsr(best, tally_of([group(returns), short])) for returns, best in markets()]
    edge = [dsr(best, tally_of([group(returns), short])) for returns, best in markets(edge=0.3)]
    assert passed(noise) < 0.1
    assert passed(edge) > 0.9
    # By the plain variance of all Sharpe ratios, long and short alike, the edge would be lost in the windows' noise.
    returns, best = markets(edge=0.3)[0]
    ratios = np.concatenate([sharpe_ratios(returns), np.random.default_rng(12).normal(0.0, 1 / math.sqrt(30), 600)])
    plain = Tally(len(ratios), len(ratios), float(ratios.var(ddof=1)) * DAYS)
    assert dsr(best, plain) < SURE < dsr(best, tally_of([group(returns), short]))
