"""A page about anything that was found out: an optimisation, a walk-forward, what luck could have done.

page = Study(title="SmaCross, optimised", subtitle="BTC/USDT · 1h", verdict="...", good=None, sections=(
    Section("Scores", (Picture(charts.heatmap(...), caption="..."), Table("Best sets", head, rows))),
), command="tradewind optimize sma_cross", created_ns=now_ns, made_by="Tradewind 0.1.0")
write_study(page, {"kind": "optimize", ...}, folder)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

from tradewind.research.reports.page import asset, environment
from tradewind.research.reports.whole_files import json_bytes, write_files
from tradewind.research.reports.wording import moment

MANY, LONG = 4, 30
"""Columns of a table, and letters of a cell, from which on a phone needs another form of it."""


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph, or with `items` a list beneath it. `quiet` words are a note beside the main matter."""

    words: str
    items: tuple[str, ...] = ()
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under a head. The first column names the row; the others are figures, but for `words` (columns).

    A cell that says `passed` or `failed` and no more stands out with a mark.

    `caption` says what the table is, for who cannot see where it stands. `title` stands above it.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: tuple[int, ...] = ()
    title: str = ""
    note: str = ""

    @property
    def stacked(self) -> bool:
        """Whether a phone shows each row as a block: sentences in a wide table would be squeezed to towers of words."""
        return len(self.head) >= MANY and any(len(str(row[i])) > LONG for row in self.rows for i in self.words)


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing of `charts`, with what it shows and a title above it."""

    drawing: Markup
    caption: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two or more parts that stand beside each other where there is room."""

    parts: tuple[Text | Table | Picture, ...]


Part = Text | Table | Picture | Pair


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, a note beneath it, and what follows."""

    title: str
    parts: Sequence[Part]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Study:
    """A whole page. Texts may hold anything and are escaped; only drawings are markup.

    `good` marks the verdict as passed (True) or failed (False); None is neither. `key_figures` are (label, value, a
    line beneath, and `gain`, `loss` or nothing). `hashes` fix what was studied, `command` makes it again. `simulated`
    is off where the page says what was, and not what would have been.
    """

    title: str
    subtitle: str
    verdict: str
    good: bool | None = None
    key_figures: Sequence[tuple[str, str, str, str]] = ()
    warnings: Sequence[str] = ()
    sections: Sequence[Section] = ()
    command: str = ""
    hashes: Mapping[str, str] = field(default_factory=dict)
    created_ns: int = 0
    made_by: str = "Tradewind"
    synthetic: bool = False
    simulated: bool = True


def imprinted(
    study: Study,
    *,
    command: str = "",
    hashes: Mapping[str, str] | None = None,
    created_ns: int = 0,
    made_by: str = "Tradewind",
    synthetic: bool = False,
    warnings: Sequence[str] = (),
) -> Study:
    """The study with what is known where it is kept, and not by what was found: how to make it again, of what, when, by
    whom. `warnings` and `hashes` are added to its own.
    """
    return replace(
        study,
        command=command,
        hashes={**(hashes or {}), **study.hashes},
        created_ns=created_ns,
        made_by=made_by,
        synthetic=synthetic,
        warnings=(*study.warnings, *warnings),
    )


def render_study(study: Study, *, framed: bool = False) -> str:
    """The whole page as HTML that needs nothing else. Every text is escaped. `framed`: for a small frame."""
    names: set[str] = set()
    return (
        environment()
        .get_template("study.html.j2")
        .render(
            study=study,
            framed=framed,
            simulated=study.simulated,
            title=study.title,
            made_by=study.made_by,
            created=moment(study.created_ns) if study.created_ns else "",
            css=asset("report.css"),
            theme_js=asset("theme.js"),
            sections=[
                (_anchor(section.title, names), section, [_drawable(p) for p in section.parts])
                for section in study.sections
            ],
        )
    )


def write_study(study: Study, document: Mapping[str, Any], folder: Path) -> Path:
    """Write report.html and report.json into `folder`; the path of the page.

    `document` says what kind of study it is ("kind") and holds its results: arrays become lists and NaN null. Title,
    verdict, warnings, command, hashes and when it was made are put in from the study. Each file is replaced as a whole.
    Raises BadInput when the folder cannot be written.
    """
    if not document.get("kind"):
        raise ValueError("a study's document says its kind")
    told = {
        "kind": document["kind"],
        "title": study.title,
        "subtitle": study.subtitle,
        "verdict": study.verdict,
        "good": study.good,
        "warnings": list(study.warnings),
        "command": study.command,
        "hashes": dict(study.hashes),
        "synthetic": study.synthetic,
        "made_by": study.made_by,
        "created_ns": study.created_ns,
    }
    # The JSON last: a folder with it is a complete run.
    write_files(folder, {"report.html": render_study(study).encode(), "report.json": json_bytes({**told, **document})})
    return folder / "report.html"


def _drawable(part: Part) -> tuple[str, Any]:
    """The name of a part's macro, and the part."""
    if isinstance(part, Pair):
        return "pair", [_drawable(inner) for inner in part.parts]
    return {Text: "text", Table: "table", Picture: "picture"}[type(part)], part


def _anchor(title: str, names: set[str]) -> str:
    """A name for a link to the section, not used before on the page."""
    wanted = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "section"
    name = next(n for n in (wanted, *(f"{wanted}-{i}" for i in range(2, 10_000))) if f"at-{n}" not in names)
    names.add(f"at-{name}")
    return f"at-{name}"
