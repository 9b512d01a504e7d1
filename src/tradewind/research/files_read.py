"""Which files are opened for reading while something runs, as far as Python itself opens them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from tradewind.research.outside_state import LIBRARIES

FILES_MAX = 20
_CODE = {".py", ".pyc", ".so", ".nbi", ".nbc", ".pyd", ".dll"}
_reading: ContextVar[list[str] | None] = ContextVar("tradewind_files_read", default=None)
_hooked: list[bool] = []


@contextmanager
def files_read() -> Iterator[list[str]]:
    """A list that fills with the paths of data files, each once, at most FILES_MAX; code and libraries are no data."""
    if not _hooked:
        sys.addaudithook(_heard)  # which cannot be taken away again: it does nothing while nobody listens
        _hooked.append(True)
    found: list[str] = []
    token = _reading.set(found)
    try:
        yield found
    finally:
        _reading.reset(token)


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open":
        return
    found = _reading.get()
    path, mode = arguments[0], arguments[1]
    if found is None or len(found) >= FILES_MAX or not isinstance(path, str) or (mode and set(mode) & set("wax")):
        return
    if path in found or path.startswith(("/dev/", "/proc/", "/sys/")) or Path(path).suffix in _CODE:
        return
    if not any(library in Path(path).absolute().parents for library in LIBRARIES):
        found.append(path)
