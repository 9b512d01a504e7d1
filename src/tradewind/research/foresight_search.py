"""The search for what a strategy knows too early: it is run on less of the market, and what is another value is found.

Everything here looks at one `Search`, which gathers findings and notes; `research.lookahead` asks in which order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tradewind.core.domain.errors import StrategyFailed
from tradewind.core.domain.instants import instant_text
from tradewind.core.domain.quantities import so_many
from tradewind.core.engine.market_data import MarketData
from tradewind.core.engine.prepared import Columns
from tradewind.core.engine.run import RunResult
from tradewind.research.another_time import LATER, at_another_time, may_ask, may_draw
from tradewind.research.differences import column_differs, decision_at, first_other_decision
from tradewind.research.foresight import Finding, ahead_of, number_text
from tradewind.research.outside_state import functions_of
from tradewind.research.reach import Reach, first_number, reach_of
from tradewind.research.rerun import Rerun
from tradewind.research.shown_less import CHANGED, Cut, gone_otherwise, telling_cuts

Array = np.ndarray[Any, Any]
DECISIONS_EXPLAINED = 5
FILLED = "its first numbers are made of later bars, as where a gap is filled backwards (bfill)"
GLIMPSE = (60, 15)
"""How many bars before and after a cut are kept of a column, to be drawn."""
TIMES_AGAIN = 6
"""How often who may draw by chance is run again on the same bars."""


@dataclass
class Search:
    """What is known so far."""

    rerun: Rerun
    data: MarketData
    whole: RunResult
    columns: Columns
    found: dict[str, list[Finding]] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def add(self, finding: Finding) -> None:
        """One more of its name."""
        self.found.setdefault(finding.name, []).append(finding)


def unrepeatable_finding(search: Search) -> Finding | None:
    """The first thing that a second run on the very same bars does otherwise: chance or a clock, not look-ahead."""
    words = "the same bars gave another answer: it draws by chance, or asks a clock"
    ways = ("run again on the same bars", "prepared again")
    functions = functions_of(search.rerun.strategy)
    found: Finding | None = None
    # A coin may fall twice the same way: who draws is asked more often.
    for _ in range(TIMES_AGAIN if may_draw(functions) else 1):
        again, columns = search.rerun.run(search.data), search.rerun.columns(search.data)
        found = _other_again(search, again, columns, ways, words)
        if found:
            return found
    if not may_ask(functions):
        return None
    salted = search.whole.engine != "compiled"
    told = "at other times it decided the same"
    for later in LATER:
        try:
            with at_another_time(functions, later, salted=salted) as asked:
                again, columns = search.rerun.run(search.data), search.rerun.columns(search.data)
                if asked:
                    words = f"the same bars gave another answer at another time: it asks {_listed(asked)}"
                    found = _other_again(search, again, columns, ("run again at another time",) * 2, words)
        except StrategyFailed as failed:
            told = f"at another time it fails: {failed}"
        if found or not asked:
            return found
    search.notes[f"It asks {_listed(asked)}; {told}"] = None
    return None


def _listed(names: list[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _other_again(
    search: Search, again: RunResult, columns: Columns, ways: tuple[str, str], words: str
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


def look(search: Search, shown: MarketData, cut: Cut, way: str) -> None:
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


def look_at_beginnings(search: Search) -> list[Cut]:
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


def look_before_what_is_rare(search: Search, count: int) -> list[Cut]:
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


def _column_finding(search: Search, name: str, values: Array, row: int, cut_row: int, way: str, words: str) -> Finding:
    data, whole = search.data, search.columns[name]
    rows = np.flatnonzero(data.symbol == data.symbol[row])
    near = rows[max(0, int(np.searchsorted(rows, cut_row)) - GLIMPSE[0]) :][: sum(GLIMPSE)]
    shown = np.array([values[r] if r < cut_row else np.nan for r in near])
    return Finding(
        "column", name, int(data.time[row]), int(data.time[cut_row - 1]) + data.step, number_text(whole[row]),
        number_text(values[row]), way, 1, words, None, (data.time[near] + data.step, whole[near], shown),
    )  # fmt: skip


def _decision_finding(search: Search, part: RunResult, index: int, cut_row: int, way: str, words: str) -> Finding:
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


def explain(search: Search) -> None:
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


def _reach_before_cuts(search: Search, findings: list[Finding]) -> Reach:
    """What can be said of a column that no single bar changes: how far before the cuts it was another one."""
    widest = max((f.known_until_ns - f.time_ns) // search.data.step for f in findings)
    return Reach(int(widest), f"values as far back as {so_many(int(widest), 'bar')} change with the bars that follow")


def _moment(search: Search, row: int) -> str:
    return f"the cut at {instant_text(int(search.data.time[row - 1]) + search.data.step)}"
