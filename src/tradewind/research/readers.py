"""The functions by which people read tables, listened to, and answered for with other numbers."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

READERS = {
    "numpy": ("load", "loadtxt", "genfromtxt"),
    "pandas": ("read_csv", "read_parquet", "read_feather", "read_pickle", "read_json", "read_excel", "read_hdf"),
    "polars": ("read_csv", "read_parquet", "read_ipc", "read_json", "read_excel"),
}
"""Where they are asked for by their library's name, as in `pd.read_csv`."""


@contextmanager
def answering(change: Callable[[Any], Any]) -> Iterator[list[str]]:
    """While it lasts each reader gives what `change` makes of what it has read; the list fills with what was read."""
    heard: list[str] = []
    put_back: list[tuple[Any, str, Any]] = []

    def answer(reader: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(reader)
        def read(*arguments: Any, **options: Any) -> Any:
            named = str(arguments[0]) if arguments else ""
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
                    setattr(module, name, answer(reader))
        yield heard
    finally:
        for module, name, reader in put_back:
            setattr(module, name, reader)
