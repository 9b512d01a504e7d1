"""What compiled code may do with a list.

Compiled, a list of a fixed length is an array, which adds, compares and sorts otherwise than Python's lists and cuts a
fraction down to a whole number without a word. So only items may be used, and an item keeps its type.
"""

from __future__ import annotations

import operator
from typing import Any

from numba import types
from numba.core import ir

from tradewind.core.compiler.exact import power
from tradewind.core.compiler.layout import CannotCompile
from tradewind.core.compiler.whole_numbers import CHECKED

WHOLE_LIST_CALLS = frozenset({bool, power, *CHECKED.values()})
"""Functions that stand for operators."""


def check_use(value: Any, typemap: dict[str, Any], place: str) -> None:
    """Raise CannotCompile for an expression that uses a list as a whole, or inverts a truth value."""
    operands: list[Any] = []
    if value.op in ("binop", "inplace_binop"):
        operands = [value.lhs, value.rhs]
    elif value.op in ("unary", "getattr"):
        operands = [value.value]
    elif value.op == "call" and getattr(typemap[value.func.name], "typing_key", None) in WHOLE_LIST_CALLS:
        operands = list(value.args)
    held = [types.unliteral(typemap[var.name]) for var in operands if var.name in typemap]
    if any(isinstance(t, types.Array) for t in held):
        raise CannotCompile("a list is used as a whole: use its items, or len(), or a loop over it", place)
    if value.op == "unary" and value.fn in (operator.invert, "~") and isinstance(held[0], types.Boolean):
        raise CannotCompile("~ of True or False is a number: write not", place)


def fraction_in_whole_list(statement: Any, state: Any, place: str) -> tuple[type, str] | None:
    """The class and attribute of a list of whole numbers that is given a fraction here, which it then must hold.

    Raises CannotCompile where an item is an object, or where the list is not an attribute.
    """
    target = state.typemap[statement.target.name]
    if not isinstance(target, types.Array):
        return None
    given = types.unliteral(state.typemap[statement.value.name])
    if isinstance(given, types.Integer | types.Boolean):
        return None
    if not isinstance(given, types.Float):
        raise CannotCompile("an item of a list is replaced as a whole: change what it holds instead", place)
    if isinstance(target.dtype, types.Float):
        return None
    source = state.func_ir.get_definition(statement.target)
    holder = state.typemap[source.value.name] if isinstance(source, ir.Expr) and source.op == "getattr" else None
    cls = getattr(holder, "python_class", None)
    if cls is None:
        raise CannotCompile("a list of whole numbers is given a fraction: begin it with 0.0", place)
    return cls, source.attr
