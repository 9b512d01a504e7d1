"""Whole numbers that refuse to wrap round.

Python's whole numbers grow without end; compiled ones have 64 bits and start again at the other side. In a user's code,
sums, differences, products and shifts of whole numbers are computed by the functions here, which raise where the result
does not fit. Anything else they compute as the operator would.
"""

from __future__ import annotations

import operator
from typing import Any

from numba import types
from numba.core.typing import signature
from numba.extending import intrinsic, overload

TOO_LARGE = "a whole number beyond 64 bits"


def _checked(name: str) -> Any:
    """The intrinsic that computes with LLVM's `s<name>.with.overflow` and raises where that reports one."""

    @intrinsic
    def compute(typingctx: Any, a: Any, b: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            pair = getattr(builder, f"s{name}_with_overflow")(*args)
            with builder.if_then(builder.extract_value(pair, 1), likely=False):
                context.call_conv.return_user_exc(builder, OverflowError, (TOO_LARGE,))
            return builder.extract_value(pair, 0)

        return signature(types.int64, types.int64, types.int64), codegen

    return compute


_add, _sub, _mul = _checked("add"), _checked("sub"), _checked("mul")


def add(a: Any, b: Any) -> Any:
    """`a + b`."""
    return a + b


def sub(a: Any, b: Any) -> Any:
    """`a - b`."""
    return a - b


def mul(a: Any, b: Any) -> Any:
    """`a * b`."""
    return a * b


def shift(a: Any, b: Any) -> Any:
    """`a << b`."""
    return a << b


def _whole(*given: Any) -> bool:
    return all(isinstance(types.unliteral(t), types.Integer | types.Boolean) for t in given)


def _lists(*given: Any) -> bool:
    return any(isinstance(t, types.Array) for t in given)


def _first(a: Any, b: Any) -> Any:
    """Stands in for arithmetic on whole lists, which `semantics` refuses where it is written."""
    return a


def _register(function: Any, exact: Any, plain: Any) -> None:
    def choose(a: Any, b: Any) -> Any:
        if _lists(a, b):
            return _first
        return exact if _whole(a, b) else plain

    overload(function, strict=False)(choose)


_register(add, lambda a, b: _add(int(a), int(b)), lambda a, b: a + b)
_register(sub, lambda a, b: _sub(int(a), int(b)), lambda a, b: a - b)
_register(mul, lambda a, b: _mul(int(a), int(b)), lambda a, b: a * b)


def _shifted(a: Any, b: Any) -> Any:
    if b < 0:
        raise ValueError("negative shift count")
    if b > 62 or a >> (62 - b) not in (0, -1):
        raise OverflowError(TOO_LARGE)
    return a << b


_register(shift, _shifted, lambda a, b: a << b)

CHECKED = {operator.add: add, operator.sub: sub, operator.mul: mul, operator.lshift: shift}
"""What is called in place of an operator."""
