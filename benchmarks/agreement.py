"""Whether all contenders traded the same: otherwise their times say nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contenders import Contender
from rounds import Figures, one

WHOLE = "Tradewind, compiled"
TOLERANCE = 5.0
"""How far two final equities may lie apart, in quote currency: the price and fee of the one position left at the end.
(Prices are about 100, sizes 1.)"""


def check(contenders: list[Contender], figures: dict[str, Figures], market: Path, cache: Path) -> list[dict[str, Any]]:
    """Each contender's trades and equity beside Tradewind's over the same bars. Raises where trades differ."""
    whole = next(c for c in contenders if c.name == WHOLE)
    over: dict[int, dict[str, Any]] = {}
    lines = []
    for c in contenders:
        own = figures[c.name]
        if own.bars not in over:
            over[own.bars] = one(whole, market, own.bars, cache)
        ours = over[own.bars]
        if own.trades != ours["trades"]:
            raise RuntimeError(f"{c.name} made {own.trades} trades and Tradewind {ours['trades']} over {own.bars} bars")
        difference = own.equity - float(ours["equity"])
        if abs(difference) > TOLERANCE:
            raise RuntimeError(f"{c.name} ends with {own.equity} and Tradewind with {ours['equity']}")
        lines.append(
            {
                "name": c.name,
                "bars": own.bars,
                "trades": own.trades,
                "equity": own.equity,
                "from_tradewind": difference,
            }
        )
    return lines
