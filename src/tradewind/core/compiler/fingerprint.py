"""A name for compiled code that changes whenever anything it was made from does.

numba's own cache looks at one file; what a function calls may live in another. Here the name is a hash over the byte
code of every function that can be reached, and over every constant they name, however many files they are in.
"""

from __future__ import annotations

import hashlib
import inspect
import platform
import sys
import types as python_types
from collections.abc import Iterable
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding
import numba
import numpy as np

OWN = "tradewind."
STANDARD = frozenset(sys.stdlib_module_names) | {"numpy", "numba"}


def fingerprint(functions: Iterable[python_types.FunctionType], *more: str) -> str:
    """Hash of the functions with all they reach, the strings in `more`, the machine and the compiler's version."""
    digest = hashlib.sha256()
    for text in (*toolchain(), *more):
        digest.update(text.encode() + b"\0")
    seen: set[int] = set()
    waiting = list(functions)
    while waiting:
        function = waiting.pop()
        if id(function) in seen:
            continue
        seen.add(id(function))
        if (function.__module__ or "").startswith(OWN):
            digest.update(_own(function))
        else:
            _function(digest, function, waiting)
    return digest.hexdigest()[:32]


@cache
def _own(function: python_types.FunctionType) -> bytes:
    """Hash of one of Tradewind's own functions with all it reaches, which stays as it is while the process lives."""
    digest = hashlib.sha256()
    seen: set[int] = set()
    waiting = [function]
    while waiting:
        reached = waiting.pop()
        if id(reached) not in seen:
            seen.add(id(reached))
            _function(digest, reached, waiting)
    return digest.digest()


def _function(digest: Any, function: python_types.FunctionType, waiting: list[Any]) -> None:
    _text(digest, f"{function.__module__}.{function.__qualname__}")
    for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values(), *_cells(function)):
        _value(digest, value, function.__code__.co_names, waiting)
    _code(digest, function.__code__, function.__globals__, waiting)


@cache
def toolchain() -> tuple[str, ...]:
    """What else decides the machine code: versions, processor, and this compiler itself."""
    own = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        own.update(path.read_bytes())
    processor = llvmlite.binding.get_host_cpu_name()
    features = llvmlite.binding.get_host_cpu_features().flatten()
    return (
        sys.version,
        platform.machine(),
        numba.__version__,
        llvmlite.__version__,
        np.__version__,
        processor,
        features,
        own.hexdigest(),
    )


def _cells(function: python_types.FunctionType) -> list[Any]:
    contents = []
    for cell in function.__closure__ or ():
        try:
            contents.append(cell.cell_contents)
        except ValueError:  # not filled yet
            continue
    return contents


def _text(digest: Any, text: str) -> None:
    """Take a text in with its length: the constants 2 and 98 are not the constants 29 and 8."""
    digest.update(f"{len(text)}:{text}".encode())


def _code(digest: Any, code: python_types.CodeType, names: dict[str, Any], waiting: list[Any]) -> None:
    _text(digest, repr((code.co_code, code.co_names, code.co_varnames, code.co_argcount)))
    for constant in code.co_consts:
        if isinstance(constant, python_types.CodeType):
            _code(digest, constant, names, waiting)
        else:
            _text(digest, repr(constant))
    for name in code.co_names:
        if name in names:
            _text(digest, name)
            _value(digest, names[name], code.co_names, waiting)


def _value(digest: Any, value: Any, attributes: tuple[str, ...], waiting: list[Any]) -> None:
    if isinstance(value, python_types.ModuleType):
        _module(digest, value, attributes, waiting)
    elif isinstance(value, python_types.FunctionType):
        waiting.append(value)
        _text(digest, value.__qualname__)
    elif isinstance(value, bool | int | float | str | bytes | tuple | frozenset | np.generic | Enum | type(None)):
        _text(digest, repr(value))
    elif isinstance(value, type):
        _text(digest, f"{value.__module__}.{value.__qualname__}")
        for attribute in sorted({name for cls in value.__mro__ for name in vars(cls)}):
            constant = inspect.getattr_static(value, attribute)
            constant = getattr(constant, "value", constant)  # an enumeration's member
            if isinstance(constant, bool | int | float):
                _text(digest, f"{attribute}={constant!r}")
    elif isinstance(value, np.ndarray):
        _text(digest, f"{value.dtype}{value.shape}{value.tobytes()!r}")
    else:
        _text(digest, type(value).__qualname__)


def _module(digest: Any, module: python_types.ModuleType, attributes: tuple[str, ...], waiting: list[Any]) -> None:
    """Take in what code that names these attributes may reach through a module, and through modules in it."""
    found = [module]
    for reached in found:
        _text(digest, reached.__name__)
        if reached.__name__.split(".")[0] in STANDARD:
            continue
        for attribute in attributes:
            thing = getattr(reached, attribute, None)
            if not isinstance(thing, python_types.ModuleType):
                _text(digest, attribute)
                _value(digest, thing, (), waiting)
            elif thing not in found:
                found.append(thing)
