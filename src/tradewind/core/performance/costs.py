"""What trading cost, in quote currency, and how much was traded."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance.undefined import Figure, Undefined, ratio


def fees_paid(fills: NDArray[Any]) -> float:
    """Sum of the fees, quote currency; rebates count against them."""
    return float(fills["fee"].sum())


def slippage_paid(fills: NDArray[Any]) -> float:
    """What the fills' prices were worse than the market's, in quote currency. It is in the trades' prices already."""
    return float(fills["slippage"].sum())


def funding_paid(funding: NDArray[Any]) -> float:
    """Sum of the funding payments, quote currency; negative when more was received than paid."""
    return float(funding["paid"].sum())


def turnover(fills: NDArray[Any], equity: NDArray[np.float64]) -> Figure:
    """Value traded (buys and sells) / mean equity, over the whole run: 2 is the account bought and sold once.

    Undefined unless the mean equity is positive. Source: Bacon (2008), chapter 2, here not halved and not annualised.
    """
    mean = float(equity.mean()) if len(equity) else 0.0
    if mean <= 0.0:
        return Undefined("the mean equity is not positive")
    return ratio(float((fills["size"] * fills["price"]).sum()), mean, "the mean equity is not positive")


def exposure_time(exposure: NDArray[Any] | None) -> Figure:
    """Share of the bars at whose close a position was open, 0 to 1. `exposure` (n) is zero or false where none was."""
    if exposure is None or len(exposure) == 0:
        return Undefined("the run did not record its exposure")
    return float(np.count_nonzero(exposure)) / len(exposure)
