"""Finished runs as folders that a person can open."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Callable
from pathlib import Path

from tradewind.adapters import kept_folder
from tradewind.adapters.runs.unfinished import Unfinished
from tradewind.core.domain.errors import BadInput, Corrupt
from tradewind.ports.runs import BACKTEST, StoredRun

SUMMARY = "report.json"
NAMES_MAX = 10_000


class RunFolders:
    """One folder a run under `root`. What is not finished yet, or on its way out, is in folders that begin with a dot
    and are swept when nobody works on them any more.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def prepare(self) -> None:
        """See that runs can be kept; see the port."""
        kept_folder.make(self.root, self.root, "runs")
        if not os.access(self.root, os.W_OK):
            raise BadInput(
                "runs cannot be kept here: the folder cannot be written",
                where=str(self.root),
                fix="Give yourself the right to it, or choose another: [folders] runs in tradewind.toml",
            )

    def keep(self, name: str, write: Callable[[Path], None]) -> Path:
        """Keep a run; see the port."""
        self.prepare()
        with Unfinished(self.root, name) as unfinished:
            write(unfinished.folder)
            for final in _names(self.root / name):
                if unfinished.finish(final):
                    return final
        raise BadInput(
            f"{NAMES_MAX:,} runs are named {name!r}", where=str(self.root), fix="Remove some: tradewind runs"
        )

    def kept(self) -> list[StoredRun]:
        """Every run, oldest first."""
        return self._all()[0]

    def damaged(self) -> dict[str, str]:
        """Folders that are no complete run."""
        return self._all()[1]

    def _all(self) -> tuple[list[StoredRun], dict[str, str]]:
        runs: list[StoredRun] = []
        reasons: dict[str, str] = {}
        for folder in self._folders():
            try:
                runs.append(_read(folder))
            except Corrupt as problem:
                reasons[str(folder)] = problem.message
        return sorted(runs, key=lambda run: (run.summary["created_ns"], run.name)), reasons

    def find(self, name: str, kind: str = "") -> StoredRun:
        """The run of this name or of this beginning; "last" is the newest."""
        if name in {folder.name for folder in self._folders()}:
            found = _read(self.root / name)
            if kind and found.kind != kind:
                raise BadInput(f"it is a {found.kind}, not a {kind}", where=name, fix="See them: tradewind runs")
            return found
        runs = [run for run in self.kept() if kind in ("", run.kind)]
        if not runs:
            what = "run" if kind in ("", BACKTEST) else kind
            raise BadInput(f"no {what} has been kept yet", fix="Make one: tradewind backtest sma_cross")
        if name == "last":
            return runs[-1]
        matching = [run for run in runs if name and run.name.startswith(name)]
        if len(matching) == 1:
            return matching[0]
        if matching:
            raise BadInput(
                f"{len(matching)} runs begin with {name!r}", fix=f"The newest of them is {matching[-1].name}"
            )
        near = difflib.get_close_matches(name, [run.name for run in runs], 1)
        raise BadInput(
            f"there is no run {name!r}", fix=f"Did you mean {near[0]}?" if near else "See them: tradewind runs"
        )

    def remove(self, name: str) -> str:
        """Forget a run: it disappears at once, then its files are deleted."""
        damaged = {Path(folder).name for folder in self.damaged()}
        found = name if name in damaged else self.find(name).name
        with Unfinished(self.root, found) as unfinished:
            (self.root / found).rename(unfinished.folder / found)
        return found

    def _folders(self) -> list[Path]:
        if not self.root.is_dir():
            return []
        return sorted(p for p in self.root.iterdir() if p.is_dir() and not p.name.startswith("."))


def _names(wanted: Path) -> list[Path]:
    """The name itself, then with a number behind it."""
    return [wanted, *(wanted.with_name(f"{wanted.name}-{number}") for number in range(2, NAMES_MAX + 1))]


def _read(folder: Path) -> StoredRun:
    fix = "Remove the folder and run again"
    try:
        summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise Corrupt(f"its {SUMMARY} cannot be read: {problem}", where=str(folder), fix=fix) from None
    if not isinstance(summary, dict) or not isinstance(summary.get("created_ns"), int):
        raise Corrupt(f"its {SUMMARY} is not that of a run", where=str(folder), fix=fix)
    return StoredRun(folder.name, folder, summary)
