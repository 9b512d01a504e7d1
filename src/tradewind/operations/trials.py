"""The trial ledger as operations use it: count what they run, and say what has been counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tradewind.core.domain.data_sets import DataSetInfo
from tradewind.core.domain.trials import PERIODS_MIN, REAL, Ground, Tally, TrialKind, TrialsOf
from tradewind.core.performance.deflated_sharpe import expected_best_sharpe
from tradewind.core.performance.undefined import Figure, Undefined
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


def trials_on(trials: Trials, symbols: Sequence[str], start_ns: int, end_ns: int, origin: str = REAL) -> Tally:
    """The trials whose stretch overlaps `start_ns <= time < end_ns` on a shared symbol, whatever their strategy.

    A strategy that was thrown away was a look all the same, and what was seen in it led to the next one. Raises
    BadInput for no symbol or an end that is not after the start.
    """
    return trials.tally(Ground(tuple(symbols), start_ns, end_ns, origin))


@dataclass(frozen=True)
class LooksAt:
    """How often one symbol has been looked at. `luck` is the Sharpe ratio a year that the best of so many worthless
    trials is expected to show on one year of data, undefined below two trials with a Sharpe ratio; on four years it is
    half of that.
    """

    symbol: str
    origin: str
    trials: int
    luck: Figure


def looks_at(trials: Trials, lines: Sequence[TrialsOf]) -> list[LooksAt]:
    """Each symbol of the summary's lines, with all trials that ever touched it."""
    found = []
    for symbol, origin in dict.fromkeys((symbol, line.origin) for line in lines for symbol in line.symbols):
        same = [line for line in lines if symbol in line.symbols and line.origin == origin]
        tally = trials_on(trials, [symbol], min(s.start_ns for s in same), max(s.end_ns for s in same), origin)
        # One year of P periods: the best per period is E sqrt(spread / P), and a year of it is sqrt(P) times that.
        luck = expected_best_sharpe(tally.trials, tally.spread) if tally.judged > 1 else TOO_FEW
        found.append(LooksAt(symbol, origin, tally.trials, luck))
    return found


TOO_FEW = Undefined(f"fewer than two trials have a Sharpe ratio over {PERIODS_MIN} periods or more")
