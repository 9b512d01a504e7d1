"""Relations between parameters: what must hold of several of them together, such as `fast < slow`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tradewind.core.domain.errors import BadInput

SIGNS: Mapping[str, tuple[Callable[[Any, Any], bool], str]] = {
    "<": (operator.lt, "below"),
    "<=": (operator.le, "at most"),
    ">": (operator.gt, "above"),
    ">=": (operator.ge, "at least"),
}
SIGN = re.compile(r"(<=|>=|<|>)")


@dataclass(frozen=True)
class Relation:
    """Parameters by `names`, and between each two of them one of SIGNS."""

    names: tuple[str, ...]
    signs: tuple[str, ...]

    def holds(self, values: Mapping[str, Any]) -> Any:
        """Whether it holds of these values; of arrays, an array."""
        found: Any = True
        for (left, right), sign in zip(pairwise(self.names), self.signs, strict=True):
            found = found & SIGNS[sign][0](values[left], values[right])
        return found

    def broken(self, values: Mapping[str, Any]) -> str:
        """What does not hold of these values, in words; empty where all does."""
        for (left, right), sign in zip(pairwise(self.names), self.signs, strict=True):
            holds, word = SIGNS[sign]
            if not holds(values[left], values[right]):
                return f"{left} must be {word} {right}, found {left}={values[left]} and {right}={values[right]}"
        return ""

    def __str__(self) -> str:
        words = [self.names[0]]
        for sign, name in zip(self.signs, self.names[1:], strict=True):
            words += [sign, name]
        return " ".join(words)


def relation_from(text: str, declared: Collection[str], owner: str) -> Relation:
    """Read `fast < slow` or `fast < middle < slow`. Raises BadInput for words that are no declared parameters."""
    parts = [part.strip() for part in SIGN.split(text)]
    names, signs = tuple(parts[::2]), tuple(parts[1::2])
    unknown = [name for name in names if name not in declared]
    if not signs or unknown:
        what = f"{unknown[0]!r} is no parameter of it" if unknown and signs else f"one of {', '.join(SIGNS)} is missing"
        raise BadInput(
            f"the relation {text!r} cannot be read: {what}",
            where=owner,
            fix=f'Write relations = ("fast < slow",), with its parameters: {", ".join(declared) or "none"}',
        )
    return Relation(names, signs)


def must_relate(relations: Collection[Relation], values: Mapping[str, Any], owner: str) -> None:
    """Raises BadInput where a relation does not hold of the values."""
    for relation in relations:
        if broken := relation.broken(values):
            raise BadInput(broken, where=owner, fix=f"Choose values with {relation}")
