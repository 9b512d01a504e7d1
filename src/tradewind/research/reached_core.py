"""Which files of the core a strategy's run is made of: what it imports, each name followed to where it is defined.

An edit of any other file cannot change what the run does, and so makes no other trial of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
CORE = PACKAGE / "core"
ENGINE = (CORE / "engine", CORE / "compiler")
"""What runs every strategy, whatever it imports."""
BOOKS = CORE / "engine" / "books"
BOOK_HOOKS = ("on_book", "on_trade", "on_quote")
ROOMS = (*ENGINE, CORE / "domain", CORE / "indicators", CORE / "strategy")
"""What counts where an import cannot be followed."""
FROM = re.compile(r"^[ \t]*from (tradewind[\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)
WHOLE = re.compile(r"^[ \t]*import tradewind\b", re.MULTILINE)
NAME = re.compile(r"(\w+|\*)(?: as \w+)?")


def core_files(strategy: type, own: Iterable[Path], named: Iterable[str] = ()) -> frozenset[Path]:
    """The core's files that a run of `strategy` is made of, its `own` not among them.

    `named` are modules that it is known to use beside what its own files import.
    """
    waiting = {path for path in map(_path_of, named) if path is not None}
    for path in own:
        waiting |= _imported(path)
    found = set(_engine(_hears_books(strategy)))
    while waiting:
        path = waiting.pop()
        if path not in found and CORE in path.parents:
            found.add(path)
            waiting |= _imported_by_core(path)
    return frozenset(found)


@cache
def _engine(books: bool) -> frozenset[Path]:
    """The files that run any strategy, on bars or also on order books."""
    found: set[Path] = set()
    waiting = {path for room in ENGINE for path in room.rglob("*.py") if books or BOOKS not in path.parents}
    while waiting:
        path = waiting.pop()
        if path not in found and CORE in path.parents:
            found.add(path)
            waiting |= _imported_by_core(path)
    return frozenset(found)


def _hears_books(strategy: type) -> bool:
    return any(name in vars(base) for base in strategy.__mro__[:-1] for name in BOOK_HOOKS if _own(base))


def _own(base: type) -> bool:
    """Whether a class is somebody's, and not the one that all are made of, which has every hook."""
    return base.__module__ != "tradewind.core.strategy.strategy"


@cache
def _imported_by_core(path: Path) -> frozenset[Path]:
    return _imported(path)


def _imported(path: Path) -> frozenset[Path]:
    """The files of Tradewind that a file imports from, wherever in it."""
    text = path.read_text(encoding="utf-8", errors="replace")
    found: set[Path] = set(_rooms()) if WHOLE.search(text) else set()
    for module, names in FROM.findall(text):
        inside = _path_of(module)
        if inside is not None:
            found.add(inside)
            continue
        for name in NAME.findall(re.sub(r"#[^\n]*|[(),]", " ", names)):
            found |= _defined(module, name)
    return frozenset(found)


def _path_of(module: str) -> Path | None:
    """The file of a module that is no package."""
    path = PACKAGE.parent.joinpath(*module.split(".")).with_suffix(".py")
    return path if path.is_file() else None


def _defined(package: str, name: str) -> frozenset[Path]:
    """The file in which a name that a package offers is defined; all rooms where that cannot be said."""
    inside = _path_of(f"{package}.{name}")
    if inside is not None:
        return frozenset({inside})
    try:
        home = _path_of(str(getattr(import_module(package), name).__module__))
    except (ImportError, AttributeError):
        home = None
    return _rooms() if home is None else frozenset({home})


@cache
def _rooms() -> frozenset[Path]:
    return frozenset(path for room in ROOMS for path in room.rglob("*.py"))
