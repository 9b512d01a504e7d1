"""The trial ledger as operations use it: count what they run, and say what has been counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tradewind.core.domain.data_sets import DataSetInfo
from tradewind.core.domain.trials import REAL, TrialKind
from tradewind.ports.trials import Trials
from tradewind.research.counting import Counting, counting


@contextmanager
def counted(trials: Trials, kind: TrialKind, infos: Sequence[DataSetInfo], now_ns: int) -> Iterator[Counting]:
    """Count every run inside the block. `infos` are the data sets it runs on: real and invented ones stand apart."""
    with counting(trials, kind, now_ns=now_ns, origin=origin_of(infos)) as count:
        yield count


def origin_of(infos: Sequence[DataSetInfo]) -> str:
    """REAL, or `seed 7` where any of the data was made up."""
    seeds = sorted({f"seed {info.seed}" for info in infos if info.synthetic})
    return ", ".join(seeds) or REAL


def counting_warnings(count: Counting) -> tuple[str, ...]:
    """What to know where the ledger did not serve: the run is shown, and says that it was not counted."""
    if count.problem is None:
        return ()
    plural = "s were" if count.seen != 1 else " was"
    return (f"{count.seen:,} trial{plural} not counted: {count.problem} (tradewind doctor says what to do)",)
