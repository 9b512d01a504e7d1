"""Where a benchmark's figures go: its file of results, and the marked place of its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"
END = "<!-- end of figures -->"


def keep(name: str, found: dict[str, Any], text: str, page: Path) -> None:
    """Write what was found to results/NAME.json, and the text into the page, between the marks; print it."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
    begin = f"<!-- figures: written by benchmarks/{name}.py -->"
    head, _, rest = page.read_text().partition(begin)
    _, _, tail = rest.partition(END)
    page.write_text(f"{head}{begin}\n{text}\n{END}{tail}")
    print(text)
