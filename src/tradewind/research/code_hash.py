"""A hash over the source of a strategy: with the data's hashes it says which run a report is of."""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
import types as python_types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tradewind.research.reached_core import PACKAGE, core_files


def code_hash(strategy: type) -> str:
    """SHA-256 over the strategy's file, the files beside it that it uses, and the part of Tradewind that runs it.

    Of Tradewind that is the engine and what it imports, and the indicators that the strategy imports: an edit of
    anything else leaves the hash as it is. A class without a file (written in a notebook or a console) is hashed by its
    own source, or where even that is not known by its byte code.
    """
    files = sorted(_files_of(strategy))
    digest = hashlib.sha256(_core(strategy, files))
    if files:
        root = _root(files)
        for path in files:
            digest.update(path.relative_to(root).as_posix().encode() if len(files) > 1 else b"")
            digest.update(path.read_bytes())
    else:
        digest.update(_text_of(strategy).encode())
    return digest.hexdigest()


def _core(strategy: type, files: list[Path]) -> bytes:
    digest = hashlib.sha256()
    # Without a file of its own, all that stands beside the class may be used by it.
    beside = [] if files else [m.__name__ for m in _named_in(sys.modules.get(strategy.__module__))]
    for path in sorted(core_files(strategy, files, beside)):
        digest.update(path.relative_to(PACKAGE).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.digest()


def _files_of(strategy: type) -> set[Path]:
    """The strategy's file and those it reaches by import in the same folder tree."""
    own = _file_of(sys.modules.get(strategy.__module__))
    if own is None or PACKAGE in own.parents:
        return set() if own is None else {own}
    found: set[Path] = set()
    waiting = [sys.modules[strategy.__module__]]
    while waiting:
        module = waiting.pop()
        path = _file_of(module)
        if path is None or path in found or own.parent not in path.parents or PACKAGE in path.parents:
            continue  # Tradewind may well stand below the strategy's folder
        if "site-packages" in path.parts:
            continue
        found.add(path)
        waiting.extend(_named_in(module))
        waiting.extend(_imported_by(module, path))
    return found


def _imported_by(module: Any, path: Path) -> Iterator[Any]:
    """The modules that a file's imports name: a number that is imported does not say where it comes from."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join((module.__package__ or "").split(".")[: -node.level + 1 or None]) if node.level else ""
            home = ".".join(part for part in (base, node.module or "") if part)
            names = [home, *(f"{home}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (sys.modules[name] for name in names if name in sys.modules)


def _named_in(module: Any) -> Iterator[Any]:
    """The modules that a module's names come from."""
    for value in list(vars(module).values()) if module else ():
        if isinstance(value, python_types.ModuleType):
            yield value
        elif isinstance(name := getattr(value, "__module__", None), str) and name in sys.modules:
            yield sys.modules[name]


def _file_of(module: Any) -> Path | None:
    name = getattr(module, "__file__", None)
    path = Path(name).resolve() if name else None
    return path if path is not None and path.suffix == ".py" and path.is_file() else None


def _root(files: list[Path]) -> Path:
    root = files[0].parent
    while not all(root in path.parents for path in files):
        root = root.parent
    return root


def _text_of(strategy: type) -> str:
    """Source as far as it can be had: a notebook's is known to `inspect`, a console's is not."""
    try:
        return inspect.getsource(strategy)
    except (OSError, TypeError):
        members = {name: getattr(member, "__code__", member) for name, member in vars(strategy).items()}
        return "".join(f"{name}:{_spelled(member)}" for name, member in sorted(members.items()) if name[:2] != "__")


def _spelled(member: Any) -> str:
    if isinstance(member, python_types.CodeType):
        inner = "".join(_spelled(constant) for constant in member.co_consts)
        return f"{member.co_code.hex()}{member.co_names}{inner}"
    return repr(member) if isinstance(member, bool | int | float | str | tuple | None) else type(member).__name__
