"""Make a class's methods and properties callable on its record in compiled code."""

from __future__ import annotations

import inspect
import operator
import types as python_types
import weakref
from typing import Any

from numba.extending import overload, overload_attribute, overload_method

from tradewind.core.compiler.layout import ObjectRecord, record_class
from tradewind.core.compiler.members import classes_in, members_of
from tradewind.core.compiler.semantics import PartCompiler, options_for


def register_tree(obj: object) -> None:
    """Register the class of `obj` and of everything it holds."""
    for cls in classes_in(obj):
        register(cls)


_registered: weakref.WeakSet[type] = weakref.WeakSet()


def register(cls: type) -> None:
    """Register every method and property of `cls`, inherited ones included, on its record type."""
    record = record_class(cls)
    if record in _registered:
        return
    _registered.add(record)
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
