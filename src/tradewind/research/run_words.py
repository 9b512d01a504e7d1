"""A finished run in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind.core.domain.instants import instant_text
from tradewind.research.backtest import Backtest
from tradewind.research.prepared_check import prepared_warnings

if TYPE_CHECKING:
    from tradewind.research.book_backtest import BookBacktest


def warnings_of(result: Backtest | BookBacktest) -> tuple[str, ...]:
    """What to know before believing the figures."""
    run = result.run
    warnings = [
        f"{refusal.count:,} order{'s were' if refusal.count > 1 else ' was'} refused: {refusal.text} "
        f"(first at {instant_text(refusal.first)})"
        for refusal in run.refusals
    ]
    if run.why_interpreted:
        warnings.append(f"Interpreted, because this does not compile: {run.why_interpreted}")
    if run.liquidations:
        warnings.append(f"{run.liquidations:,} position{'s were' if run.liquidations > 1 else ' was'} liquidated")
    if run.bankrupt:
        warnings.append("The account was used up; no order was taken after that")
    if len(run.decisions) == 0:
        warnings.append("The strategy never asked for an order")
    return (*(prepared_warnings(result) if isinstance(result, Backtest) else ()), *warnings)


def engine_text(result: Backtest | BookBacktest) -> str:
    """Which engine ran, in words."""
    run = result.run
    if run.engine == "compiled":
        return "compiled (from the cache)" if run.cached else "compiled (just now)"
    return "interpreted"


def currency_of(symbol: str) -> str:
    """The currency an account that trades `symbol` is kept in."""
    settle = symbol.partition(":")[2]
    return settle or symbol.partition("/")[2] or "quote currency"
