"""The page of a look-ahead check."""

from __future__ import annotations

from typing import Any

import numpy as np

from tradewind.research.foresight import Finding
from tradewind.research.lookahead import AHEAD, CLEAN, UNREPEATABLE, Lookahead
from tradewind.research.reports import charts
from tradewind.research.reports.study import Part, Picture, Section, Study, Table, Text
from tradewind.research.reports.wording import ABSENT, moment

PICTURES_MAX = 4
VERDICTS = {
    CLEAN: "Nothing was found: on the bars it was shown, it decided as it does on the whole data",
    AHEAD: "It looks ahead: it decides by bars that were not there yet, and its results mean nothing",
    UNREPEATABLE: "It cannot be checked: two runs on the same bars differ",
}
NOTHING = "There was nothing to check: it never asked for an order, and prepares no column"
KINDS = {"column": "column of prepare", "decision": "decision", "outside": "data of its own", "broken": "failure"}
HOW = (
    "The strategy was run twice on the whole data: the runs must be equal, or nothing can be compared.",
    "Then it was run on less at each cut, once with the later bars left out and once with other bars in their place.",
    "Every decision up to the cut, and every value of the columns that prepare made, must be the same as before.",
    "Numbers count as equal when they differ by less than a billionth.",
    "Before each run, module-level names and class attributes were put back to what they were at first.",
)


def verdict_text(result: Lookahead) -> str:
    """The verdict as a sentence, with the worst that was found."""
    text = VERDICTS.get(result.verdict, NOTHING)
    if result.verdict == AHEAD and all(f.kind == "column" for f in result.findings):
        text = "It looks ahead: what it prepares knows bars that were not there yet; no decision was seen to change"
    told = next((f for f in result.findings if f.diagnosis), None)
    return f"{text}. {told.name}: {told.diagnosis}." if told else f"{text}."


def lookahead_study(result: Lookahead) -> Study:
    """Verdict, what was found with both values, pictures of columns around the cut, where it was cut."""
    sections = [Section("What was found", _findings(result))] if result.findings else []
    sections += [
        Section("Where it was cut", [_cuts(result)]),
        Section("How this was done", [Text("", HOW), *([Text("Not seen:", result.notes)] if result.notes else [])]),
    ]
    good = {CLEAN: True, AHEAD: False, UNREPEATABLE: False}.get(result.verdict)
    return Study(
        title=f"{result.strategy}: does it look ahead?",
        subtitle=f"{', '.join(result.symbols)} · {result.timeframe} · {result.bars:,} bars",
        verdict=verdict_text(result),
        good=good,
        key_figures=(
            ("Verdict", result.verdict, "", "gain" if good else "loss" if good is False else ""),
            ("Cuts", f"{len(result.cuts)}", f"{result.runs} runs", ""),
            ("Decisions", f"{result.decisions:,}", "compared up to each cut", ""),
            ("Columns", f"{len(result.columns)}", "made by prepare", ""),
        ),
        warnings=result.notes,
        sections=sections,
    )


def lookahead_document(result: Lookahead) -> dict[str, Any]:
    """The result as plain values."""
    return {
        "kind": "lookahead",
        "strategy": result.strategy,
        "parameters": result.parameters,
        "symbols": list(result.symbols),
        "timeframe": result.timeframe,
        "bars": result.bars,
        "engine": result.engine,
        "seed": result.seed,
        "outcome": result.verdict,
        "clean": result.clean,
        "decisions": result.decisions,
        "columns": list(result.columns),
        "runs": result.runs,
        "cuts": [{"known_until_ns": time, "why": why} for time, why in result.cuts],
        "findings": [_finding(f) for f in result.findings],
        "notes": list(result.notes),
    }


def _finding(f: Finding) -> dict[str, Any]:
    names = ("kind", "name", "time_ns", "known_until_ns", "whole", "part", "way", "cuts", "diagnosis", "bars_ahead")
    return {name: getattr(f, name) for name in names}


def _findings(result: Lookahead) -> list[Part]:
    told = [
        (f.name, KINDS[f.kind], f.diagnosis, f"{f.cuts} of {len(result.cuts)}" if result.cuts else ABSENT)
        for f in result.findings
    ]
    seen = [
        (f.name, moment(f.time_ns), moment(f.known_until_ns), f.way, f.whole, f.part)
        for f in result.findings
        if f.whole != f.part
    ]
    parts: list[Part] = [Table("What differs", ("What", "Kind", "What it looks like", "Cuts"), told, (1, 2))]
    if seen:
        twice = result.verdict == UNREPEATABLE
        values = ("First run", "Second run") if twice else ("With all bars", "With those alone")
        head = ("What", "Bar (opens)", "Shown until", "How", *values)
        title = "The first place at which each differs"
        parts.append(Table(title, head, seen, tuple(range(1, len(head))), title=title))
    drawn = [f for f in result.findings if f.glimpse is not None][:PICTURES_MAX]
    for finding in drawn:
        time, whole, part = finding.glimpse  # type: ignore[misc]
        picture = charts.lines(
            f"The column {finding.name} around a cut",
            time,
            {"with all bars": whole, "with those up to the cut": np.asarray(part)},
            time=True,
            at={"cut": float(finding.known_until_ns)},
        )
        caption = f"{finding.diagnosis[:1].upper()}{finding.diagnosis[1:]}." if finding.diagnosis else ""
        parts.append(Picture(picture, caption, f"{finding.name} around the cut at {moment(finding.known_until_ns)}"))
    return parts


def _cuts(result: Lookahead) -> Part:
    if not result.cuts:
        return Text("It was not cut.")
    hit = {f.known_until_ns for f in result.findings}
    rows = [(moment(time), why, "differs first here" if time in hit else "") for time, why in result.cuts]
    return Table("The cuts", ("Shown until", "Chosen", ""), rows, (1, 2))
