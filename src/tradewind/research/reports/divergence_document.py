"""A divergence as plain values."""

from __future__ import annotations

from typing import Any

import numpy as np

from tradewind.research.pairing import Side
from tradewind.research.reports.divergence_words import Compared, advice, because, parting, time_of


def divergence_document(c: Compared) -> dict[str, Any]:
    """The comparison as plain values."""
    r = c.result
    first = None
    if r.first is not None:
        first = {
            "time": time_of(c, r.first),
            "words": parting(c, r.first),
            "session": _row(c.here, r.first.here),
            "backtest": _row(c.there, r.first.there),
            "differs": list(r.first.differs),
            "between_bars": r.first.between,
            "why": because(c),
            "cause": None if r.why is None else str(r.why.cause),
        }
    return {
        "kind": "divergence",
        "session": c.session,
        "strategy": c.strategy,
        "symbols": list(c.symbols),
        "timeframe": c.timeframe,
        "parameters": dict(c.parameters),
        "bars": len(c.here.time),
        "identical": r.identical and c.hash_here == c.hash_there,
        "decisions": {
            "same": r.same, "differing": r.differing, "only_session": r.only_here, "only_backtest": r.only_there,
        },
        "decision_hash_session": c.hash_here,
        "decision_hash_backtest": c.hash_there,
        "first": first,
        "causes": {str(cause): {"trades": n, "cost": cost} for cause, (n, cost) in r.causes().items()},
        "venue_answers": dict(c.answers),
        "unknown_outcomes": c.unknown,
        "slippage": r.slippage,
        "price_cost": r.price_cost,
        "fee_cost": r.fee_cost,
        "equity_session": r.equity_here,
        "equity_backtest": r.equity_there,
        "unexplained": r.unexplained,
        "advice": advice(c) or None,
        "equity": {
            "session": {"time": c.here.time, "equity": c.here.equity},
            "backtest": {"time": c.there.time, "equity": c.there.equity},
        },
    }  # fmt: skip


def _row(side: Side, row: int | None) -> dict[str, Any] | None:
    if row is None:
        return None
    values = side.decisions[row]
    return {
        name: None if isinstance(v := values[name].item(), float) and np.isnan(v) else v
        for name in side.decisions.dtype.names or ()
    }
