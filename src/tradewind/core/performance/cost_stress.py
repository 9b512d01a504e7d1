"""What is left of a run when trading costs more than was assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tradewind.core.performance.account_paths import in_order
from tradewind.core.performance.trade_results import TradeResults
from tradewind.core.performance.undefined import Figure, Undefined, ratio

FACTORS = (1.0, 1.5, 2.0, 3.0, 5.0)


@dataclass(frozen=True, slots=True)
class CostStress:
    """The same trades in their order, their fees and slippage multiplied by each of `factors` (n)."""

    factors: tuple[float, ...]
    total_return: tuple[float, ...]
    max_drawdown: tuple[float, ...]
    break_even: Figure
    """The factor at which the trades, at the sizes they had, earn nothing; below 1 they lose as it is."""


def cost_stress(results: TradeResults, factors: Sequence[float] = FACTORS) -> CostStress:
    """Run the account again with dearer trades. Funding is not stressed: it is the market's, not the broker's."""
    returns, drawdowns = [], []
    # In money: what a compounded account would have staked at other costs is another question.
    staked = np.ones(len(results.value))
    if results.compounded:
        staked[1:] = np.cumprod(1.0 + results.value)[:-1]
    spare = ratio(float(staked @ results.value), float(staked @ results.costs), "the trades had no costs")
    for factor in factors:
        outcomes = in_order(results.stressed(factor))
        returns.append(float(outcomes.final[0]) / results.initial - 1.0)
        drawdowns.append(float(outcomes.max_drawdown[0]))
    break_even = spare if isinstance(spare, Undefined) else 1.0 + spare
    return CostStress(tuple(factors), tuple(returns), tuple(drawdowns), break_even)
