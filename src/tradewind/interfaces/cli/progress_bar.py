"""The bar on a terminal: the stage, how far it is, how long it may still take."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    Task,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class TimeLeft(TimeRemainingColumn):
    """How long the stage may still take; nothing where nobody knows."""

    def render(self, task: Task) -> Text:
        """`left 0:00:12`."""
        return Text() if task.total is None else Text("left ") + super().render(task)


class ProgressBar:
    """Shows one line for the stage at work; finished stages leave with the bar."""

    def __init__(self, console: Console, stages: Sequence[str]) -> None:
        self._stages = tuple(stages)
        self._seen = 0
        self._task: TaskID | None = None
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TimeLeft(),
            console=console,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    def stage(self, name: str, total: float | None = None) -> None:
        """Show the next stage, numbered among those expected."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._seen = self._stages.index(name) + 1 if name in self._stages else self._seen + 1
        among = f"[{self._seen}/{max(self._seen, len(self._stages))}] " if self._stages else ""
        self._task = self._progress.add_task(among + name, total=total)

    def advance(self, amount: float = 1) -> None:
        """Move the bar."""
        if self._task is not None:
            self._progress.advance(self._task, amount)
