"""Which parameter sets a search may try, read from what was asked for.

space_of(SmaCross, {"fast": "5:50:5", "slow": [20, 50, 100]}).count
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from tradewind.core.domain.errors import BadInput
from tradewind.core.strategy.parameters import Parameter
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.search_space import Axis, SearchSpace

AXIS_VALUES_MAX = 1_000_000
RANGE_WORDS = "Write first:last:step (5:50:5), values (20,50,100), or first:last for any fraction between"


def space_of(strategy: type[Strategy], given: Any = None, fixed: Mapping[str, Any] | Iterable[str] = ()) -> SearchSpace:
    """The axes that are asked for, or without any every parameter that declares its range and is not `fixed`.

    A choice is a list of values, a range, one value, or text: `5:50:5` (the last included), `20,50,100`, `0.1:0.9`.
    Where `fixed` says the values too, the strategy's relations hold with these. Raises BadInput for a parameter that is
    not declared or also fixed, a value out of its range, and a space that is empty.
    """
    declared, owner = strategy.parameters, strategy.__name__
    values: Mapping[str, Any] = (
        {name: declared[name].parse(value, owner) for name, value in fixed.items() if name in declared}
        if isinstance(fixed, Mapping) else {}
    )  # fmt: skip
    fixed = set(fixed)
    if given is None:
        axes = [axis for name, p in declared.items() if name not in fixed and (axis := _declared(p)) is not None]
        if not axes:
            raise BadInput(
                "no parameter that could be turned declares its range" if declared else "it declares no parameters",
                where=owner,
                fix="Declare one: fast = param(10, low=2, high=50), or name values: --space fast=5:50:5",
            )
        return _related(strategy, tuple(axes), values)
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
    return _related(strategy, tuple(_given(declared[name], choice, owner) for name, choice in given.items()), values)


def _related(strategy: type[Strategy], axes: tuple[Axis, ...], fixed: Mapping[str, Any]) -> SearchSpace:
    """The axes, with those relations of the strategy that they have a part in. Raises BadInput where no set is left."""
    turned = {axis.name for axis in axes}
    relations = tuple(each for each in strategy.related if turned.intersection(each.names))
    held = {name: fixed.get(name, p.default) for name, p in strategy.parameters.items() if name not in turned}
    space = SearchSpace(axes, relations, held if relations else {})
    if space.allowed == 0:
        said = " and ".join(str(relation) for relation in relations)
        raise BadInput(
            f"none of the {space.count:,} sets has {said}", where=strategy.__name__, fix=f"Give values with {said}"
        )
    return space


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
    values = sorted({_value(parameter, value, owner) for value in _few(choice, where)})
    if not values:
        raise BadInput("it has no values to try", where=where, fix=RANGE_WORDS)
    return Axis(parameter.name, tuple(values))


def _value(parameter: Parameter, value: Any, owner: str) -> Any:
    """A value of a space; where it is none at all, how a space is written is what helps."""
    try:
        return parameter.parse(value, owner)
    except BadInput as problem:
        if isinstance(value, str) and not _is_number(value):
            raise BadInput(problem.message, where=problem.where, fix=RANGE_WORDS) from None
        raise


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


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
        _value(parameter, end, owner)
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
