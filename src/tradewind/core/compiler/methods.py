"""Make a class's methods and properties callable on its record in compiled code."""

from __future__ import annotations

import inspect
import operator
import types as python_types
from collections.abc import Iterator
from typing import Any

from numba.extending import overload, overload_attribute, overload_method

from tradewind.core.compiler.layout import ObjectRecord, fields_of, record_class
from tradewind.core.compiler.semantics import PartCompiler, options_for

_registered: set[type] = set()

SETUP_ONLY = frozenset({"setup", "of", "on", "by_hand", "feed", "on_start", "on_stop"})
"""Methods that run in Python before or after the bars, never among them."""


def classes_in(obj: object) -> dict[type, None]:
    """The class of `obj` and of everything it holds, in the order they are met."""
    found: dict[type, None] = {type(obj): None}
    for _, value in fields_of(obj):
        # The items of a list are of one class.
        for item in value[:1] if isinstance(value, list | tuple) else (value,):
            if not isinstance(item, bool | int | float) and hasattr(item, "__dict__"):
                found |= classes_in(item)
    return found


def register_tree(obj: object) -> None:
    """Register the class of `obj` and of everything it holds."""
    for cls in classes_in(obj):
        register(cls)


def functions_in(obj: object) -> list[python_types.FunctionType]:
    """Every method and property getter that compiled code may call on `obj` or what it holds."""
    return [function for cls in classes_in(obj) for _, function, _ in members_of(cls)]


def members_of(cls: type) -> Iterator[tuple[str, python_types.FunctionType, bool]]:
    """Name, function, and whether it is a property, of all that can be compiled of a class, inherited ones included."""
    for name in dir(cls):
        if (name.startswith("__") and name != "__bool__") or name in SETUP_ONLY:
            continue
        member = inspect.getattr_static(cls, name)
        if isinstance(member, python_types.FunctionType):
            yield name, member, False
        elif isinstance(member, property) and isinstance(member.fget, python_types.FunctionType):
            yield name, member.fget, True


def register(cls: type) -> None:
    """Register every method and property of `cls`, inherited ones included, on its record type."""
    if cls in _registered:
        return
    _registered.add(cls)
    record = record_class(cls)
    for name, function, is_property in members_of(cls):
        if is_property:
            overload_attribute(record, name, jit_options=options_for(function))(_typed_overload(function))
        else:
            overload_method(record, name, jit_options=options_for(function))(_typed_overload(function))


def _is_true(thing: Any) -> Any:
    return thing.__bool__()


def _is_false(thing: Any) -> Any:
    return not thing.__bool__()


def _for_truth(implementation: Any) -> Any:
    """numba asks whether there is an implementation for this type: for objects whose class says when they are true."""

    def choose(thing: Any) -> Any:
        if isinstance(thing, ObjectRecord) and hasattr(thing.python_class, "__bool__"):
            return implementation
        return None

    return choose


overload(bool, jit_options={"pipeline_class": PartCompiler})(_for_truth(_is_true))
overload(operator.not_, jit_options={"pipeline_class": PartCompiler})(_for_truth(_is_false))


def _typed_overload(function: python_types.FunctionType) -> Any:
    """numba asks for an implementation by a function with the very same parameters; the answer is the method itself."""
    parameters = inspect.signature(function).parameters.values()
    names: dict[str, Any] = {f"default_{p.name}": p.default for p in parameters if p.default is not p.empty}
    declared = ", ".join(p.name + (f"=default_{p.name}" if p.default is not p.empty else "") for p in parameters)
    names["method"] = function
    exec(f"def overloaded({declared}):\n    return method\n", names)
    names["overloaded"].__annotations__ = function.__annotations__
    return names["overloaded"]
