"""The page of a warm-up check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tradewind.research.recursive import DEPENDS, SETTLES, STEADY, Recursive
from tradewind.research.reports import charts
from tradewind.research.reports.study import Part, Picture, Section, Study, Table, Text
from tradewind.research.reports.wording import ABSENT, moment
from tradewind.research.settling import Settling

LINES_MAX = 8
SMALLEST = 1e-9
HOW = (
    "The strategy was run over all bars, and again over bars that begin later, at places chosen by the seed.",
    "At each bar since such a beginning its indicators and columns are compared with those of the run over all bars.",
    "A difference counts in units of the value's own standard deviation.",
    "Decisions are compared by their moment, symbol and direction. Sizes follow the account, which has another past.",
    "The run is interpreted, so that every value can be read.",
)


def recursive_verdict(result: Recursive) -> str:
    """The verdict as a sentence."""
    needed = result.history_needed
    if result.verdict == DEPENDS:
        late = [s.name for s in result.settlings if s.ready_after is not None and s.settled_after is None]
        said = [*late[:4], *(["others"] if len(late) > 4 else [])]
        said += [] if result.decisions_settled is not None else ["its decisions"]
        return (
            f"It depends on where the data begins: in {result.horizon:,} bars these did not become what they are with "
            f"all history: {', '.join(said)}."
        )
    words = {STEADY: "It is right as soon as it is ready", SETTLES: "It forgets its beginning"}[result.verdict]
    return (
        f"{words}: with {needed or 0:,} bars of history before it, its values and decisions are those of all history."
    )


def recursive_study(result: Recursive) -> Study:
    """Verdict, how much history each value needs, and how its difference falls with the bars."""
    needed = ABSENT if result.history_needed is None else f"{result.history_needed:,}"
    settled = ABSENT if result.decisions_settled is None else f"{result.decisions_settled:,}"
    good = {STEADY: True, SETTLES: True}.get(result.verdict)
    return Study(
        title=f"{result.strategy}: how much history does it need?",
        subtitle=f"{', '.join(result.symbols)} · {result.timeframe} · {result.bars:,} bars",
        verdict=recursive_verdict(result),
        good=good,
        key_figures=(
            ("History needed", needed, "bars", ""),
            ("Decisions the same", settled, "bars after the beginning", ""),
            ("Beginnings", f"{len(result.starts)}", f"{result.horizon:,} bars from each", ""),
            ("Tolerance", f"{result.tolerance:g}", "of a standard deviation", ""),
        ),
        warnings=result.notes,
        sections=[
            Section("What it is told by", _values(result)),
            Section("How this was done", [Text("", HOW), _starts(result)]),
        ],
    )


def recursive_document(result: Recursive) -> dict[str, Any]:
    """The result as plain values."""
    names = ("name", "kind", "declared", "ready_after", "settled_after", "off_when_ready", "words")
    return {
        "kind": "recursive",
        "strategy": result.strategy,
        "parameters": result.parameters,
        "symbols": list(result.symbols),
        "timeframe": result.timeframe,
        "bars": result.bars,
        "seed": result.seed,
        "tolerance": result.tolerance,
        "horizon": result.horizon,
        "starts": list(result.starts),
        "outcome": result.verdict,
        "history_needed": result.history_needed,
        "decisions": result.decisions,
        "decisions_settled": result.decisions_settled,
        "values": [{name: getattr(s, name) for name in names} for s in result.settlings],
        "notes": list(result.notes),
    }


def _values(result: Recursive) -> list[Part]:
    if not result.settlings:
        return [Text("It has no indicators and no columns.")]
    rows = [
        (
            s.name, s.kind, _count(s.declared), _count(s.ready_after), _count(s.settled_after),
            ABSENT if s.off_when_ready is None else f"{s.off_when_ready:.2g}", s.words,
        )
        for s in result.settlings
    ]  # fmt: skip
    head = ("Value", "Kind", "Warm-up", "Ready after", "Settled after", "Off when ready", "What it is like")
    note = "Bars since the beginning; a warm-up counts the indicator's own updates. Off in standard deviations."
    table = Table("How much history each value needs", head, rows, (1, 6), note=note)
    drawn = _worst(result.settlings)
    if not drawn:
        return [table]
    picture = charts.lines(
        "How far each value is from what it is with all history",
        np.arange(result.horizon),
        {s.name: np.log10(np.maximum(s.distances, SMALLEST)) for s in drawn},
        across="bars since the beginning",
        up="difference",
        written=_power,
        levels={"tolerance": float(np.log10(result.tolerance))},
    )
    return [table, Picture(picture, "The largest of all beginnings, in standard deviations.", "How it forgets")]


def _worst(settlings: Sequence[Settling]) -> list[Settling]:
    """Those that take longest to settle."""
    known = [s for s in settlings if s.ready_after is not None and not np.isnan(s.distances).all()]
    return sorted(known, key=lambda s: -(s.settled_after if s.settled_after is not None else 10**9))[:LINES_MAX]


def _power(value: float) -> str:
    return f"{10.0**value:.0e}" if value < -2 else f"{10.0**value:g}"


def _starts(result: Recursive) -> Part:
    return Text("It began at:", tuple(moment(time) for time in result.starts))


def _count(value: int | None) -> str:
    return ABSENT if value is None else f"{value:,}"
