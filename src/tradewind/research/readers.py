"""The functions by which people read tables and lists, listened to, and answered for with other numbers."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tradewind.research.outside_state import is_foreign

READERS = {
    "json": ("load", "loads"),
    "pickle": ("load", "loads"),
    "numpy": ("load", "loadtxt", "genfromtxt", "fromfile", "frombuffer"),
    "pandas": ("read_csv", "read_parquet", "read_feather", "read_pickle", "read_json", "read_excel", "read_hdf"),
    "polars": ("read_csv", "read_parquet", "read_ipc", "read_json", "read_excel"),
}
"""Where they are asked for by their library's name, as in `pd.read_csv`."""
NAMED_BY_PATH = {"numpy", "pandas", "polars"}
"""Whose first argument is a path; the others are given what has been read, or a file."""
GIVEN = "what is given to"
"""How something begins that was heard of without a path."""


@contextmanager
def answering(change: Callable[[Any], Any]) -> Iterator[list[str]]:
    """While it lasts each reader gives what `change` makes of what it has read; the list fills with what was read."""
    heard: list[str] = []
    put_back: list[tuple[Any, str, Any]] = []

    def answer(reader: Callable[..., Any], library: str, name: str) -> Callable[..., Any]:
        @functools.wraps(reader)
        def read(*arguments: Any, **options: Any) -> Any:
            if is_foreign(sys._getframe(1).f_globals.get("__name__", "")):  # a library that reads for its own ends
                return reader(*arguments, **options)
            source = arguments[0] if arguments else ""
            by_path = library in NAMED_BY_PATH and not isinstance(source, bytes | bytearray | memoryview)
            path = source if by_path else getattr(source, "name", f"{GIVEN} {library}.{name}")
            named = str(path)
            if named and named not in heard:
                heard.append(named)
            return change(reader(*arguments, **options))

        return read

    try:
        for library, names in READERS.items():
            module = sys.modules.get(library)
            for name in names if module is not None else ():
                reader = getattr(module, name, None)
                if reader is not None:
                    put_back.append((module, name, reader))
                    setattr(module, name, answer(reader, library, name))
        yield heard
    finally:
        for module, name, reader in put_back:
            setattr(module, name, reader)
