"""What a strategy's code keeps outside the strategy: module-level names, class attributes, closures, defaults.

A model fitted once and kept in a module would be found again by the next run in this process, which a run in a new
process would not. Each run of a check begins from the state in which the first one began.
"""

from __future__ import annotations

import copy
import functools
import sys
import sysconfig
import types as python_types
from array import ArrayType
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tradewind.core.domain.market_data import Series
from tradewind.core.strategy.parameters import Parameter
from tradewind.core.strategy.strategy import Strategy

ABSENT = object()
HOLDERS = (list, dict, set, tuple, deque, ArrayType)
PLAIN = (type(None), bool, int, float, str, *HOLDERS)
DEFAULTS = ("__defaults__", "__kwdefaults__")
"""Where a function keeps what its arguments are when they are not given."""
LIBRARIES = tuple(Path(sysconfig.get_paths()[name]).resolve() for name in ("stdlib", "purelib", "platlib"))


class OutsideState:
    """Names that a strategy's code reaches outside of it: `places` are (owner, name), an owner a dict or a class."""

    def __init__(self, strategy: type[Strategy]) -> None:
        self.places: dict[tuple[int, str], tuple[Any, str]] = {}
        self.caches: list[Any] = []
        self.kept: dict[int, Any] = {id(ABSENT): ABSENT}
        for function in functions_of(strategy):
            self._look_at(function)
        for cls in strategy.__mro__:
            if is_foreign(cls.__module__):
                continue
            for name, value in list(vars(cls).items()):
                if not name.startswith("__") and not isinstance(value, Parameter) and name != "parameters":
                    self._note(cls, name, value)
        self.begun = {key: _held(*place) for key, place in self.places.items()}
        self.classes = {cls: set(vars(cls)) for cls in strategy.__mro__ if not is_foreign(cls.__module__)}

    def begin(self) -> None:
        """Put everything as it was at first, as copies that the run may change."""
        for key, value in _copied(self.begun, self.kept).items():
            _put(*self.places[key], value)
        self._forget()

    def end(self) -> None:
        """Put the very objects back that were there at first; no run has touched them."""
        for key, value in self.begun.items():
            _put(*self.places[key], value)
        self._forget()

    def held(self) -> Iterator[tuple[str, Any, str]]:
        """Owner, what it is called to a person, and the name under which something is kept now."""
        for owner, name in self.places.values():
            if _held(owner, name) is not ABSENT:
                yield _called(owner, name), owner, name

    @staticmethod
    def value(owner: Any, name: str) -> Any:
        """What is kept there now."""
        return _held(owner, name)

    @staticmethod
    def put(owner: Any, name: str, value: Any) -> None:
        """Keep something else there, until the next `begin`."""
        _put(owner, name, value)

    def _forget(self) -> None:
        for cls, names in self.classes.items():
            for name in set(vars(cls)) - names:
                if isinstance(vars(cls)[name], PLAIN) or _is_array(vars(cls)[name]):
                    delattr(cls, name)
        for cache in self.caches:
            cache.cache_clear()

    def _look_at(self, function: python_types.FunctionType) -> None:
        space = function.__globals__
        for name in names_in(function.__code__):
            if name in space and isinstance(space[name], python_types.ModuleType):
                self._look_into(space[name])
            elif name not in vars(sys.modules["builtins"]):
                self._note(space, name, space.get(name, ABSENT))
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                self._note(cell, name, cell.cell_contents)
            except ValueError:  # not filled
                continue
        for name in DEFAULTS:
            given = getattr(function, name)
            each = given.values() if isinstance(given, dict) else given or ()
            changing = [v for v in each if isinstance(v, HOLDERS) or _is_array(v) or is_own_object(v)]
            if changing:
                self._note(function, name, given)
                # What is told by its identity, as a mark of what was not given, must stay the very thing.
                self.kept |= {id(value): value for value in each if not any(value is v for v in changing)}

    def _look_into(self, module: python_types.ModuleType) -> None:
        if not is_foreign(module.__name__):
            for name, value in list(vars(module).items()):
                if not name.startswith("__"):
                    self._note(vars(module), name, value)

    def _note(self, owner: Any, name: str, value: Any) -> None:
        if hasattr(value, "cache_clear"):
            self.caches.append(value)
        elif value is ABSENT or isinstance(value, (*PLAIN, functools.partial)) or _is_array(value) or _is_object(value):
            self.places[id(owner), name] = (owner, name)


def functions_of(strategy: type[Strategy]) -> list[python_types.FunctionType]:
    """The functions a strategy's class is made of, and those of its own modules that they name."""
    waiting: list[Any] = [
        getattr(member, "fget", getattr(member, "__func__", member))
        for cls in strategy.__mro__
        if not is_foreign(cls.__module__)
        for member in vars(cls).values()
    ]
    found: dict[int, python_types.FunctionType] = {}
    while waiting:
        function = waiting.pop()
        function = getattr(function, "func", function) if isinstance(function, functools.partial) else function
        function = getattr(function, "__wrapped__", function)
        if not isinstance(function, python_types.FunctionType) or id(function) in found:
            continue
        if is_foreign(function.__module__ or ""):
            continue
        found[id(function)] = function
        for name in names_in(function.__code__):
            waiting += _callable_in(function.__globals__.get(name))
        for cell in function.__closure__ or ():
            with suppress(ValueError):  # not filled
                waiting += _callable_in(cell.cell_contents)
    return list(found.values())


def _callable_in(thing: Any) -> list[Any]:
    """A thing that may be a function; of a class, an object or a module of the person's own, what it has of them."""
    if isinstance(thing, python_types.ModuleType):
        return [] if is_foreign(thing.__name__) else [f for f in vars(thing).values() if callable(f)]
    owner = thing if isinstance(thing, type) else type(thing) if is_own_object(thing) else None
    if owner is None or is_foreign(owner.__module__):
        return [thing]
    return [getattr(member, "fget", getattr(member, "__func__", member)) for member in vars(owner).values()]


def names_in(code: python_types.CodeType) -> set[str]:
    """Every name that code looks up, in the functions inside it too."""
    inner = (constant for constant in code.co_consts if isinstance(constant, python_types.CodeType))
    return set(code.co_names).union(*(names_in(each) for each in inner))


def is_foreign(module: str) -> bool:
    """Whether a module is Tradewind's, Python's or an installed library's, and not the person's own."""
    package = module.partition(".")[0]
    if package in {"tradewind", "builtins"} or package in sys.stdlib_module_names:
        return True
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is not None and any(library in Path(file).resolve().parents for library in LIBRARIES)


def is_own_object(value: Any) -> bool:
    """Whether a value is an object of a class that the person has written."""
    return hasattr(value, "__dict__") and not callable(value) and not is_foreign(type(value).__module__)


def _is_object(value: Any) -> bool:
    """Whether a value has a state of its own: an object of a library (a model that is fitted) or of one's own."""
    package = type(value).__module__.partition(".")[0]
    return hasattr(value, "__dict__") and not callable(value) and package not in sys.stdlib_module_names | {"tradewind"}


def _is_array(value: Any) -> bool:
    libraries = {"numpy", "pandas", "polars"}
    return isinstance(value, Series) or (
        type(value).__module__.split(".")[0] in libraries and hasattr(value, "__len__")
    )


def _called(owner: Any, name: str) -> str:
    if isinstance(owner, python_types.FunctionType):
        return f"a default of {owner.__name__}()"
    return f"{owner.__name__}.{name}" if isinstance(owner, type) else name


def _held(owner: Any, name: str) -> Any:
    if isinstance(owner, python_types.CellType):
        return owner.cell_contents
    if isinstance(owner, python_types.FunctionType):
        return getattr(owner, name)
    return (owner if isinstance(owner, dict) else vars(owner)).get(name, ABSENT)


def _put(owner: Any, name: str, value: Any) -> None:
    if isinstance(owner, python_types.CellType):
        owner.cell_contents = value
    elif isinstance(owner, python_types.FunctionType):
        setattr(owner, name, value)
    elif isinstance(owner, dict):
        if value is ABSENT:
            owner.pop(name, None)
        else:
            owner[name] = value
    elif value is not ABSENT:
        setattr(owner, name, value)
    elif name in vars(owner):
        delattr(owner, name)


def _copied(values: dict[tuple[int, str], Any], kept: dict[int, Any]) -> dict[tuple[int, str], Any]:
    """Copies that share among themselves what the values share; `kept` and what cannot be copied stay what they are."""
    memo = dict(kept)
    copies: dict[tuple[int, str], Any] = {}
    for key, value in values.items():
        try:
            copies[key] = copy.deepcopy(value, memo)
        except Exception:  # noqa: BLE001  (whatever an object of somebody else's raises)
            copies[key] = value
    return copies
