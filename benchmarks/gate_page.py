"""The tables of docs/gate.md, out of what benchmarks/gate.py measured."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import gate_markets
from tradewind.core.performance.bands import probability
from tradewind.research.gate import QUESTIONS, Role, Verdict

BEGIN, END = "<!-- measured: written by benchmarks/gate.py -->", "<!-- end -->"
Cases = list[dict[str, Any]]


def figures(document: dict[str, Any]) -> str:
    """The tables as Markdown."""
    cases: Cases = document["cases"]
    noise = [case for case in cases if case["kind"] in gate_markets.NOISE]
    edges = [case for case in cases if case["kind"] in gate_markets.EDGES]
    lines = [
        f"{len(noise):,} validations on noise, {len(edges):,} on planted edges, {document['sets']} sets in each search."
    ]
    lines += ["", "### Noise: false promotions", ""]
    lines += _table(
        ("market", "validations", "promoted", "95 % interval", "rejected", "not enough evidence"),
        [_noise(kind, [c for c in noise if c["kind"] == kind]) for kind in gate_markets.NOISE]
        + [_noise("**all**", noise), _noise("with enough to judge by", _enough(noise, document["checks"]))],
    )
    lines += ["", "By strategy:", ""]
    lines += _table(
        ("strategy", "validations", "promoted", "95 % interval", "rejected", "not enough evidence"),
        [
            _noise(f"`{name}`", [c for c in noise if c["strategy"] == name])
            for name in dict.fromkeys(c["strategy"] for c in noise)
        ],
    )
    lines += ["", "### Planted edges: hits", ""]
    lines += _table(
        ("edge", "strategy", "true Sharpe ratio", "years", "validations", "promoted", "95 % interval", "rejected"),
        _edges(edges, document["true_sharpe"]),
    )
    lines += ["", "### Which check refuses what", "", "Share of the cases that each check did not pass.", ""]
    strong = [c for c in edges if document["true_sharpe"][f"{c['kind']} {c['strength']:g}"] >= 2.0]
    lines += _table(
        ("check", "noise", "edges with a true Sharpe ratio of 2 or more"),
        [
            (QUESTIONS[name].label, _refused(noise, number, name), _refused(strong, number, name))
            for number, name in enumerate(document["checks"])
        ],
    )
    return "\n".join(lines)


def write(page: Path, text: str) -> None:
    """Put the tables between the page's marks."""
    whole = page.read_text(encoding="utf-8")
    before, rest = whole.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def _enough(cases: Cases, checks: list[str]) -> Cases:
    """Those in which every check that asks whether there is enough to judge by was passed."""
    asked = [number for number, name in enumerate(checks) if QUESTIONS[name].role is Role.ENOUGH]
    return [case for case in cases if all(case["outcomes"][number] == "p" for number in asked)]


def _noise(name: str, cases: Cases) -> tuple[str, ...]:
    said = Counter(case["verdict"] for case in cases)
    hits = said[Verdict.PROMOTE]
    return (
        name,
        f"{len(cases):,}",
        _share(hits, len(cases)),
        _interval(hits, len(cases)),
        _share(said[Verdict.REJECT], len(cases)),
        _share(said[Verdict.NOT_ENOUGH], len(cases)),
    )


def _edges(edges: Cases, true: dict[str, float]) -> list[tuple[str, ...]]:
    rows = []
    for kind, strategy, strength, years in dict.fromkeys(
        (c["kind"], c["strategy"], c["strength"], c["years"]) for c in edges
    ):
        some = [c for c in edges if (c["kind"], c["strength"], c["years"]) == (kind, strength, years)]
        said = Counter(case["verdict"] for case in some)
        hits = said[Verdict.PROMOTE]
        rows.append(
            (
                kind,
                f"`{strategy}`",
                f"{true[f'{kind} {strength:g}']:.2f}",
                str(years),
                str(len(some)),
                _share(hits, len(some)),
                _interval(hits, len(some)),
                _share(said[Verdict.REJECT], len(some)),
            )
        )
    return rows


def _refused(cases: Cases, number: int, name: str) -> str:
    # A simulation that was left out because it could change the verdict no more is not counted.
    asked = [c for c in cases if name != "random_entry" or c["outcomes"][number] != "u"]
    if not asked:
        return "-"
    refused = sum(c["outcomes"][number] in "fu" for c in asked)
    return _share(refused, len(asked)) + (f" of {len(asked):,}" if len(asked) < len(cases) else "")


def _share(hits: int, count: int) -> str:
    return f"{hits / count:.1%}".replace("%", " %") if count else "-"


def _interval(hits: int, count: int) -> str:
    if not count:
        return "-"
    found = probability(hits, count)
    return f"{found.low:.2%} to {found.high:.2%}".replace("%", " %")


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]
