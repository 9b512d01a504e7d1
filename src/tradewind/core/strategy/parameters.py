"""Parameters that a strategy declares: a default, and the range in which it makes sense."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from typing import Any

from tradewind.core.domain.errors import BadInput


@dataclass(frozen=True)
class Parameter:
    """A number (or a yes/no) that a person or an optimiser may turn. `low` and `high` are inclusive."""

    default: Any
    low: Any = None
    high: Any = None
    step: Any = None
    help: str = ""
    name: str = ""

    def parse(self, value: Any, owner: str) -> Any:
        """`value` as this parameter's kind, inside its range. Raises BadInput that names the parameter."""
        where = f"{owner}.{self.name}"
        parsed = self._as_kind(value, where)
        if (self.low is not None and parsed < self.low) or (self.high is not None and parsed > self.high):
            raise BadInput(f"{parsed} is outside {self.low} to {self.high}", where=where, fix="Choose a value inside")
        return parsed

    def _as_kind(self, value: Any, where: str) -> Any:
        if isinstance(self.default, bool):
            words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
            parsed = words.get(str(value).lower())
            if parsed is None:
                raise BadInput(f"expected true or false, found {value!r}", where=where, fix="Write true or false")
            return parsed
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise BadInput(
                f"expected a number, found {value!r}", where=where, fix="Give a number: --param name=12"
            ) from None
        if not math.isfinite(number):
            raise BadInput(
                f"expected a finite number, found {value!r}", where=where, fix="Give a number: --param name=12"
            )
        if isinstance(self.default, int):
            if number != int(number):
                raise BadInput(f"expected a whole number, found {value!r}", where=where, fix="Leave the fraction out")
            return int(number)
        return number


def param(default: Any, low: Any = None, high: Any = None, step: Any = None, help: str = "") -> Any:  # noqa: A002
    """Declare a parameter on a strategy class: `fast = param(10, low=2, high=50)`; read it as `self.fast`.

    A whole-number default makes a whole-number parameter, True or False a switch, anything else a fraction.
    """
    if not isinstance(default, bool | int | float):
        raise BadInput(
            f"a parameter's default must be a number or True/False, found {default!r}",
            fix="Write param(10), param(0.5) or param(True)",
        )
    for bound in (low, high):
        if bound is not None and not isinstance(bound, int | float):
            raise BadInput(
                f"a parameter's bounds must be numbers, found {bound!r}", fix="Write param(10, low=2, high=50)"
            )
    if low is not None and high is not None and low > high:
        raise BadInput(
            f"a parameter's low {low} is above its high {high}",
            fix="Put the smaller one first: param(10, low=2, high=50)",
        )
    return Parameter(default, low, high, step, help)


def resolve(declared: dict[str, Parameter], given: dict[str, Any], owner: str) -> dict[str, Any]:
    """Values for every declared parameter. Raises BadInput for one that is not declared, or out of its range."""
    for name in given:
        if name not in declared:
            close = difflib.get_close_matches(name, declared, 1)
            hint = f"Did you mean {close[0]}?" if close else f"It has: {', '.join(declared) or 'none'}"
            raise BadInput(f"{owner} has no parameter {name!r}", fix=hint)
    return {
        name: parameter.parse(given[name], owner) if name in given else parameter.parse(parameter.default, owner)
        for name, parameter in declared.items()
    }
