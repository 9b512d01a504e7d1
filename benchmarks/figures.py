"""Where a benchmark's figures go: its file of results, and the marked place of its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"
END = "<!-- end of figures -->"


def keep(name: str, found: dict[str, Any], text: str, page: Path) -> None:
    """Write what was found to results/NAME.json, and the text into the page, between the marks; print it."""
    put_away(name, found)
    show(name, text, page)
    print(text)


def put_away(name: str, found: dict[str, Any]) -> None:
    """Write what was found to results/NAME.json."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def show(name: str, text: str, page: Path) -> None:
    """Put the text between the page's marks of NAME.py. Raises ValueError where the page has no such marks."""
    begin = f"<!-- figures: written by benchmarks/{name}.py -->"
    head, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, ended, tail = rest.partition(END)
    if not found or not ended:
        raise ValueError(f"{page} has no place for the figures of {name}")
    page.write_text(f"{head}{begin}\n{text}\n{END}{tail}", encoding="utf-8")
