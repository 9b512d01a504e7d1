"""The results of a walk-forward as plain values: what `--json` prints and report.json keeps."""

from __future__ import annotations

from typing import Any

from tradewind.core.domain.instants import instant_text
from tradewind.core.performance.calendar import read_calendar
from tradewind.core.performance.undefined import Figure, Undefined
from tradewind.research.walk_forward_result import WalkForward, WindowResult


def walk_forward_document(walked: WalkForward) -> dict[str, Any]:
    """The results as plain values, None where undefined; `undefined` has the reasons."""
    plan, search, account = walked.plan, walked.search, walked.joined
    overall = {
        "robustness": walked.robustness.score,
        **{name: getattr(walked.robustness, name) for name in ("evidence", "consistency", "stability")},
        "efficiency": walked.efficiency,
        "degradation": walked.degradation,
    }
    ends = read_calendar(account.time, walked.markets[0].bars.step_ns).period_ends
    return {
        "kind": "walk-forward",
        "strategy": walked.strategy.__name__,
        "symbols": [m.bars.symbol for m in walked.markets],
        "timeframe": walked.markets[0].bars.timeframe,
        "plan": {name: getattr(plan, name) for name in plan.__dataclass_fields__},
        "search": {
            "method": search.method,
            "space": [str(axis) for axis in search.space.axes],
            "fixed": dict(walked.fixed),
            "objective": str(search.objectives[0]),
            "constraints": [str(constraint) for constraint in search.constraints],
            "sets_a_window": search.budget,
            "seed": search.seed,
        },
        "interrupted": walked.interrupted,
        "windows_planned": walked.planned,
        "tried": walked.tried,
        **{name: _value(figure) for name, figure in overall.items()},
        "parameter_stability": dict(walked.stability.parameters),
        "undefined": {
            **account.performance.undefined,
            **{name: figure.reason for name, figure in overall.items() if isinstance(figure, Undefined)},
        },
        "metrics": account.performance.metrics,
        "windows": [_window_document(result) for result in walked.windows],
        "period_end_ns": account.time[ends].tolist(),
        "equity": account.equity[ends].tolist(),
    }


def _window_document(result: WindowResult) -> dict[str, Any]:
    window = result.window
    return {
        "number": window.number,
        **{
            name: {"from": instant_text(part.start_ns), "until": instant_text(part.end_ns), "bars": len(part)}
            for name, part in (("train", window.train), ("test", window.test))
        },
        "parameters": result.parameters,
        "reason": result.reason,
        "tried": result.tried,
        "failed": result.failed,
        "in_sample": dict(result.in_sample),
        "out_of_sample": dict(result.out_of_sample),
        "growth_in_sample": _value(result.growth_in_sample),
        "growth_out_of_sample": _value(result.growth_out_of_sample),
        "efficiency": _value(result.efficiency),
        "decision_hash": result.test.run.decision_hash if result.test else None,
    }


def _value(figure: Figure) -> float | None:
    return None if isinstance(figure, Undefined) else figure
