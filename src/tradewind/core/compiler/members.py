"""What of an object can be compiled: attributes that are its state; its class's constants, methods and properties.

A class's constants are held as if each object had them: code is compiled for their names and kinds, and reads the
values that they have when a run begins. So no kernel can be stale for them, and an object may give itself another
value, as in Python.
"""

from __future__ import annotations

import inspect
import types as python_types
import weakref
from collections.abc import Iterable, Iterator
from typing import Any

LINKS = frozenset({"source", "feed"})
"""Attributes that say how objects are wired together; the driver's generator reads them, compiled code never does."""

SETUP_ONLY = frozenset({"prepare", "setup", "of", "on", "by_hand", "feed", "on_start", "on_stop"})
"""Methods that run in Python before or after the bars, never among them."""


CONSTANTS_MAX = 64
"""Numbers in a tuple that is a class's constant; a longer one is a table, which belongs into setup."""


def fields_of(obj: object) -> Iterator[tuple[str, Any]]:
    """The attributes that are state, in the order they were set, and then what the class has for those not set."""
    held = vars(obj)
    for name in held:
        if name not in LINKS:
            value = getattr(obj, name)
            if not isinstance(value, str) and value is not None:
                yield name, value
    for name, value in constants_of(type(obj)):
        if name not in held:
            yield name, value


def constants_of(cls: type) -> Iterator[tuple[str, Any]]:
    """The numbers, and short tuples of numbers of one kind, that a class has now, with those it inherits."""
    names = _names.get(cls)
    if names is None:
        found = dict.fromkeys(name for one in reversed(cls.__mro__) for name in vars(one) if not name.startswith("__"))
        names = _names[cls] = tuple(name for name in found if _is_constant(inspect.getattr_static(cls, name)))
    for name in names:
        value = getattr(cls, name, None)
        if _is_constant(value):
            yield name, value


_names: weakref.WeakKeyDictionary[type, tuple[str, ...]] = weakref.WeakKeyDictionary()
"""Names of constants; their values may change while a class lives."""


def _is_constant(value: Any) -> bool:
    if isinstance(value, bool | float):
        return True
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    if not isinstance(value, tuple) or not 0 < len(value) <= CONSTANTS_MAX:
        return False
    return all(type(v) is float for v in value) or all(type(v) is int and -(2**63) <= v < 2**63 for v in value)


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


Member = tuple[str, python_types.FunctionType, bool]
_members: weakref.WeakKeyDictionary[type, tuple[Member, ...]] = weakref.WeakKeyDictionary()


def members_of(cls: type) -> Iterable[Member]:
    """Name, function, and whether it is a property, of all that can be compiled of a class, inherited ones included.

    Tradewind's own classes stay as they are while the process lives, and are looked through once.
    """
    if not cls.__module__.startswith("tradewind."):
        return _looked_up(cls)
    found = _members.get(cls)
    if found is None:
        found = _members[cls] = tuple(_looked_up(cls))
    return found


def _looked_up(cls: type) -> Iterator[Member]:
    for name in dir(cls):
        if (name.startswith("__") and name != "__bool__") or name in SETUP_ONLY:
            continue
        member = inspect.getattr_static(cls, name)
        if isinstance(member, python_types.FunctionType):
            yield name, member, False
        elif isinstance(member, property) and isinstance(member.fget, python_types.FunctionType):
            yield name, member.fget, True
