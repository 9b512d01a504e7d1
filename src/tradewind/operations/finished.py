"""What every command that makes a page has to show for itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


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
