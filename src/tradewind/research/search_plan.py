"""What a search is to do, settled before it begins: method, space, number of sets, objectives, limits, seed."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tradewind.core.domain.errors import BadInput
from tradewind.core.performance.path_chance import check_seed, is_whole
from tradewind.research.objectives import Constraint, Objective
from tradewind.research.search_space import SearchSpace
from tradewind.research.searches import Search, grid, random, spread_evenly

GRID_USUAL_MAX = 10_000
"""A space of at most so many sets is tried whole where no method is named."""
SETS_MAX = 100_000


@dataclass(frozen=True)
class SearchPlan:
    """A search whose words have been read and found to fit together. `budget` is how many sets it tries at most."""

    method: str
    space: SearchSpace
    budget: int
    objectives: tuple[Objective, ...]
    constraints: tuple[Constraint, ...]
    seed: int

    def begin(self) -> Search:
        """The search, at its first set."""
        return METHODS[self.method].begin(self)

    @property
    def learns(self) -> bool:
        """Whether what is tried next hangs on what came before."""
        return METHODS[self.method].learns


@dataclass(frozen=True)
class Method:
    """A way to search: how it begins, how many sets it tries unless told (None: all), and whether it learns."""

    begin: Callable[[SearchPlan], Search]
    budget: int | None
    learns: bool
    meaning: str


def _guided(plan: SearchPlan) -> Search:
    from tradewind.research.guided_searches import guided  # noqa: PLC0415 - optuna is optional and takes its time

    return guided(plan.method, plan.space, plan.budget, len(plan.objectives), plan.seed)


METHODS: Mapping[str, Method] = {
    "grid": Method(lambda plan: grid(plan.space), None, False, "every combination"),
    "random": Method(
        lambda p: random(p.space, p.seed, p.budget), 1_000, False, "sets drawn by chance, each at most once"
    ),
    "sobol": Method(
        lambda p: spread_evenly(p.space, p.seed, p.budget), 1_024, False, "points that fill the space evenly"
    ),
    "tpe": Method(_guided, 500, True, "a tree of Parzen estimators: looks where good sets were found (optuna)"),
    "cma-es": Method(_guided, 500, True, "a cloud of points that moves and narrows towards what is good (optuna)"),
}


def plan_search(
    space: SearchSpace,
    method: str,
    objectives: Sequence[Objective],
    constraints: Sequence[Constraint] = (),
    budget: int | None = None,
    seed: int = 1,
) -> SearchPlan:
    """Settle a search. `auto` tries everything where that is little, else points that fill the space evenly.

    Raises BadInput for an unknown method, and for more sets than can be tried.
    """
    check_seed(seed)
    count = space.count
    if method == "auto":
        method = "grid" if count is not None and count <= (budget or GRID_USUAL_MAX) else "sobol"
    if method not in METHODS:
        near = difflib.get_close_matches(str(method).lower(), METHODS, 1)
        fix = f"Did you mean {near[0]}?" if near else f"Use one of auto, {', '.join(METHODS)}"
        raise BadInput(f"there is no method {method!r}", where="--method", fix=fix)
    if budget is not None and (not is_whole(budget) or not 1 <= budget <= SETS_MAX):
        raise BadInput(
            f"from 1 to {SETS_MAX:,} sets can be tried, not {budget!r}",
            where="--budget",
            fix="Choose a number inside: --budget 1000",
        )
    if method == "grid":
        wanted = _whole_grid(space, budget)
    else:
        wanted = budget or METHODS[method].budget or SETS_MAX
        allowed = count if space.allowed is None else space.allowed
        wanted = wanted if allowed is None else min(wanted, allowed)
    return SearchPlan(method, space, wanted, tuple(objectives), tuple(constraints), seed)


def _whole_grid(space: SearchSpace, budget: int | None) -> int:
    count = space.count
    if count is None:
        grid(space)  # says which axis has no steps
    assert count is not None
    if count > (budget or SETS_MAX):
        shape = " x ".join(f"{axis.name} {axis.count:,}" for axis in space.axes)
        raise BadInput(
            f"the grid has {count:,} sets ({shape}), more than {'the budget of ' if budget else ''}"
            f"{budget or SETS_MAX:,}",
            where="--space",
            fix="Take larger steps or fewer parameters (--space fast=5:50:5), or draw some of them: "
            f"--method sobol --budget {budget or 1_024}",
        )
    return count if space.allowed is None else space.allowed
