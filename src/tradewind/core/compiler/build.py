"""What one compilation knows: the hashes of the code it has met, and the folder that keeps finished parts."""

from __future__ import annotations

import gc
import types as python_types
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from numba import types

from tradewind.core.compiler.fingerprint import fingerprint
from tradewind.core.compiler.layout import ObjectRecord
from tradewind.core.compiler.members import members_of
from tradewind.core.compiler.parts import Shelf


class Build:
    """One compilation. Hashes are remembered for its length: between two of them a notebook may change anything."""

    def __init__(self, parts: Path | None) -> None:
        self.parts = parts
        self._functions: dict[Any, str] = {}
        self._classes: dict[type, str] = {}
        self._shelf: Shelf | None = None

    def shelf(self, codegen: Any) -> Shelf:
        """The parts that are kept already."""
        if self._shelf is None:
            self._shelf = Shelf(self.parts, codegen)
        return self._shelf

    def key_of(self, function: python_types.FunctionType, arguments: tuple[Any, ...], flags: str) -> str:
        """Name of the part that `function` makes for these argument types: a hash over all that decides it."""
        classes = sorted({self.class_hash(cls) for argument in arguments for cls in classes_of(argument)})
        described = [str(argument) for argument in arguments]
        return fingerprint([], self.function_hash(function), *classes, *described, flags)

    def function_hash(self, function: python_types.FunctionType) -> str:
        """Hash over a function and all that it reaches by name."""
        if function not in self._functions:
            self._functions[function] = fingerprint([function])
        return self._functions[function]

    def class_hash(self, cls: type) -> str:
        """Hash over all that compiled code may call on an object of a class."""
        if cls not in self._classes:
            self._classes[cls] = fingerprint([function for _, function, _ in members_of(cls)], cls.__qualname__)
        return self._classes[cls]


def classes_of(argument: Any) -> Iterator[type]:
    """The Python classes that stand behind a numba type, those of its fields included."""
    if isinstance(argument, types.Array):
        yield from classes_of(argument.dtype)
    elif isinstance(argument, ObjectRecord):
        yield argument.python_class
        for field in argument.fields.values():
            yield from classes_of(field.type)


_current: ContextVar[Build | None] = ContextVar("tradewind_build", default=None)


def current() -> Build:
    """The compilation in progress; outside of one, a fresh one that keeps nothing."""
    return _current.get() or Build(None)


@contextmanager
def building(parts: Path | None) -> Iterator[Build]:
    """Compile with what is learned on the way, and with finished parts kept in the folder `parts`."""
    build = Build(parts)
    token = _current.set(build)
    collecting = gc.isenabled()
    gc.disable()  # numba makes millions of objects and hardly any garbage: looking for it costs a twentieth of the time
    try:
        yield build
    finally:
        if collecting:
            gc.enable()
        _current.reset(token)
