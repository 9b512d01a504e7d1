"""The results of a portfolio as plain values: what `--json` prints and report.json keeps."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from tradewind.core.domain.instants import instant_text
from tradewind.core.performance import returns
from tradewind.core.performance.trade_statistics import win_rate
from tradewind.core.performance.undefined import Figure, Undefined
from tradewind.core.strategy.parameters import resolve
from tradewind.research.portfolio_account import Moved
from tradewind.research.portfolio_result import Portfolio


def portfolio_document(found: Portfolio) -> dict[str, Any]:
    """The results as plain values, None where undefined; `undefined` has the reasons."""
    parts = found.contributions
    volatility = parts.volatility
    undefined = dict(found.performance.undefined)
    if isinstance(volatility, Undefined):
        undefined["risk"] = volatility.reason
    ends = found.calendar.period_ends
    return {
        "kind": "portfolio",
        "cash": found.cash,
        "allocation": asdict(found.allocation),
        "rebalance": asdict(found.rebalancing),
        "metrics": found.metrics,
        "undefined": undefined,
        "sleeves": [sleeve_figures(found, number) for number in range(len(found.sleeves))],
        "volatility": _figure(volatility),
        "diversification": _figure(parts.diversification),
        "correlation": found.correlation.tolist(),
        "rebalances": [_moved(move) for move in found.moves],
        "periods": {
            "closes": [instant_text(int(t)) for t in found.closes[ends]],
            "equity": found.equity[ends].tolist(),
            "hold": found.hold[ends].tolist(),
            "reserve": found.reserve[ends].tolist(),
            "sleeve_equity": found.sleeve_equity[:, ends].tolist(),
            "weights": found.weights.tolist(),
        },
    }


def sleeve_figures(found: Portfolio, number: int) -> dict[str, Any]:
    """What one sleeve is, what it did with its own capital, and what it added to the account."""
    sleeve, parts, run = found.sleeves[number], found.contributions, found.runs[number]
    trades, fills = found.trades[number], run.fills
    markets = found.joined[number].markets
    own = found.own_returns[:, number]
    own = own[np.isfinite(own)]
    return {
        "name": sleeve.title,
        "strategy": sleeve.strategy.__name__,
        "parameters": resolve(sleeve.strategy.parameters, dict(sleeve.parameters), sleeve.title),
        "symbols": [m.bars.symbol for m in markets],
        "timeframe": markets[0].bars.timeframe,
        "begins": instant_text(int(markets[0].bars.time[0])),
        "share": sleeve.share,
        "weight_mean": float(found.weights[number].mean()),
        "profit": float(parts.profit[number]),
        "of_return": float(parts.of_return[number]),
        "of_risk": _number(parts.of_risk[number]),
        "share_of_risk": _number(parts.share_of_risk[number]),
        "marginal_risk": _number(parts.marginal[number]),
        "own_return": float(np.prod(1.0 + own) - 1.0) if len(own) else None,
        "own_sharpe": _figure(returns.sharpe(own, found.calendar.periods_per_year)),
        "own_volatility": _figure(returns.volatility(own, found.calendar.periods_per_year)),
        "trades": len(trades),
        "win_rate": _figure(win_rate(trades)),
        "fees": float(fills["fee"].sum()),
        "liquidations": run.liquidations,
        "bankrupt": run.bankrupt,
        "engine": run.engine,
        "why_interpreted": run.why_interpreted,
        "decision_hash": run.decision_hash,
        "refusals": [{"reason": r.reason, "text": r.text, "count": r.count} for r in run.refusals],
    }


def _moved(move: Moved) -> dict[str, Any]:
    return {
        "time": instant_text(move.time),
        "reason": move.reason,
        "equity": move.equity,
        "before": move.before.tolist(),
        "wanted": move.wanted.tolist(),
        "after": move.after.tolist(),
        "cash": move.cash.tolist(),
        "missed": move.missed,
        "plain": {str(number): why for number, why in move.plain.items()},
    }


def _figure(figure: Figure) -> float | None:
    return None if isinstance(figure, Undefined) else float(figure)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
