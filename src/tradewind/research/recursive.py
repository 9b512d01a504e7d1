"""How much history a strategy needs: what it says and decides must not depend on where its data began.

    result = recursive(MyStrategy, bars)
    result.history_needed, result.settlings

The strategy runs over all data, and again over data that begins at other bars. An average of twenty bars is right after
twenty; an exponential one never quite forgets; a sum over all bars so far never does. What is measured is the
difference to the run with all history, in units of the value's own standard deviation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tradewind.core.domain.errors import BadInput, StrategyFailed
from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.quantities import too_few
from tradewind.core.engine.market_data import MarketData
from tradewind.core.engine.rules import MarketRules
from tradewind.core.performance.path_chance import check_seed
from tradewind.core.strategy.parameters import resolve
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.backtest import Market, join
from tradewind.research.differences import first_other_decision
from tradewind.research.outside_state import OutsideState
from tradewind.research.recorded import Recorded, record
from tradewind.research.refused import plain_functions
from tradewind.research.rerun import Rerun
from tradewind.research.settling import STEADY as ALWAYS
from tradewind.research.settling import Settling, settling_of
from tradewind.research.shown_less import begun_at, cut_off, whole_moments

Array = np.ndarray[Any, Any]
Progress = Callable[[str, int, int], None]
STARTS = 6
STARTS_MAX = 100
HORIZON_MAX = 2_000
"""So many bars are followed from each beginning, where the data has three times as many."""
BARS_MIN = 150
MOMENTS_MAX = 30_000
"""Of longer data its last bars are used: the run is interpreted, and each value is kept."""
TOLERANCE = 0.001
LATE = 0.9
"""Decisions that still differ after this share of the horizon are not settled."""
STEADY, SETTLES, DEPENDS = "steady", "settles", "depends on its beginning"


@dataclass(frozen=True)
class Recursive:
    """What was found. `verdict` is one of steady, settles, depends on its beginning.

    history_needed     bars until everything was settled; None where something was not within the horizon
    decisions_settled  bars until the decisions were those of the run with all history; None where they never were
    starts             the moments (ns) at which the shorter data began; `horizon` bars were followed from each
    """

    strategy: str
    parameters: dict[str, Any]
    symbols: tuple[str, ...]
    timeframe: str
    bars: int
    seed: int
    tolerance: float
    horizon: int
    starts: tuple[int, ...]
    settlings: tuple[Settling, ...]
    decisions: int
    decisions_settled: int | None
    history_needed: int | None
    verdict: str
    notes: tuple[str, ...]

    def _repr_html_(self) -> str:
        """The page, inside a notebook's frame."""
        from tradewind.research.reports.notebook import framed  # noqa: PLC0415
        from tradewind.research.reports.recursive_page import recursive_study  # noqa: PLC0415 - pages are heavy

        return framed(recursive_study(self))

    def __repr__(self) -> str:
        needed = "more than it was given" if self.history_needed is None else f"{self.history_needed:,} bars"
        return f"Recursive({self.strategy}: {self.verdict}, history needed: {needed})"


def recursive(
    strategy: type[Strategy],
    data: Bars | Market | Sequence[Bars | Market],
    *,
    starts: int = STARTS,
    seed: int = 1,
    tolerance: float = TOLERANCE,
    rules: MarketRules | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
    parameters: Mapping[str, Any] | None = None,
    **given: Any,
) -> Recursive:
    """Run `strategy` from `starts` other beginnings: when is each indicator, column and decision as it should be?

    `tolerance` is a share of a value's standard deviation. Raises BadInput for too little data or a setting out of its
    range, StrategyFailed where the strategy breaks or two runs on the same bars differ.
    """
    if not 1 <= starts <= STARTS_MAX:
        raise BadInput(f"starts must be from 1 to {STARTS_MAX}, found {starts}", fix="Choose a value inside")
    if not 0.0 < tolerance < 1.0:
        raise BadInput(f"tolerance must be between 0 and 1, found {tolerance:g}", fix="Such as 0.001")
    check_seed(seed)
    plain_functions(strategy)
    resolved = resolve(strategy.parameters, {**(parameters or {}), **given}, strategy.__name__)
    joined = join(data, rules or MarketRules())
    merged, notes = _recent(joined.merged)
    moments = whole_moments(merged)
    if len(moments) < BARS_MIN:
        raise BadInput(
            f"{too_few(len(moments), 'bar')}: to begin at several places takes {BARS_MIN:,}",
            fix="Widen --start and --end, or bring more data",
        )
    outside = OutsideState(strategy)
    instruments = tuple(m.instrument for m in joined.markets)
    rerun = Rerun(strategy, resolved, instruments, rules or MarketRules(), "interpreted", cache, outside)
    told = progress or (lambda _stage, _done, _total: None)
    horizon = min(HORIZON_MAX, len(moments) // 3)
    begun = _beginnings(len(moments), horizon, starts, seed)
    try:
        told("running", 0, len(begun) + 2)
        whole = record(rerun, merged)
        if first_other_decision(whole.decisions, rerun.run(merged).decisions) is not None:
            raise StrategyFailed(
                "two runs on the same bars differ, so that beginnings cannot be compared",
                where=strategy.__name__,
                fix="Take chance and clocks out of it: tradewind lookahead says where it first differs",
            )
        search = _Beginnings(rerun, merged, moments, whole, horizon)
        for i, place in enumerate(begun, 2):
            told("running", i, len(begun) + 2)
            search.begin(int(place))
        told("running", len(begun) + 2, len(begun) + 2)
    finally:
        outside.end()
    settlings = search.settlings(tolerance)
    settled = search.decisions_settled()
    after = [s.settled_after for s in settlings if s.ready_after is not None] + [settled]
    needed = None if any(a is None for a in after) else max(a for a in after if a is not None)
    steady = all(s.words == ALWAYS for s in settlings if s.ready_after is not None)
    if len(whole.decisions) == 0:
        notes.append("It never asked for an order: there was no decision to compare")
    return Recursive(
        strategy=strategy.__name__,
        parameters=resolved,
        symbols=merged.symbols,
        timeframe=joined.markets[0].bars.timeframe,
        bars=len(moments),
        seed=seed,
        tolerance=tolerance,
        horizon=horizon,
        starts=tuple(int(merged.time[moments[p]]) for p in begun),
        settlings=settlings,
        decisions=len(whole.decisions),
        decisions_settled=settled,
        history_needed=needed,
        verdict=DEPENDS if needed is None else STEADY if steady else SETTLES,
        notes=tuple(notes),
    )


class _Beginnings:
    """What was seen from each beginning, beside what was seen with all history."""

    def __init__(self, rerun: Rerun, data: MarketData, moments: Array, whole: Recorded, horizon: int) -> None:
        self.rerun, self.data, self.moments, self.whole, self.horizon = rerun, data, moments, whole, horizon
        self.outputs: list[list[tuple[Array, Array]]] = [[] for _ in whole.names]
        self.columns: dict[str, list[tuple[Array, Array]]] = {}
        self.settled: list[int | None] = []

    def begin(self, place: int) -> None:
        """Run from one moment on."""
        first = int(self.moments[place])
        end = place + self.horizon
        last = int(self.moments[end]) if end < len(self.moments) else len(self.data)
        shown = begun_at(cut_off(self.data, last), first)
        part = record(self.rerun, shown)
        # At a moment the first symbol's row stands for it: the others' indicators have seen the moment too.
        rows = self.moments[place:end]
        for i, pairs in enumerate(self.outputs):
            pairs.append((self.whole.values[rows, i], part.values[rows - first, i]))
        known = self.rerun.columns(cut_off(self.data, last))
        for name, values in self.rerun.columns(shown).items():
            for number, symbol in enumerate(self.data.symbols):
                mine = np.flatnonzero(self.data.symbol[first:last] == number)
                key = name if len(self.data.symbols) == 1 else f"{name} of {symbol}"
                pair = (_fitted(known[name][first + mine], self.horizon), _fitted(values[mine], self.horizon))
                self.columns.setdefault(key, []).append(pair)
        self.settled.append(self._decided(part, first, last))

    def settlings(self, tolerance: float) -> tuple[Settling, ...]:
        """Each output's and each column's."""
        made = [
            settling_of(name, "indicator", warmup, pairs, tolerance)
            for name, warmup, pairs in zip(self.whole.names, self.whole.warmups, self.outputs, strict=True)
        ]
        return (*made, *(settling_of(name, "column", None, pairs, tolerance) for name, pairs in self.columns.items()))

    def decisions_settled(self) -> int | None:
        """The latest of all beginnings."""
        known = [s for s in self.settled if s is not None]
        return max(known) if len(known) == len(self.settled) else None

    def _decided(self, part: Recorded, first: int, last: int) -> int | None:
        """Bars until the decisions are the same ones, by when, what and which way: sizes follow the account."""
        step = self.data.step
        start, end = int(self.data.time[first]) + step, int(self.data.time[last - 1]) + step
        mine, theirs = (
            {(int(d["time"]), int(d["symbol"]), int(d["action"]), int(d["side"])) for d in decisions}
            for decisions in (
                self.whole.decisions[(self.whole.decisions["time"] >= start) & (self.whole.decisions["time"] <= end)],
                part.decisions,
            )
        )
        other = mine ^ theirs
        if not other:
            return 0
        times = self.data.time[self.moments] + step
        after = int(np.searchsorted(times, max(other)[0], side="right")) - int(np.searchsorted(times, start))
        return None if after >= LATE * self.horizon else after


def _fitted(values: Array, length: int) -> Array:
    """As long as the horizon: what is missing counts as undefined in both."""
    return np.concatenate([values[:length], np.full(max(0, length - len(values)), np.nan)])


def _recent(data: MarketData) -> tuple[MarketData, list[str]]:
    moments = whole_moments(data)
    if len(moments) <= MOMENTS_MAX:
        return data, []
    words = f"Of {len(moments):,} bars the last {MOMENTS_MAX:,} were used"
    return begun_at(data, int(moments[-MOMENTS_MAX])), [words]


def _beginnings(moments: int, horizon: int, count: int, seed: int) -> Array:
    """Where the data is to begin: a third of it in at the earliest, with a whole horizon behind."""
    rng = np.random.default_rng(seed)
    low, high = moments // 3, moments - horizon
    return np.sort(rng.choice(np.arange(low, high + 1), min(count, high - low + 1), replace=False))
