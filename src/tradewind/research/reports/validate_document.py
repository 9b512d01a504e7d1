"""The results of a validation as plain values: what `--json` prints and report.json keeps."""

from __future__ import annotations

from typing import Any

from tradewind.core.performance.overfitting import Overfitting
from tradewind.core.performance.undefined import Figure, Undefined
from tradewind.research.gate import Check
from tradewind.research.lookahead import Lookahead
from tradewind.research.monte_carlo import MonteCarlo
from tradewind.research.regimes import RegimeResult
from tradewind.research.reports.walk_forward_document import walk_forward_document
from tradewind.research.validation import Validation


def validate_document(validated: Validation) -> dict[str, Any]:
    """The results as plain values, None where undefined, with the reason beside it."""
    evidence = validated.evidence
    found, luck, costs, regimes = evidence.found, evidence.luck, evidence.costs, evidence.regimes
    walked, overfitting = evidence.walked, evidence.overfitting
    return {
        "kind": "validate",
        "strategy": validated.strategy.__name__,
        "symbols": [m.bars.symbol for m in validated.markets],
        "timeframe": validated.markets[0].bars.timeframe,
        "outcome": str(validated.verdict),
        "deciding": [check.question.name for check in validated.judgement.deciding],
        "checks": [_check(check) for check in validated.judgement.checks],
        "gate": {"source": validated.gate.source, "hash": validated.gate.hash},
        "candidate": validated.candidate,
        "fixed": dict(validated.fixed),
        "seed": validated.seed,
        "search": {
            "method": found.plan.method,
            "space": [str(axis) for axis in found.plan.space.axes],
            "objective": str(found.plan.objectives[0]),
            "constraints": [str(constraint) for constraint in found.plan.constraints],
            "sets": len(found.sets),
            "failed": len(found.scores.failed),
            "figures": None if found.best is None else found.scores.of(found.best),
            "why_none": found.why_none,
        },
        "luck": {"trials": luck.trials, "counted": luck.counted, "expected": _figure(luck.expected),
                 "dsr": _figure(luck.dsr)},
        "overfitting": {"pbo": overfitting.pbo, "probability_of_loss": overfitting.probability_of_loss,
                        "degradation": _figure(overfitting.degradation), "splits": overfitting.splits}
        if isinstance(overfitting, Overfitting) else {"why": overfitting.reason},
        "walk_forward": {"why": walked.reason} if isinstance(walked, Undefined) else walk_forward_document(walked),
        "lookahead": _biased(evidence.lookahead),
        "redrawn": _simulated(evidence.redrawn),
        "random_entry": {"why": evidence.random_entry.reason} if isinstance(evidence.random_entry, Undefined)
        else _simulated(evidence.random_entry),
        "costs": {"why": costs.reason} if isinstance(costs, Undefined)
        else {"factors": costs.factors, "total_return": costs.total_return, "max_drawdown": costs.max_drawdown,
              "break_even": _figure(costs.break_even)},
        "regimes": {"why": regimes.reason} if isinstance(regimes, Undefined)
        else [_regime(each) for each in (*regimes.results, regimes.unknown)],
    }  # fmt: skip


def _check(check: Check) -> dict[str, Any]:
    return {
        "name": check.question.name,
        "role": str(check.question.role),
        "outcome": str(check.outcome),
        "value": check.value,
        check.question.bound: None if check.bound is None else check.bound.value,
        "reason": None if check.bound is None else check.bound.reason,
        "why": check.why or None,
    }


def _figure(figure: Figure) -> float | None:
    return None if isinstance(figure, Undefined) else figure


def _biased(found: Lookahead | Undefined) -> dict[str, Any]:
    if isinstance(found, Undefined):
        return {"why": found.reason}
    return {
        "outcome": found.verdict,
        "cuts": len(found.cuts),
        "findings": [{"name": f.name, "kind": f.kind, "diagnosis": f.diagnosis} for f in found.findings],
        "notes": list(found.notes),
    }


def _simulated(found: MonteCarlo) -> dict[str, Any]:
    return {
        "method": found.method,
        "paths": found.paths,
        "probabilities": {
            name: None if chance is None else {"share": chance.share, "low": chance.low, "high": chance.high}
            for name, chance in found.probabilities.items()
        },
        "total_return": None
        if (band := found.metrics.get("total_return")) is None
        else {"p5": band.p5, "p50": band.p50, "p95": band.p95},
        "undefined": dict(found.undefined),
    }


def _regime(each: RegimeResult) -> dict[str, Any]:
    return {"name": each.name, "bars": each.bars, "profit": each.profit, "sharpe": _figure(each.sharpe)}
