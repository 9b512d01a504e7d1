"""Where studies are made: what they read, where they are kept and counted, and when and by whom they are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tradewind.operations.progress import Progress, Silence
from tradewind.ports.market_data import MarketData
from tradewind.ports.runs import Runs
from tradewind.ports.trials import Trials


@dataclass(frozen=True)
class Workplace:
    """What whoever runs a strategy works with; `bootstrap.open_workplace` makes it of the settings.

    `kernels` is the folder of compiled code, None where none is kept. What is kept says `now_ns` and `made_by`.
    """

    catalogue: MarketData
    runs: Runs
    trials: Trials
    kernels: Path | None
    now_ns: int
    made_by: str
    progress: Progress = field(default_factory=Silence)

    def begin(self) -> None:
        """Say that loading begins, and see that what is found can be kept. Raises BadInput before anything is run."""
        self.progress.stage("loading")
        self.runs.prepare()
