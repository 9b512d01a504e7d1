"""Finished runs as folders that a person can open."""

from __future__ import annotations

import difflib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tradewind.core.domain.errors import BadInput, Corrupt
from tradewind.ports.runs import StoredRun

SUMMARY = "report.json"
PARTIAL = ".partial-"


class RunFolders:
    """One folder a run under `root`. An unfinished one begins with a dot and is swept when its process is gone."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def keep(self, name: str, write: Callable[[Path], None]) -> Path:
        """Keep a run; see the port."""
        final = self.root / name
        if final.exists():
            raise BadInput(f"there is a run {name!r} already", where=str(self.root), fix="Run again in a second")
        self.root.mkdir(parents=True, exist_ok=True)
        self._sweep()
        partial = self.root / f"{PARTIAL}{os.getpid()}-{name}"
        partial.mkdir()
        try:
            write(partial)
            partial.rename(final)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        return final

    def _sweep(self) -> None:
        """Remove what processes that were killed have left."""
        for left in self.root.glob(f"{PARTIAL}*"):
            pid = left.name.removeprefix(PARTIAL).split("-", 1)[0]
            if not (pid.isdigit() and _is_running(int(pid))):
                shutil.rmtree(left, ignore_errors=True)

    def kept(self) -> list[StoredRun]:
        """Every run, oldest first."""
        found = []
        for folder in self._folders():
            try:
                found.append(self._read(folder))
            except Corrupt:
                continue
        return sorted(found, key=lambda run: (run.summary.get("created_ns", 0), run.name))

    def damaged(self) -> dict[str, str]:
        """Folders that are no complete run."""
        reasons = {}
        for folder in self._folders():
            try:
                self._read(folder)
            except Corrupt as problem:
                reasons[str(folder)] = problem.message
        return reasons

    def find(self, name: str) -> StoredRun:
        """The run of this name or of this beginning; "last" is the newest."""
        runs = self.kept()
        if not runs:
            raise BadInput("no run has been kept yet", fix="Make one: tradewind backtest sma_cross")
        if name == "last":
            return runs[-1]
        names = {run.name: run for run in runs}
        if name in names:
            return names[name]
        if (self.root / name).is_dir() and name not in ("", ".", ".."):
            return self._read(self.root / name)
        matching = [run for run in runs if run.name.startswith(name)]
        if len(matching) == 1:
            return matching[0]
        if matching:
            raise BadInput(f"{len(matching)} runs begin with {name!r}", fix=f"Such as {matching[-1].name}")
        near = difflib.get_close_matches(name, names, 1)
        raise BadInput(
            f"there is no run {name!r}", fix=f"Did you mean {near[0]}?" if near else "See them: tradewind runs"
        )

    def remove(self, name: str) -> StoredRun:
        """Forget a run: it disappears at once, then its files are deleted."""
        run = self.find(name)
        gone = self.root / f"{PARTIAL}0-{run.name}"
        run.folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
        return run

    def _folders(self) -> list[Path]:
        if not self.root.is_dir():
            return []
        return sorted(p for p in self.root.iterdir() if p.is_dir() and not p.name.startswith("."))

    @staticmethod
    def _read(folder: Path) -> StoredRun:
        try:
            summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            raise Corrupt(
                f"its {SUMMARY} cannot be read: {problem}", where=str(folder), fix="Remove the folder and run again"
            ) from None
        if not isinstance(summary, dict):
            raise Corrupt(f"its {SUMMARY} is not an object", where=str(folder), fix="Remove the folder and run again")
        return StoredRun(folder.name, folder, summary)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
