"""A search as plain values: its JSON document, and a CSV with every set."""

from __future__ import annotations

import csv
import io
from typing import Any

from tradewind.core.performance.undefined import Figure, Undefined
from tradewind.research.bench import SCORES
from tradewind.research.judged_sets import reasons_of
from tradewind.research.optimised import Optimised

RANKED_MAX = 50


def search_document(found: Optimised) -> dict[str, Any]:
    """What was searched and found. Undefined is null, and `undefined` says why."""
    plan, luck, around = found.plan, found.luck, found.sensitivity
    undefined: dict[str, str] = {}

    def plain(name: str, figure: Figure) -> float | None:
        if isinstance(figure, Undefined):
            undefined[name] = figure.reason
            return None
        return figure

    plateau: dict[str, Any]
    if isinstance(around, Undefined):
        plateau = {"kept": plain("plateau", around)}
    else:
        plateau = {
            "kept": plain("plateau", around.kept),
            "near": around.near,
            "scoreless": around.scoreless,
            "typical": around.typical if plan.objectives[0].higher else -around.typical,
            "rings": [{"to": ring.outer, "sets": ring.sets, "kept": ring.kept} for ring in around.rings],
            "centre": None if around.centre is None else _set(found, around.centre),
        }
    return {
        "strategy": found.strategy,
        "symbols": list(found.stretch.symbols),
        "timeframe": found.stretch.timeframe,
        "start_ns": found.stretch.start_ns,
        "end_ns": found.stretch.end_ns,
        "method": plan.method,
        "space": {axis.name: str(axis).partition("=")[2] for axis in plan.space.axes},
        "space_sets": plan.space.count,
        "seed": plan.seed,
        "objectives": [str(objective) for objective in plan.objectives],
        "constraints": [str(constraint) for constraint in plan.constraints],
        "tried": len(found.sets),
        "failed": len(found.scores.failed),
        "best": None if found.best is None else _set(found, found.best),
        "why_none": found.why_none or None,
        "ranked": [_set(found, number) for number in found.judged.ranked[:RANKED_MAX].tolist()],
        "may_win": len(found.judged.ranked) if len(plan.objectives) == 1 else len(found.sets) - len(found.judged.out),
        "out": {reason: len(numbers) for reason, numbers in list(reasons_of(found.judged.out).items())[:RANKED_MAX]},
        "luck": {
            "n_trials": luck.trials,
            "counted": luck.counted,
            "expected_sharpe": plain("expected_sharpe", luck.expected),
            "dsr": plain("dsr", luck.dsr),
        },
        "plateau": plateau,
        "undefined": undefined,
    }


def _set(found: Optimised, number: int) -> dict[str, Any]:
    return {"number": number, "parameters": dict(found.sets[number]), "metrics": found.scores.of(number)}


def sets_csv(found: Optimised) -> bytes:
    """Every set in the order in which it was tried: its parameters, its figures (empty: undefined), why it is out."""
    made = io.StringIO(newline="")
    names = list(found.sets[0]) if found.sets else []
    rows = csv.writer(made, lineterminator="\n")
    rows.writerow(["number", *names, *SCORES, "why_out"])
    for number, one in enumerate(found.sets):
        figures = found.scores.of(number)
        cells = ["" if (value := figures[name]) is None else repr(value) for name in SCORES]
        rows.writerow([number, *(one[name] for name in names), *cells, found.judged.out.get(number, "")])
    return made.getvalue().encode()
