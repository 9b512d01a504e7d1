"""Whether a strategy looks ahead: it is shown less of the market, and must decide the same on what it was shown.

    result = lookahead(MyStrategy, bars)
    result.verdict, result.findings

Law: `decisions(market[:n]) == decisions(market)[:n]`, for every n. It is tried at cuts of three kinds (near the end,
right after decisions, at random), each in two ways: the later bars are left out, and the later bars are other ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tradewind.core.domain.errors import BadInput, StrategyFailed
from tradewind.core.domain.instants import instant_text
from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.quantities import so_many
from tradewind.core.engine.market_data import MarketData
from tradewind.core.engine.prepared import Columns
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import EngineName, RunResult
from tradewind.core.performance.path_chance import check_seed
from tradewind.core.strategy.parameters import resolve
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.another_time import LATER, at_another_time, may_ask
from tradewind.research.backtest import Market, join
from tradewind.research.differences import column_differs, decision_at, first_other_decision
from tradewind.research.foresight import Finding, ahead_of, number_text
from tradewind.research.outside_data import outside_findings
from tradewind.research.outside_state import OutsideState, functions_of
from tradewind.research.reach import Reach, first_number, reach_of
from tradewind.research.refused import plain_functions
from tradewind.research.rerun import Rerun
from tradewind.research.shown_less import CHANGED, WAYS, Cut, choose_cuts, gone_otherwise, telling_cuts

Array = np.ndarray[Any, Any]
Progress = Callable[[str, int, int], None]
CUTS = 16
CUTS_MAX = 1_000
CLEAN, AHEAD, UNREPEATABLE, UNSEEN = "clean", "looks ahead", "not repeatable", "nothing to check"
DECISIONS_EXPLAINED = 5
FILLED = "its first numbers are made of later bars, as where a gap is filled backwards (bfill)"
GLIMPSE = (60, 15)
"""How many bars before and after a cut are kept of a column, to be drawn."""


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


@dataclass
class _Search:
    """What is known so far."""

    rerun: Rerun
    data: MarketData
    whole: RunResult
    columns: Columns
    found: dict[str, list[Finding]] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def add(self, finding: Finding) -> None:
        self.found.setdefault(finding.name, []).append(finding)


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
        search = _Search(rerun, merged, rerun.run(merged), rerun.columns(merged))
        unrepeatable = _unrepeatable(search)
        chosen: list[Cut] = []
        begins: list[Cut] = []
        if not unrepeatable:
            chosen = choose_cuts(merged, search.whole.decisions["time"], cuts, seed)
            for i, cut in enumerate(chosen, 2):
                told("checking", i, len(chosen) + 2)
                for way, shown in WAYS.items():
                    _look(search, shown(merged, cut.row), cut, way)
            begins = [*_look_at_beginnings(search), *_look_before_what_is_rare(search, cuts)]
            _explain(search)
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


def _verdict(unrepeatable: Finding | None, findings: tuple[Finding, ...], asked: int, search: _Search) -> str:
    if unrepeatable:
        return UNREPEATABLE
    if findings:
        return AHEAD
    if asked == 0:
        search.notes["It never asked for an order: there was no decision to compare"] = None
        if not search.columns:
            return UNSEEN
    return CLEAN


def _unrepeatable(search: _Search) -> Finding | None:
    """The first thing that a second run on the very same bars does otherwise: chance or a clock, not look-ahead."""
    words = "the same bars gave another answer: it draws by chance, or asks a clock"
    ways = ("run again on the same bars", "prepared again")
    found = _other_again(search, search.rerun.run(search.data), search.rerun.columns(search.data), ways, words)
    functions = functions_of(search.rerun.strategy)
    if found or not may_ask(functions):
        return found
    for later in LATER:
        with suppress(StrategyFailed), at_another_time(functions, later) as asked:
            # Machine code has no clock, and keeps the names that it was compiled with; `prepare` is never compiled.
            compiled = search.whole.engine == "compiled"
            again = search.whole if compiled else search.rerun.run(search.data)
            columns = search.rerun.columns(search.data)
            if asked:
                words = f"the same bars gave another answer at another time: it asks {_listed(asked)}"
                found = found or _other_again(search, again, columns, ("run again at another time",) * 2, words)
        if found or not asked:
            return found
    search.notes[f"It asks {_listed(asked)}; at other times it decided the same"] = None
    return None


def _listed(names: list[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _other_again(
    search: _Search, again: RunResult, columns: Columns, ways: tuple[str, str], words: str
) -> Finding | None:
    """The first decision, or else the first number of a column, that is another one when all is done again."""
    index = first_other_decision(search.whole.decisions, again.decisions)
    if index is not None:
        return _decision_finding(search, again, index, len(search.data), ways[0], words)
    for name, values in columns.items():
        rows = np.flatnonzero(column_differs(search.columns[name], values))
        if len(rows):
            return _column_finding(search, name, values, int(rows[0]), len(search.data), ways[1], words)
    return None


def _look(search: _Search, shown: MarketData, cut: Cut, way: str) -> None:
    """Compare columns and decisions up to a cut with those of the whole."""
    row = cut.row
    try:
        columns = search.rerun.columns(shown)
    except StrategyFailed as error:
        search.notes[f"prepare fails on less data, so that {_moment(search, row)} could not be tried: {error}"] = None
        return
    apart = False
    for name, values in columns.items():
        rows = np.flatnonzero(column_differs(search.columns[name][:row], values[:row]))
        if len(rows):
            apart = True
            search.add(_column_finding(search, name, values, int(rows[0]), row, way, ""))
    until = int(search.data.time[row - 1]) + search.data.step
    whole = search.whole.decisions[search.whole.decisions["time"] <= until]
    try:
        part = search.rerun.run(shown)
        index = first_other_decision(whole, part.decisions[part.decisions["time"] <= until])
        if index is not None and columns and not apart:
            # Columns that differ by rounding may tip a comparison: with the very same columns, is it still another one?
            part = search.rerun.run_with(search.columns, shown)
            index = first_other_decision(whole, part.decisions[part.decisions["time"] <= until])
    except StrategyFailed as error:
        # Where later bars are other ones, it may have broken at those; what only sets up has no bar to break at.
        if len(shown) > row or error.message.startswith("setup raised"):
            search.notes[f"It fails where {way}, so that {_moment(search, row)} was not tried so: {error}"] = None
            return
        search.add(
            Finding(
                "broken", "the run", int(search.data.time[row - 1]), until, "it runs", f"it breaks: {error}", way, 1,
                "it needs bars that were not there yet",
            )
        )  # fmt: skip
        return
    if index is not None:
        search.add(_decision_finding(search, part, index, row, way, ""))


def _look_at_beginnings(search: _Search) -> list[Cut]:
    """Columns in which nothing was found, where each has its first number: is that known there? Gives the cuts.

    Later cuts cannot tell, since the bars from which a beginning was filled are shown by then.
    """
    data, tried = search.data, []
    quiet = {name: values for name, values in search.columns.items() if name not in search.found}
    for row in sorted({first_number(values) + 1 for values in quiet.values()} - {len(data), len(data) + 1}):
        tried.append(Cut(row, "where a column begins"))
        try:
            columns = search.rerun.columns(gone_otherwise(data, row))
        except StrategyFailed:
            continue
        for name, whole in quiet.items():
            rows = np.flatnonzero(column_differs(whole, columns[name])[:row])
            if len(rows):
                search.add(_column_finding(search, name, columns[name], int(rows[0]), row, CHANGED, FILLED))
    return tried


def _look_before_what_is_rare(search: _Search, count: int) -> list[Cut]:
    """Columns in which nothing was found, where they know of later bars only now and then: before the largest moves.

    Only `prepare` is asked again, so that there can be more of these cuts. Gives them.
    """
    tried = []
    quiet = {name: values for name, values in search.columns.items() if name not in search.found}
    for cut in telling_cuts(search.data, quiet, count) if quiet else []:
        tried.append(cut)
        try:
            columns = search.rerun.columns(gone_otherwise(search.data, cut.row))
        except StrategyFailed:
            continue
        for name, whole in quiet.items():
            rows = np.flatnonzero(column_differs(whole, columns[name])[: cut.row])
            if len(rows):
                search.add(_column_finding(search, name, columns[name], int(rows[0]), cut.row, CHANGED, ""))
    return tried


def _column_finding(search: _Search, name: str, values: Array, row: int, cut_row: int, way: str, words: str) -> Finding:
    data, whole = search.data, search.columns[name]
    rows = np.flatnonzero(data.symbol == data.symbol[row])
    near = rows[max(0, int(np.searchsorted(rows, cut_row)) - GLIMPSE[0]) :][: sum(GLIMPSE)]
    shown = np.array([values[r] if r < cut_row else np.nan for r in near])
    return Finding(
        "column", name, int(data.time[row]), int(data.time[cut_row - 1]) + data.step, number_text(whole[row]),
        number_text(values[row]), way, 1, words, None, (data.time[near] + data.step, whole[near], shown),
    )  # fmt: skip


def _decision_finding(search: _Search, part: RunResult, index: int, cut_row: int, way: str, words: str) -> Finding:
    data, whole = search.data, search.whole.decisions
    times = [int(d["time"][index]) for d in (whole, part.decisions) if index < len(d)]
    first = min(times)
    said = [
        decision_at(d, index, data.symbols) if index < len(d) and int(d["time"][index]) == first else "nothing"
        for d in (whole, part.decisions)
    ]
    return Finding(
        "decision", "decisions", first - data.step, int(data.time[cut_row - 1]) + data.step, said[0], said[1], way, 1,
        words,
    )  # fmt: skip


def _explain(search: _Search) -> None:
    """Say of what was found how far ahead it reads."""
    names = [name for name in search.columns if name in search.found]
    if names:
        try:
            reaches = reach_of(search.rerun.columns, search.data, search.columns, names)
        except StrategyFailed:
            reaches = {}
        for name in names:
            filled = all(f.diagnosis == FILLED for f in search.found[name])
            reach = (
                Reach(None, FILLED) if filled else reaches.get(name) or _reach_before_cuts(search, search.found[name])
            )
            search.found[name] = [f.explained(reach.words, reach.bars) for f in search.found[name]]
    decided = search.found.get("decisions")
    if not decided:
        return
    if names:
        said = f"it follows from what prepare made: {', '.join(names)}"
        search.found["decisions"] = [f.explained(said, None) for f in decided]
        return
    # One decision may come out right by luck with fewer bars: of several the one that needs most is told.
    times = sorted({f.time_ns for f in decided})[:DECISIONS_EXPLAINED]
    told = [ahead_of(search.rerun, search.data, search.whole.decisions, t + search.data.step) for t in times]
    words, bars = max(told, key=lambda each: -1 if each[1] is None else each[1])
    search.found["decisions"] = [f.explained(words, bars) for f in decided]


def _reach_before_cuts(search: _Search, findings: list[Finding]) -> Reach:
    """What can be said of a column that no single bar changes: how far before the cuts it was another one."""
    widest = max((f.known_until_ns - f.time_ns) // search.data.step for f in findings)
    return Reach(int(widest), f"values as far back as {so_many(int(widest), 'bar')} change with the bars that follow")


def _merged(findings: list[Finding]) -> Finding:
    """The earliest of one name, which knows how many there are."""
    first = min(findings, key=lambda f: (f.time_ns, f.known_until_ns))
    return first.counted(len({f.known_until_ns for f in findings}))


def _moment(search: _Search, row: int) -> str:
    return f"the cut at {instant_text(int(search.data.time[row - 1]) + search.data.step)}"
