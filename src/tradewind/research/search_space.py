"""Which parameter sets a search may try: an axis for each parameter that is turned, and what must hold between them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from tradewind.core.strategy.relations import Relation

Value = int | float | bool
ALLOWED_COUNTED_MAX = 10_000_000
"""So many combinations are looked at, to know of how many the relations hold."""


@dataclass(frozen=True)
class Axis:
    """One parameter's choices: `values` in rising order, or where there are none any fraction from `low` to `high`."""

    name: str
    values: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0

    @property
    def count(self) -> int | None:
        """How many values there are; None for an axis without steps."""
        return len(self.values) or None

    def at(self, share: float) -> Value:
        """The value that `share`, from [0, 1), leads to; each listed value has an equal part."""
        if self.values:
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        return self.low + share * (self.high - self.low)

    def place(self, value: Value) -> float:
        """Where a value stands between the axis' ends, from 0 to 1; 0 on an axis of one value."""
        low, high = (self.values[0], self.values[-1]) if self.values else (self.low, self.high)
        return 0.0 if high == low else (float(value) - float(low)) / (float(high) - float(low))

    def __str__(self) -> str:
        """As `--space` reads it."""
        words = [str(value).lower() for value in self.values]
        if not words:
            return f"{self.name}={self.low!r}:{self.high!r}"
        steps = {Decimal(b) - Decimal(a) for a, b in pairwise(words)} if len(words) > 3 else set()
        return (
            f"{self.name}={words[0]}:{words[-1]}:{steps.pop()}" if len(steps) == 1 else f"{self.name}={','.join(words)}"
        )


@dataclass(frozen=True)
class SearchSpace:
    """All combinations of the axes' values of which the `relations` hold; `held` are the other parameters' values."""

    axes: tuple[Axis, ...]
    relations: tuple[Relation, ...] = ()
    held: Mapping[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that are turned."""
        return tuple(axis.name for axis in self.axes)

    def allows(self, parameters: Mapping[str, Any]) -> bool:
        """Whether the strategy's relations hold of a set."""
        return all(relation.holds({**self.held, **parameters}) for relation in self.relations)

    @cached_property
    def allowed(self) -> int | None:
        """Of how many combinations the relations hold; None where an axis has no steps, or it is too many to count."""
        named = {name for relation in self.relations for name in relation.names}
        axes = [axis for axis in self.axes if axis.name in named]
        shape = tuple(len(axis.values) for axis in axes)
        if self.count is None or math.prod(shape) > ALLOWED_COUNTED_MAX:
            return None if axes else self.count
        grids = np.meshgrid(*(axis.values for axis in axes), indexing="ij", sparse=True)
        values = {**self.held, **{axis.name: grid for axis, grid in zip(axes, grids, strict=True)}}
        held = np.broadcast_to(True, shape)
        for relation in self.relations:
            held = held & relation.holds(values)
        return int(np.count_nonzero(held)) * (self.count // math.prod(shape))

    @property
    def count(self) -> int | None:
        """How many combinations there are, whatever the relations; None where an axis has no steps."""
        counts = [axis.count for axis in self.axes]
        return None if None in counts else math.prod(count for count in counts if count is not None)

    def number(self, index: int) -> dict[str, Value]:
        """The set at a place of the full grid; the last axis turns fastest."""
        found: dict[str, Value] = {}
        for axis in reversed(self.axes):
            index, at = divmod(index, len(axis.values))
            found[axis.name] = axis.values[at]
        return {name: found[name] for name in self.names}

    def at(self, shares: Iterable[float]) -> dict[str, Value]:
        """The set at a point of the unit cube."""
        return {axis.name: axis.at(share) for axis, share in zip(self.axes, shares, strict=True)}

    def places(self, parameters: Mapping[str, Any]) -> list[float]:
        """The point of the unit cube at which a set stands."""
        return [axis.place(parameters[axis.name]) for axis in self.axes]

    def key(self, parameters: Mapping[str, Any]) -> tuple[Value, ...]:
        """What tells one set from another."""
        return tuple(parameters[name] for name in self.names)
