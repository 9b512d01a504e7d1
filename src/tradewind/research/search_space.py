"""Which parameter sets a search may try: an axis for each parameter that is turned.

space_of(SmaCross, {"fast": "5:50:5", "slow": [20, 50, 100]}).count
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any

from tradewind.core.domain.errors import BadInput
from tradewind.core.strategy.parameters import Parameter
from tradewind.core.strategy.strategy import Strategy

Value = int | float | bool
AXIS_VALUES_MAX = 1_000_000
RANGE_WORDS = "Write first:last:step (5:50:5), values (20,50,100), or first:last for any fraction between"


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
    """All combinations of the axes' values."""

    axes: tuple[Axis, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that are turned."""
        return tuple(axis.name for axis in self.axes)

    @property
    def count(self) -> int | None:
        """How many sets there are; None where an axis has no steps."""
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


def space_of(strategy: type[Strategy], given: Any = None, fixed: Iterable[str] = ()) -> SearchSpace:
    """The axes that are asked for, or without any every parameter that declares its range and is not `fixed`.

    A choice is a list of values, a range, one value, or text: `5:50:5` (the last included), `20,50,100`, `0.1:0.9`.
    Raises BadInput for a parameter that is not declared or also fixed, a value out of its range, and a space that is
    empty.
    """
    declared, owner, fixed = strategy.parameters, strategy.__name__, set(fixed)
    if given is None:
        axes = [axis for name, p in declared.items() if name not in fixed and (axis := _declared(p)) is not None]
        if not axes:
            raise BadInput(
                "no parameter that could be turned declares its range" if declared else "it declares no parameters",
                where=owner,
                fix="Declare one: fast = param(10, low=2, high=50), or name values: --space fast=5:50:5",
            )
        return SearchSpace(tuple(axes))
    _must_name_parameters(given, owner)
    if not given:
        raise BadInput("the space is empty", where=owner, fix=f"Name a parameter's values. {RANGE_WORDS}")
    for name in given:
        if name not in declared:
            close = difflib.get_close_matches(name, declared, 1)
            hint = f"Did you mean {close[0]}?" if close else f"It has: {', '.join(declared) or 'none'}"
            raise BadInput(f"{owner} has no parameter {name!r}", where="--space", fix=hint)
        if name in fixed:
            raise BadInput(
                f"{name} is turned and has a fixed value", where="--space", fix="Give it to --space or to --param"
            )
    return SearchSpace(tuple(_given(declared[name], choice, owner) for name, choice in given.items()))


def _must_name_parameters(given: object, owner: str) -> None:
    if not isinstance(given, Mapping):
        raise BadInput(
            f"a space names each parameter with its values, and this is {given!r}",
            where=owner,
            fix='Write {"fast": "5:50:5", "slow": [20, 50]}',
        )


def _declared(parameter: Parameter) -> Axis | None:
    if isinstance(parameter.default, bool):
        return Axis(parameter.name, (False, True))
    if parameter.low is None or parameter.high is None:
        return None
    return _ranged(parameter, str(parameter.low), str(parameter.high), parameter.step, parameter.name)


def _given(parameter: Parameter, choice: Any, owner: str) -> Axis:
    where = f"{owner}.{parameter.name}"
    if isinstance(choice, str):
        if ":" in choice:
            return _from_range(parameter, choice, owner)
        choice = [part.strip() for part in choice.split(",") if part.strip()]
    elif isinstance(choice, int | float) or not isinstance(choice, Iterable):
        choice = [choice]
    values = sorted({parameter.parse(value, owner) for value in _few(choice, where)})
    if not values:
        raise BadInput("it has no values to try", where=where, fix=RANGE_WORDS)
    return Axis(parameter.name, tuple(values))


def _few(values: Iterable[Any], where: str) -> Iterator[Any]:
    for count, value in enumerate(values):
        if count >= AXIS_VALUES_MAX:
            raise _too_many(count + 1, where, "at least ")
        yield value.item() if hasattr(value, "item") else value


def _from_range(parameter: Parameter, text: str, owner: str) -> Axis:
    where = f"{owner}.{parameter.name}"
    parts = [part.strip() for part in text.split(":")]
    if len(parts) not in (2, 3) or not all(parts) or isinstance(parameter.default, bool):
        raise BadInput(f"{text!r} is no range for it", where=where, fix=RANGE_WORDS)
    for end in parts[:2]:
        parameter.parse(end, owner)
    return _ranged(parameter, parts[0], parts[1], parts[2] if len(parts) == 3 else parameter.step, where)


def _ranged(parameter: Parameter, first: str, last: str, step: Any, where: str) -> Axis:
    """From first to last, both included where the steps meet them; a fraction without a step takes any value between.

    Steps are counted in decimals: 0.1, 0.2, 0.3 and not 0.30000000000000004.
    """
    whole = isinstance(parameter.default, int)
    try:
        low, high, by = Decimal(first), Decimal(last), Decimal(str(step)) if step is not None else Decimal(int(whole))
    except InvalidOperation:
        raise BadInput(f"{first}:{last}:{step} is no range", where=where, fix=RANGE_WORDS) from None
    if low > high:
        raise BadInput(f"the range from {first} to {last} is empty", where=where, fix="Put the smaller number first")
    if step is None and not whole:
        return Axis(parameter.name, (float(low),)) if low == high else Axis(parameter.name, (), float(low), float(high))
    if not by.is_finite() or by <= 0 or (whole and by != int(by)):
        wanted = "a whole number above zero" if whole else "a number above zero"
        raise BadInput(f"its step is {step}, not {wanted}", where=where, fix=RANGE_WORDS)
    count = int((high - low) / by) + 1
    if count > AXIS_VALUES_MAX:
        raise _too_many(count, where)
    numbers = (low + by * i for i in range(count))
    return Axis(parameter.name, tuple(int(value) if whole else float(value) for value in numbers))


def _too_many(count: int, where: str, at_least: str = "") -> BadInput:
    return BadInput(
        f"it has {at_least}{count:,} values, and at most {AXIS_VALUES_MAX:,} can be told apart",
        where=where,
        fix="Take larger steps: first:last:step",
    )
