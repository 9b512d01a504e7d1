"""What a search found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tradewind.research.bench import Scores
from tradewind.research.judged_sets import JudgedSets
from tradewind.research.search_plan import SearchPlan


@dataclass(frozen=True)
class Optimised:
    """Every set that was tried, its figures, and which is best.

    `sets` and the rows of `scores` belong together. `judged` ranks those that may win and says of the others why not.
    """

    strategy: str
    plan: SearchPlan
    sets: Sequence[dict[str, Any]]
    scores: Scores
    judged: JudgedSets

    @property
    def best(self) -> int | None:
        """The best set's number in `sets`; None where there is none, and `why_none` says why."""
        return self.judged.best

    @property
    def why_none(self) -> str:
        """Why there is no best set; empty where there is one."""
        return self.judged.why_none

    @property
    def best_parameters(self) -> dict[str, Any] | None:
        """The best set; None where there is none."""
        return None if self.best is None else dict(self.sets[self.best])

    def __repr__(self) -> str:
        head = f"Optimised({self.strategy}, {self.plan.method}, {len(self.sets):,} sets"
        if self.best is None:
            return f"{head}: {self.why_none})"
        chosen = ", ".join(f"{name}={value}" for name, value in self.sets[self.best].items())
        figures = self.scores.of(self.best)
        shown = ", ".join(f"{o.metric}={figures[o.metric]:.4g}" for o in self.plan.objectives)
        return f"{head}: best {chosen} with {shown})"
