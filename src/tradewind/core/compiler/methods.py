"""Make a class's methods and properties callable on its record in compiled code."""

from __future__ import annotations

import inspect
import types as python_types
from typing import Any

from numba.extending import overload_attribute, overload_method

from tradewind.core.compiler.layout import Layout, fields_of, record_class
from tradewind.core.compiler.semantics import jit

_registered: set[type] = set()

SETUP_ONLY = frozenset({"setup", "of", "on", "on_start", "on_stop"})
"""Methods that run in Python before or after the bars, never among them."""


def register_tree(obj: object) -> None:
    """Register the class of `obj` and of everything it holds."""
    register(type(obj))
    for _, value in fields_of(obj):
        for item in value if isinstance(value, list | tuple) else (value,):
            if not isinstance(item, bool | int | float) and hasattr(item, "__dict__"):
                register_tree(item)


def register(cls: type) -> None:
    """Register every method and property of `cls`, inherited ones included, on its record type."""
    if cls in _registered:
        return
    _registered.add(cls)
    record = record_class(cls)
    for name in dir(cls):
        if name.startswith("__") or name in SETUP_ONLY:
            continue
        member = inspect.getattr_static(cls, name)
        if isinstance(member, python_types.FunctionType):
            overload_method(record, name)(_typed_overload(member))
        elif isinstance(member, staticmethod):
            continue
        elif isinstance(member, property) and isinstance(member.fget, python_types.FunctionType):
            overload_attribute(record, name)(_typed_overload(member.fget))


def _typed_overload(function: python_types.FunctionType) -> Any:
    """numba asks an overload for an implementation with the very same parameters, so write one."""
    parameters = inspect.signature(function).parameters.values()
    defaults: dict[str, Any] = {f"default_{p.name}": p.default for p in parameters if p.default is not p.empty}
    declared = ", ".join(p.name + (f"=default_{p.name}" if p.default is not p.empty else "") for p in parameters)
    passed = ", ".join(p.name for p in parameters)
    source = (
        f"def overloaded({declared}):\n"
        f"    def implementation({declared}):\n"
        f"        return compiled({passed})\n"
        f"    return implementation\n"
    )
    namespace: dict[str, Any] = {"compiled": jit(function), **defaults}
    exec(source, namespace)
    return namespace["overloaded"]


__all__ = ["Layout", "register", "register_tree"]
