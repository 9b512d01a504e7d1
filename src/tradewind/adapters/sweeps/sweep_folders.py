"""Sweeps at work as folders: `plan.json` says what the sweep is, and every block that is done is a file beside it."""

from __future__ import annotations

import io
import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import numpy as np

from tradewind.adapters import kept_folder
from tradewind.core.domain.errors import BadInput, Corrupt
from tradewind.ports.sweeps import BegunSweep, Block, Sweep

fcntl: Any = import_module("fcntl") if find_spec("fcntl") else None
"""Locks between processes. Without them (on Windows) two of them could do the same work twice."""
PLAN, LOCK, WORDS = "plan.json", ".lock", "words"


class SweepFolders:
    """One folder a sweep under `root`. A block is written beside its place, flushed, and put there whole."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def work_on(self, name: str, plan: Mapping[str, str], begun_ns: int, *, fresh: bool = False) -> Iterator[Sweep]:
        """Begin a sweep or go on with it; see the port."""
        folder = self.root / name
        kept_folder.make(folder, self.root, "sweeps")
        with _alone(folder):
            if fresh:
                _empty(folder)
            if (folder / PLAN).exists():
                _must_equal(name, _read_plan(folder).plan, plan)
            else:
                _empty(folder)
                _write(folder / PLAN, json.dumps({"begun_ns": begun_ns, "plan": dict(plan)}, indent=1).encode())
            files = BlockFiles(folder)
            yield Sweep(name, files.blocks, files.keep)

    def begun(self) -> list[BegunSweep]:
        """Those that are not finished, oldest first."""
        folders = self.root.iterdir() if self.root.is_dir() else ()
        found = [_read_plan(folder) for folder in sorted(folders) if (folder / PLAN).is_file()]
        return sorted(found, key=lambda sweep: (sweep.begun_ns, sweep.name))

    def find(self, name: str) -> BegunSweep:
        """The one of this name or beginning; "last" is the newest."""
        begun = self.begun()
        if not begun:
            raise BadInput("no sweep is unfinished", where="--resume", fix="Begin one: leave --resume out")
        if name == "last":
            return begun[-1]
        exact = [sweep for sweep in begun if sweep.name == name]
        near = exact or [sweep for sweep in begun if sweep.name.startswith(name)]
        if len(near) != 1:
            said = "there is no unfinished sweep" if not near else f"{len(near)} unfinished sweeps begin with"
            raise BadInput(
                f"{said} {name!r}", where="--resume", fix=f"Unfinished are {', '.join(s.name for s in near or begun)}"
            )
        return near[0]

    def forget(self, name: str) -> None:
        """Drop what was kept: first what makes it a sweep, then the rest."""
        _empty(self.root / name)
        shutil.rmtree(self.root / name, ignore_errors=True)


class BlockFiles:
    """The blocks in one sweep's folder, which this process has locked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = len(_block_files(folder))

    def blocks(self) -> Iterator[Block]:
        """What was kept, in order."""
        for number, path in enumerate(_block_files(self.folder), 1):
            if path.name != _block_name(number):
                raise _damaged(self.folder / _block_name(number), "it is missing")
            try:
                with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
                    arrays = {name: file[name] for name in file.files}
                yield Block(arrays, json.loads(bytes(arrays.pop(WORDS))))
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as problem:
                raise _damaged(path, str(problem)) from None

    def keep(self, block: Block) -> None:
        """Keep one more."""
        words = np.frombuffer(json.dumps(dict(block.words)).encode(), np.uint8)
        made = io.BytesIO()
        np.savez(made, allow_pickle=False, **{WORDS: words}, **block.arrays)
        self._count += 1
        _write(self.folder / _block_name(self._count), made.getvalue())


def _empty(folder: Path) -> None:
    """First what makes it a sweep, then the rest: cut off in between, it is no sweep of fewer blocks."""
    (folder / PLAN).unlink(missing_ok=True)
    for path in _block_files(folder):
        path.unlink(missing_ok=True)


def _block_name(number: int) -> str:
    return f"block-{number:06}.npz"


def _block_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("block-*.npz"))


def _damaged(path: Path, problem: str) -> Corrupt:
    return Corrupt(f"a block of the sweep cannot be read: {problem}", where=str(path), fix="Begin again: --fresh")


def _read_plan(folder: Path) -> BegunSweep:
    try:
        found = json.loads((folder / PLAN).read_text(encoding="utf-8"))
        return BegunSweep(folder.name, int(found["begun_ns"]), dict(found["plan"]), len(_block_files(folder)))
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise Corrupt(
            f"the sweep's plan cannot be read: {problem}", where=str(folder / PLAN), fix=f"Remove the folder {folder}"
        ) from None


def _must_equal(name: str, then: Mapping[str, str], now: Mapping[str, str]) -> None:
    for key in dict.fromkeys((*now, *then)):
        if then.get(key) != now.get(key):
            raise BadInput(
                f"the sweep {name} cannot go on: {key} was {then.get(key, 'not there')!s} when it began, and is "
                f"{now.get(key, 'not there')!s} now",
                where="--resume",
                fix="Put it back as it was, or begin another sweep: leave --resume out",
            )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """This process's, as long as it lives: the system takes the lock back from one that was killed."""
    if fcntl is None:
        yield
        return
    with _lock_of(folder) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise _at_work(folder) from None
        if os.fstat(lock.fileno()).st_nlink == 0:  # whoever held it has just finished, and removed the folder
            raise _at_work(folder)
        yield


def _lock_of(folder: Path) -> IO[str]:
    try:
        return (folder / LOCK).open("a")
    except FileNotFoundError:
        raise _at_work(folder) from None


def _at_work(folder: Path) -> BadInput:
    return BadInput(
        f"another process is at work on the sweep {folder.name}", where=str(folder), fix="Wait for it, or end it"
    )


def _write(path: Path, content: bytes) -> None:
    """The file is there as a whole or not at all, whatever happens."""
    beside = path.with_name(f".{path.name}.part")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    if fcntl is not None:
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
