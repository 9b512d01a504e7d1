"""What of an object can be compiled: the attributes that are its state, the methods and properties of its class."""

from __future__ import annotations

import inspect
import types as python_types
from collections.abc import Iterator
from typing import Any

LINKS = frozenset({"source", "feed"})
"""Attributes that say how objects are wired together; the driver's generator reads them, compiled code never does."""

SETUP_ONLY = frozenset({"prepare", "setup", "of", "on", "by_hand", "feed", "on_start", "on_stop"})
"""Methods that run in Python before or after the bars, never among them."""


def fields_of(obj: object) -> Iterator[tuple[str, Any]]:
    """The attributes that are state, in the order they were set."""
    for name in vars(obj):
        if name not in LINKS:
            value = getattr(obj, name)
            if not isinstance(value, str) and value is not None:
                yield name, value


def classes_in(obj: object) -> dict[type, None]:
    """The class of `obj` and of everything it holds, in the order they are met."""
    found: dict[type, None] = {type(obj): None}
    for _, value in fields_of(obj):
        # The items of a list are of one class.
        for item in value[:1] if isinstance(value, list | tuple) else (value,):
            if not isinstance(item, bool | int | float) and hasattr(item, "__dict__"):
                found |= classes_in(item)
    return found


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
