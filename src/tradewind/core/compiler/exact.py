"""Arithmetic that gives the interpreter's bits when compiled.

LLVM turns `x ** 2` into `x * x`; the C library's `pow`, which Python calls, rounds otherwise about once in a thousand.
NumPy sums pairwise, numba in order. `math.log(0)` raises in Python and is -inf in C. Each function here is called in
place of its builtin when a method is compiled, and raises where Python raises.
"""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing import signature
from numba.extending import intrinsic, overload

from tradewind.core.compiler.whole_numbers import mul


@intrinsic
def _libm_pow(typingctx: Any, base: Any, exponent: Any) -> Any:
    """The C library's pow. The empty assembly hides the exponent, or LLVM would simplify the call away."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        double = ir.DoubleType()
        barrier = ir.InlineAsm(ir.FunctionType(double, [double]), "", "=r,0", side_effect=False)
        exponent_hidden = builder.call(barrier, [args[1]])
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(double, [double, double]), "pow")
        return builder.call(function, [args[0], exponent_hidden])

    return signature(types.float64, types.float64, types.float64), codegen


def power(base: float, exponent: float) -> float:
    """`base ** exponent`."""
    result: float = base**exponent
    return result


@overload(power)
def _power(base: Any, exponent: Any) -> Any:
    if isinstance(base, types.Integer) and isinstance(exponent, types.Integer):

        def whole(base: Any, exponent: Any) -> Any:
            if exponent < 0:
                raise ValueError("a whole number to a negative power: write float(base)")
            result = 1
            for _ in range(exponent):
                result = mul(result, base)
            return result

        return whole

    def fraction(base: Any, exponent: Any) -> Any:
        x, y = float(base), float(exponent)
        result = _libm_pow(x, y)
        if math.isinf(result) and math.isfinite(x) and math.isfinite(y):
            raise OverflowError("power: result too large, or zero to a negative power")
        if math.isnan(result) and not math.isnan(x) and not math.isnan(y):
            raise ValueError("power: a negative base has no real power with a fraction")
        return result

    return fraction


def whole(x: float) -> int:
    """`int(x)`."""
    return int(x)


@overload(whole, strict=False)
def _whole(x: Any) -> Any:
    if not isinstance(x, types.Float):
        return lambda x: int(x)

    def checked(x: Any) -> Any:
        if not -9.2e18 < x < 9.2e18:
            raise ValueError("cannot convert to a whole number")
        return int(x)

    return checked


def _to_whole(name: str) -> Any:
    """A rounding of math (or `round`) to a whole number, which must fit 64 bits; NaN and infinities raise."""
    source = f"""
def {name}(x):
    return {name}_of(x)

def overloaded(x):
    if not isinstance(x, types.Float):
        return lambda x: int(x)

    def checked(x):
        if not -9.2e18 < x < 9.2e18:
            raise ValueError("cannot convert to a whole number")
        return int({name}_of(x))
    return checked
"""
    namespace: dict[str, Any] = {f"{name}_of": round if name == "round" else getattr(math, name), "types": types}
    exec(source, namespace)
    overload(namespace[name])(namespace["overloaded"])
    return namespace[name]


def _checked(name: str, bad: str) -> Any:
    """A math function of one argument that raises where Python's does; `bad` is the condition on x and result r."""
    source = f"""
def {name}(x):
    return math.{name}(x)

def overloaded(x):
    def checked(x):
        r = math.{name}(x)
        if {bad}:
            raise ValueError("math domain error")
        return r
    return checked
"""
    namespace: dict[str, Any] = {"math": math}
    exec(source, namespace)
    overload(namespace[name])(namespace["overloaded"])
    return namespace[name]


_NOT_A_NUMBER = "math.isnan(r) and not math.isnan(x)"
_INFINITE = "math.isinf(r) and not math.isinf(x)"

REPLACED: dict[Any, Any] = {
    int: whole,
    round: _to_whole("round"),
    math.floor: _to_whole("floor"),
    math.ceil: _to_whole("ceil"),
    math.trunc: _to_whole("trunc"),
    pow: power,
    math.pow: power,
    math.sqrt: _checked("sqrt", _NOT_A_NUMBER),
    math.exp: _checked("exp", _INFINITE),
    math.log: _checked("log", f"({_NOT_A_NUMBER}) or ({_INFINITE})"),
    math.log10: _checked("log10", f"({_NOT_A_NUMBER}) or ({_INFINITE})"),
    math.log1p: _checked("log1p", f"({_NOT_A_NUMBER}) or ({_INFINITE})"),
    math.expm1: _checked("expm1", _INFINITE),
    math.sin: _checked("sin", _NOT_A_NUMBER),
    math.cos: _checked("cos", _NOT_A_NUMBER),
    math.tan: _checked("tan", _NOT_A_NUMBER),
    math.asin: _checked("asin", _NOT_A_NUMBER),
    math.acos: _checked("acos", _NOT_A_NUMBER),
    math.atan: _checked("atan", _NOT_A_NUMBER),
    math.tanh: _checked("tanh", _NOT_A_NUMBER),
}
"""What is called instead, by the object the source names."""

ALLOWED: frozenset[Any] = frozenset(
    {
        abs, min, max, float, bool, len, range, enumerate, zip, isinstance,
        math.fabs, math.isnan, math.isinf, math.isfinite, math.copysign, math.atan2,
        ValueError, ZeroDivisionError, IndexError, ArithmeticError, OverflowError, RuntimeError, Exception,
    }
)  # fmt: skip
"""What compiled code may call besides its own methods and functions: each is known to give the same bits."""
