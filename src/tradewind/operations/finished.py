"""What every command that makes a page has to show for itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from tradewind.ports.runs import Runs
from tradewind.research.reports.study import Study, write_study

Result = TypeVar("Result")
Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Finished(Generic[Result]):
    """Something that has been found out and kept: its run, its page, and the `command` that makes it again."""

    name: str
    folder: Path
    report: Path
    result: Result
    document: Mapping[str, Any]
    verdict: str
    warnings: tuple[str, ...]
    synthetic: bool
    said: tuple[str, ...]
    command: str

    def as_document(self) -> dict[str, Any]:
        """What `--json` prints: where it was kept, and what was found."""
        return {
            "run": self.name,
            "folder": str(self.folder),
            "report": str(self.report),
            "verdict": self.verdict,
            "synthetic": self.synthetic,
            "warnings": list(self.warnings),
            **self.document,
        }


def keep_study(
    made: Callable[..., Kept],
    runs: Runs,
    name: str,
    study: Study,
    document: Mapping[str, Any],
    *,
    write: Callable[[Path], object] | None = None,
    **found: Any,
) -> Kept:
    """Keep a study's page and document, or what `write` puts into the folder instead.

    What was `found` becomes a `made`: Finished, or a class of its kind.
    """

    def written(place: Path) -> None:
        if write is None:
            write_study(study, document, place)
        else:
            write(place)

    folder = runs.keep(name, written)
    return made(
        name=folder.name,
        folder=folder,
        report=folder / "report.html",
        document=document,
        verdict=study.verdict,
        warnings=tuple(study.warnings),
        **found,
    )
