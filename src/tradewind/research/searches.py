"""Ways to search a space. Those here settle beforehand what they try; `guided_searches` learn as they go.

A search is asked for the next parameter sets and told what they brought. What it asks for depends on the space, the
method, the seed, the budget and what it was told, on nothing else: that is how a sweep that was cut off goes on as if
it had not been.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.exact_chance import Chance
from tradewind.research.search_space import SearchSpace, Value
from tradewind.research.sobol import sobol

Sets = list[dict[str, Value]]
DRAWN_AT_ONCE = 4_096
DRAWS_MAX = 64
"""How often, for each set that is wanted, a point may be drawn that leads to a set already there."""


class Search(Protocol):
    """Gives parameter sets in blocks; never the same set twice."""

    def ask(self, count: int) -> Sets:
        """The next sets: `count` of them, or as many as the method's own step has. None: the search is over."""
        ...

    def tell(self, sets: Sets, values: NDArray[np.float64], broken: NDArray[np.float64]) -> None:
        """What the sets asked for last brought.

        `values` (sets, objectives), higher is better, NaN where undefined; `broken` (sets, constraints) is by how much
        each limit is broken, 0 where it is kept.
        """
        ...


class Listed:
    """A search whose sets do not depend on what they bring."""

    def __init__(self, sets: Iterator[dict[str, Value]]) -> None:
        self._sets = sets

    def ask(self, count: int) -> Sets:
        """The next sets."""
        return list(islice(self._sets, count))

    def tell(self, sets: Sets, values: NDArray[np.float64], broken: NDArray[np.float64]) -> None:
        """Nothing is learnt."""


def grid(space: SearchSpace) -> Listed:
    """Every combination, the last parameter turning fastest. Raises BadInput for an axis without steps."""
    for axis in space.axes:
        if axis.count is None:
            raise BadInput(
                f"{axis.name} may be any fraction from {axis.low:g} to {axis.high:g}, so a grid has no end",
                where="--space",
                fix=f"Give it steps: --space {axis.name}={axis.low:g}:{axis.high:g}:{_step(axis.high - axis.low)}, "
                "or draw: --method sobol",
            )
    count = space.count
    assert count is not None
    return Listed(filter(space.allows, (space.number(index) for index in range(count))))


def random(space: SearchSpace, seed: int, budget: int) -> Listed:
    """`budget` different sets, each as likely as any other."""
    count = space.count
    if count is not None and 2 * budget >= (count if space.allowed is None else space.allowed):
        order = np.argsort(Chance(seed, "random search").uniform(count), kind="stable")
        return Listed(islice(filter(space.allows, (space.number(index) for index in order.tolist())), budget))
    chance, width = Chance(seed, "random search"), len(space.axes)

    def points(_: int, rows: int) -> NDArray[np.float64]:
        return chance.uniform(rows * width).reshape(rows, width)

    return Listed(_different(space, points, budget))


def spread_evenly(space: SearchSpace, seed: int, budget: int) -> Listed:
    """`budget` different sets at Sobol's points; all sets where there are no more than that."""
    count = space.count
    if count is not None and budget >= (count if space.allowed is None else space.allowed):
        return grid(space)
    sobol(0, 0, len(space.axes))  # refuses too many dimensions before anything is run
    return Listed(_different(space, lambda first, rows: sobol(first, rows, len(space.axes), seed), budget))


class Points(Protocol):
    """Rows `first` to `first + rows` of a sequence of points in the unit cube."""

    def __call__(self, first: int, rows: int, /) -> NDArray[np.float64]:
        """Shape (rows, axes)."""
        ...


def _different(space: SearchSpace, points: Points, budget: int) -> Iterator[dict[str, Value]]:
    """The first `budget` sets that are not alike, as far as a bounded number of points leads to them."""
    seen: set[tuple[Value, ...]] = set()
    for first in range(0, DRAWS_MAX * budget, DRAWN_AT_ONCE):
        for point in points(first, DRAWN_AT_ONCE).tolist():
            found = space.at(point)
            if (key := space.key(found)) in seen or not space.allows(found):
                continue
            seen.add(key)
            yield found
            if len(seen) == budget:
                return


def moving(space: SearchSpace) -> Sequence[str]:
    """The parameters that have more than one value."""
    return [axis.name for axis in space.axes if axis.count != 1]


def _step(width: float) -> str:
    return f"{float(f'{width / 10:.1g}'):g}"
