"""The port to finished runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

BACKTEST = "backtest"
"""The kind of a run that names none."""


@dataclass(frozen=True)
class StoredRun:
    """Something that was run and kept: its name, its folder, and what its report says as plain values."""

    name: str
    folder: Path
    summary: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """What was done: "backtest", "optimize", "walk-forward" and so on."""
        return str(self.summary.get("kind") or BACKTEST)


class Runs(Protocol):
    """Finished runs, newest last. A run is there as a whole or not at all."""

    def prepare(self) -> None:
        """See that a run can be kept, before it is made. Raises BadInput where not."""
        ...

    def keep(self, name: str, write: Callable[[Path], None]) -> Path:
        """Keep a run: `write` fills an empty folder, which takes its place only when it is complete.

        Where the name is taken, a number is put behind it; the folder's name is the run's.
        """
        ...

    def kept(self) -> list[StoredRun]:
        """Every run, oldest first. Damaged ones are left out (`damaged` names them)."""
        ...

    def damaged(self) -> dict[str, str]:
        """Folders that are no complete run, with the reason."""
        ...

    def find(self, name: str, kind: str = "") -> StoredRun:
        """The run of this name, or whose name begins with it; "last" is the newest. `kind`: only runs of this kind.

        Raises BadInput.
        """
        ...

    def remove(self, name: str) -> str:
        """Forget a run, found as `find` does or damaged and named in full; the name of what has gone."""
        ...
