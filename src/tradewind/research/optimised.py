"""What a search found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance.undefined import Undefined
from tradewind.research.bench import Scores
from tradewind.research.judged_sets import JudgedSets
from tradewind.research.search_luck import SearchLuck
from tradewind.research.search_plan import SearchPlan
from tradewind.research.sensitivity import Sensitivity, sensitivity


@dataclass(frozen=True)
class Stretch:
    """What was searched on: `start_ns <= time < end_ns` of the symbols."""

    symbols: tuple[str, ...]
    timeframe: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True)
class Optimised:
    """Every set that was tried, its figures, and which is best.

    `sets` and the rows of `scores` belong together. `judged` ranks those that may win and says of the others why not,
    `luck` what so many tries leave of the best one's Sharpe ratio, `sensitivity` whether it stands on a plateau.
    """

    strategy: str
    stretch: Stretch
    plan: SearchPlan
    sets: Sequence[dict[str, Any]]
    scores: Scores
    judged: JudgedSets
    luck: SearchLuck

    @cached_property
    def score(self) -> NDArray[np.float64]:
        """The first objective of every set (sets,), turned so that higher is better; NaN where undefined."""
        return self.plan.objectives[0].values(self.scores)

    @cached_property
    def sensitivity(self) -> Sensitivity | Undefined:
        """How fast the result falls around the best set."""
        if self.best is None:
            return Undefined("no set was chosen")
        return sensitivity(self.plan.space, self.sets, self.score, self.judged.ranked, self.plan.learns)

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

    def rows(self) -> list[dict[str, Any]]:
        """Every set with its parameters and figures by name, None where undefined: `pandas.DataFrame(found.rows())`."""
        return [{**one, **self.scores.of(number)} for number, one in enumerate(self.sets)]

    def _repr_html_(self) -> str:
        """The page, inside a notebook's frame."""
        from tradewind.research.reports.notebook import framed  # noqa: PLC0415 - pages are heavy
        from tradewind.research.reports.optimise_page import search_study  # noqa: PLC0415

        return framed(search_study(self))

    def __repr__(self) -> str:
        head = f"Optimised({self.strategy}, {self.plan.method}, {len(self.sets):,} sets"
        if self.best is None:
            return f"{head}: {self.why_none})"
        chosen = ", ".join(f"{name}={value}" for name, value in self.sets[self.best].items())
        figures = self.scores.of(self.best)
        shown = ", ".join(f"{o.metric}={figures[o.metric]:.4g}" for o in self.plan.objectives)
        return f"{head}: best {chosen} with {shown})"
