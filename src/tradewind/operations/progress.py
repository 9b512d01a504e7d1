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
