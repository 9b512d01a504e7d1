"""One thing that a strategy knew too early, and how far ahead it must have looked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tradewind.core.domain.errors import StrategyFailed
from tradewind.core.engine.market_data import MarketData
from tradewind.research.differences import first_other_decision
from tradewind.research.rerun import Rerun
from tradewind.research.shown_less import WAYS, whole_moments

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Finding:
    """What came out otherwise when less was shown.

    kind            "column" (of `prepare`), "decision", "outside" (data of its own), or "broken" (it failed)
    name            the column's name, "decisions", or where the data is kept
    time_ns         the bar (its open) at which it first shows
    known_until_ns  the close of the last bar that was shown
    whole, part     what came out with all bars there, and with those alone
    way             what was done to the later bars
    cuts            at how many of the cuts it showed
    diagnosis       what it looks like; `bars_ahead` how many bars ahead it reads, None where that is not told
    glimpse         of a column: times (ns), its values with all bars and with those shown, around the cut
    """

    kind: str
    name: str
    time_ns: int
    known_until_ns: int
    whole: str
    part: str
    way: str
    cuts: int
    diagnosis: str
    bars_ahead: int | None = None
    glimpse: tuple[Array, Array, Array] | None = field(default=None, repr=False, compare=False)

    def explained(self, words: str, bars: int | None) -> Finding:
        """The same with its diagnosis."""
        return replace(self, diagnosis=words, bars_ahead=bars)

    def counted(self, cuts: int) -> Finding:
        """The same, seen at so many cuts."""
        return replace(self, cuts=cuts)


def number_text(value: float) -> str:
    """A column's value as a person reads it."""
    return "nothing (NaN)" if np.isnan(value) else f"{value:.10g}"


def ahead_of(rerun: Rerun, data: MarketData, whole: Array, decided_ns: int) -> tuple[str, int | None]:
    """How many bars after a decision (made at `decided_ns`) must be there for it to be taken; in words first."""
    moments = whole_moments(data)
    after = int(np.searchsorted(data.time[moments] + data.step, decided_ns, side="right"))
    wanted = whole[whole["time"] <= decided_ns]

    def taken(bars: int) -> bool:
        row = int(moments[after + bars])
        return all(_decides(rerun, shown(data, row), wanted, decided_ns) for shown in WAYS.values())

    short, ahead = -1, 0
    while after + ahead < len(moments) and not taken(ahead):
        short, ahead = ahead, max(ahead + 1, ahead * 3 // 2)
    if after + ahead >= len(moments):
        return "it is taken as it was only when nearly all later bars are there: it knows the whole sample", None
    while ahead - short > 1:
        middle = (short + ahead) // 2
        short, ahead = (short, middle) if taken(middle) else (middle, ahead)
    if ahead == 0:
        return "it changes with later bars", None
    return f"it is taken only when the {'next bar is' if ahead == 1 else f'next {ahead:,} bars are'} known", ahead


def _decides(rerun: Rerun, shown: MarketData, wanted: Array, decided_ns: int) -> bool:
    """Whether the decisions up to a moment are the same on a market of which less is shown."""
    try:
        part = rerun.run(shown).decisions
    except StrategyFailed:
        return False
    return first_other_decision(wanted, part[part["time"] <= decided_ns]) is None
