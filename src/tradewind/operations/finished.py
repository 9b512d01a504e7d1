"""What every command that makes a page has to show for itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from tradewind.operations.run_names import run_name
from tradewind.operations.workplace import Workplace
from tradewind.research.reports.study import Study, imprinted, write_study

Result = TypeVar("Result")
Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Finished(Generic[Result]):
    """Something that has been found out and kept: its run, its page, and the `command` that makes it again.

    `hashes` are of what it was found in: the data, the code.
    """

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
    hashes: Mapping[str, str]

    def as_document(self) -> dict[str, Any]:
        """What `--json` prints: where it was kept, and what was found."""
        return {
            "run": self.name,
            "folder": str(self.folder),
            "report": str(self.report),
            "verdict": self.verdict,
            "synthetic": self.synthetic,
            "warnings": list(self.warnings),
            "hashes": dict(self.hashes),
            **self.document,
        }


def keep_study(
    made: Callable[..., Kept],
    at: Workplace,
    named: tuple[str, str],
    study: Study,
    document: Mapping[str, Any],
    *,
    command: str,
    hashes: Mapping[str, str],
    synthetic: bool,
    warnings: Sequence[str] = (),
    write: Callable[[Study, Mapping[str, Any], Path], object] = write_study,
    **found: Any,
) -> Kept:
    """Keep a study's page and document, which `write` puts into a folder; `named` is the strategy and what was done.

    What was `found` becomes a `made`: Finished, or a class of its kind.
    """
    page = imprinted(
        study, command=command, hashes=hashes, created_ns=at.now_ns, made_by=at.made_by, synthetic=synthetic,
        warnings=warnings,
    )  # fmt: skip

    def written(place: Path) -> None:
        write(page, document, place)

    folder = at.runs.keep(run_name(at.now_ns, *named), written)
    return made(
        name=folder.name,
        folder=folder,
        report=folder / "report.html",
        document=document,
        verdict=page.verdict,
        warnings=tuple(page.warnings),
        synthetic=synthetic,
        command=command,
        hashes=page.hashes,
        **found,
    )
