"""How long work tells where it is, whoever listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Stages follow each other; within one, `advance` counts towards its total."""

    def stage(self, name: str, total: float | None = None) -> None:
        """A new stage begins; without a total nobody knows how long it takes."""
        ...

    def advance(self, amount: float = 1) -> None:
        """Some of the stage's total is done."""
        ...


class Silence:
    """Progress that nobody listens to."""

    def stage(self, name: str, total: float | None = None) -> None:
        """Say nothing."""

    def advance(self, amount: float = 1) -> None:
        """Say nothing."""


class Stages:
    """What research tells of its work, `(stage, done, total)`, as stages with a total."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.stage = ""
        self.done = 0

    def __call__(self, stage: str, done: int, total: int) -> None:
        """So much of this stage is done."""
        if stage != self.stage:
            self.stage, self.done = stage, 0
            self.progress.stage(stage, total if total > 1 else None)
        self.progress.advance(done - self.done)
        self.done = done
