"""Whether a strategy looks ahead: it is shown less of the market, and must decide the same on what it was shown.

    result = lookahead(MyStrategy, bars)
    result.verdict, result.findings

Law: `decisions(market[:n]) == decisions(market)[:n]`, for every n. It is tried at cuts of three kinds (near the end,
right after decisions, at random), each in two ways: the later bars are left out, and the later bars are other ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.market_data import Bars
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import EngineName
from tradewind.core.performance.path_chance import check_seed
from tradewind.core.strategy.parameters import resolve
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.backtest import Market, join
from tradewind.research.foresight import Finding
from tradewind.research.foresight_search import (
    Search,
    explain,
    look,
    look_at_beginnings,
    look_before_what_is_rare,
    unrepeatable_finding,
)
from tradewind.research.outside_data import outside_findings
from tradewind.research.outside_state import OutsideState
from tradewind.research.refused import plain_functions
from tradewind.research.rerun import Rerun
from tradewind.research.shown_less import WAYS, Cut, choose_cuts

Progress = Callable[[str, int, int], None]
CUTS = 16
CUTS_MAX = 1_000
CLEAN, AHEAD, UNREPEATABLE, UNSEEN = "clean", "looks ahead", "not repeatable", "nothing to check"


@dataclass(frozen=True)
class Lookahead:
    """What the check found. `verdict` is one of clean, looks ahead, not repeatable, nothing to check.

    `cuts` are the moments (ns) at which each cut's last bar closed, with why it was chosen; `notes` say what the check
    could not see. `decisions` is how many the whole run took, `columns` what `prepare` made.
    """

    strategy: str
    parameters: dict[str, Any]
    symbols: tuple[str, ...]
    timeframe: str
    bars: int
    seed: int
    verdict: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    cuts: tuple[tuple[int, str], ...]
    runs: int
    decisions: int
    columns: tuple[str, ...]
    engine: str

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return self.verdict == CLEAN

    def _repr_html_(self) -> str:
        """The page, inside a notebook's frame."""
        from tradewind.research.reports.lookahead_page import lookahead_study  # noqa: PLC0415 - pages are heavy
        from tradewind.research.reports.notebook import framed  # noqa: PLC0415

        return framed(lookahead_study(self))

    def __repr__(self) -> str:
        return f"Lookahead({self.strategy}: {self.verdict}, {len(self.cuts)} cuts, {self.decisions:,} decisions)"


def lookahead(
    strategy: type[Strategy],
    data: Bars | Market | Sequence[Bars | Market],
    *,
    cuts: int = CUTS,
    seed: int = 1,
    rules: MarketRules | None = None,
    engine: EngineName = "auto",
    cache: Path | None = None,
    progress: Progress | None = None,
    parameters: Mapping[str, Any] | None = None,
    **given: Any,
) -> Lookahead:
    """Show `strategy` less of the market at about `cuts` places, and compare what it decides and prepares.

    `given` are the strategy's parameters, as `parameters` are; the same `seed` cuts at the same places. Raises BadInput
    for data too short to cut or parameters that do not fit, StrategyFailed where the strategy breaks on the whole data.
    """
    if not 3 <= cuts <= CUTS_MAX:
        raise BadInput(f"cuts must be from 3 to {CUTS_MAX:,}, found {cuts}", fix="Choose a value inside")
    check_seed(seed)
    plain_functions(strategy)
    resolved = resolve(strategy.parameters, {**(parameters or {}), **given}, strategy.__name__)
    joined = join(data, rules or MarketRules())
    merged = joined.merged
    outside = OutsideState(strategy)
    instruments = tuple(m.instrument for m in joined.markets)
    rerun = Rerun(strategy, resolved, instruments, rules or MarketRules(), engine, cache, outside)
    told = progress or (lambda _stage, _done, _total: None)
    try:
        told("checking", 0, cuts + 2)
        choose_cuts(merged, np.empty(0, np.int64), 3, seed)  # which says where there is too little data
        search = Search(rerun, merged, rerun.run(merged), rerun.columns(merged))
        unrepeatable = unrepeatable_finding(search)
        chosen: list[Cut] = []
        begins: list[Cut] = []
        if not unrepeatable:
            chosen = choose_cuts(merged, search.whole.decisions["time"], cuts, seed)
            for i, cut in enumerate(chosen, 2):
                told("checking", i, len(chosen) + 2)
                for way, shown in WAYS.items():
                    look(search, shown(merged, cut.row), cut, way)
            begins = [*look_at_beginnings(search), *look_before_what_is_rare(search, cuts)]
            explain(search)
            for finding in outside_findings(rerun, merged, search.whole, search.columns, chosen, search.notes):
                search.add(finding)
        told("checking", len(chosen) + 2, len(chosen) + 2)
    finally:
        outside.end()
    findings = (unrepeatable,) if unrepeatable else tuple(_merged(each) for each in search.found.values())
    asked = len(search.whole.decisions)
    return Lookahead(
        strategy=strategy.__name__,
        parameters=resolved,
        symbols=merged.symbols,
        timeframe=joined.markets[0].bars.timeframe,
        bars=len(merged),
        seed=seed,
        verdict=_verdict(unrepeatable, findings, asked, search),
        findings=findings,
        notes=tuple(search.notes),
        cuts=tuple((int(merged.time[c.row - 1]) + merged.step, c.why) for c in (*begins, *chosen)),
        runs=2 + len(WAYS) * len(chosen) + len(begins),
        decisions=asked,
        columns=tuple(search.columns),
        engine=search.whole.engine,
    )


def _verdict(unrepeatable: Finding | None, findings: tuple[Finding, ...], asked: int, search: Search) -> str:
    if unrepeatable:
        return UNREPEATABLE
    if findings:
        return AHEAD
    if asked == 0:
        search.notes["It never asked for an order: there was no decision to compare"] = None
        if not search.columns:
            return UNSEEN
    return CLEAN


def _merged(findings: list[Finding]) -> Finding:
    """The earliest of one name, which knows how many there are."""
    first = min(findings, key=lambda f: (f.time_ns, f.known_until_ns))
    return first.counted(len({f.known_until_ns for f in findings}))
