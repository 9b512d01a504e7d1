"""What a search is after: figures to raise or to lower, and limits that a set must keep."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.errors import BadInput
from tradewind.research.bench import SCORES, Scores

HIGHER = (
    "final_equity", "total_return", "cagr", "sharpe", "sortino", "calmar", "max_drawdown", "win_rate",
    "profit_factor", "expectancy", "average_trade", "sqn",
)  # fmt: skip
"""Better when higher. A drawdown is a negative number, so a higher one is a shallower one."""
LOWER = ("volatility", "ulcer_index", "fees_paid")
OBJECTIVES_MAX = 4
LIMIT = re.compile(r"^\s*([a-z_]+)\s*(>=|<=|>|<)\s*([-+0-9.eE]+)\s*$")
TESTS = {">=": np.greater_equal, "<=": np.less_equal, ">": np.greater, "<": np.less}


@dataclass(frozen=True)
class Objective:
    """A figure, and whether more of it is better."""

    metric: str
    higher: bool

    def values(self, scores: Scores) -> NDArray[np.float64]:
        """The figure of every set, turned so that higher is better; NaN where undefined."""
        found = scores.metric(self.metric)
        return found if self.higher else -found

    def __str__(self) -> str:
        return f"{'max' if self.higher else 'min'}:{self.metric}"


@dataclass(frozen=True)
class Constraint:
    """A limit that a figure must keep. A figure that is undefined does not keep it."""

    metric: str
    sign: str
    limit: float

    def broken(self, scores: Scores) -> NDArray[np.float64]:
        """By how much each set breaks the limit: 0 where it keeps it, infinite where its figure is undefined."""
        found = scores.metric(self.metric)
        kept = TESTS[self.sign](found, self.limit)
        excess = np.maximum(np.abs(found - self.limit), np.finfo(float).tiny)
        return np.where(np.isnan(found), math.inf, np.where(kept, 0.0, excess))

    def __str__(self) -> str:
        return f"{self.metric}{self.sign}{self.limit:g}"


def objectives_from(texts: Sequence[str | Objective]) -> tuple[Objective, ...]:
    """`sharpe`, `min:volatility`, `max:trades`, `-fees_paid` (lower it). Raises BadInput.

    A figure of which neither more nor less is better as such (trades, exposure_time) needs its direction said.
    """
    found = tuple(text if isinstance(text, Objective) else _objective(text.strip()) for text in texts)
    if not 1 <= len(found) <= OBJECTIVES_MAX:
        raise BadInput(
            f"from 1 to {OBJECTIVES_MAX} objectives can be had, not {len(found)}",
            where="--objective",
            fix="Name the one or two that matter: --objective sharpe",
        )
    for i, objective in enumerate(found):
        if objective.metric in {other.metric for other in found[:i]}:
            raise BadInput(f"{objective.metric} is named twice", where="--objective", fix="Name each objective once")
    return found


def _objective(text: str) -> Objective:
    word, colon, metric = text.partition(":")
    if colon and word in ("min", "max"):
        return Objective(_known(metric, "--objective"), word == "max")
    if text.startswith("-"):
        return Objective(_known(text[1:], "--objective"), higher=False)
    name = _known(text, "--objective")
    if name not in HIGHER and name not in LOWER:
        raise BadInput(
            f"neither more nor less of {name} is better as such",
            where="--objective",
            fix=f"Say which: max:{name} or min:{name}",
        )
    return Objective(name, name in HIGHER)


def constraints_from(texts: Sequence[str | Constraint]) -> tuple[Constraint, ...]:
    """`trades>=30`, `max_drawdown>=-0.2`: a figure, a sign (>=, <=, >, <), a number. Raises BadInput."""
    return tuple(text if isinstance(text, Constraint) else _constraint(text) for text in texts)


def _constraint(text: str) -> Constraint:
    match = LIMIT.match(text)
    try:
        limit = float(match[3]) if match else math.nan
    except ValueError:
        limit = math.nan
    if match is None or not math.isfinite(limit):
        raise BadInput(
            f"{text!r} is not a limit", where="--constraint", fix="Write a figure, a sign, a number: trades>=30"
        )
    return Constraint(_known(match[1], "--constraint"), match[2], limit)


def _known(metric: str, where: str) -> str:
    name = metric.strip()
    if name not in SCORES:
        near = difflib.get_close_matches(name, SCORES, 1, 0.5)
        fix = f"Did you mean {near[0]}?" if near else f"It has: {', '.join(SCORES)}"
        raise BadInput(f"a sweep has no figure {name!r}", where=where, fix=fix)
    return name
