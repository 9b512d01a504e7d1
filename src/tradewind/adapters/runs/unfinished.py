"""A folder that is being filled: taken away when its process fails or dies, put in place as a whole when it is done."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

fcntl: Any = import_module("fcntl") if find_spec("fcntl") else None
"""Locks between processes. Without them (on Windows) nothing is swept, so nothing can be swept too early."""

PREFIX = ".unfinished-"
LOCK = ".lock"


class Unfinished:
    """An empty folder under `root`, ours for the length of a `with`. Before it is made, what dead processes left goes.

    The kernel holds a lock on the folder as long as this process lives. A number of a process would not do: inside a
    container they are all the same, and a new process would take the leavings of an old one for its own.
    """

    def __init__(self, root: Path, name: str) -> None:
        self.root, self.name = root, name

    def __enter__(self) -> Self:
        with _alone(self.root):
            _sweep(self.root)
            self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{self.name}-", dir=self.root))
            self.folder.chmod(0o755)
            self.handle = _locked(self.folder)
        return self

    def finish(self, final: Path) -> bool:
        """Put the folder in its place; False where another one has that name."""
        try:
            self.folder.rename(final)
        except OSError as problem:
            if problem.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                return False
            raise
        if fcntl is not None:
            handle = os.open(self.root, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        return True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.handle is not None:
            os.close(self.handle)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Nobody else sweeps or begins meanwhile."""
    if fcntl is None:
        yield
        return
    with (root / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _locked(folder: Path) -> int | None:
    """A handle that locks the folder; None where somebody else's does, or folders cannot be locked."""
    if fcntl is None:
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _sweep(root: Path) -> None:
    for left in root.glob(f"{PREFIX}*"):
        handle = _locked(left)
        if handle is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(handle)
