"""Bad input is answered with what was wrong and what to do about it."""

import ast
from pathlib import Path

import pytest

import tradewind

PACKAGE = Path(tradewind.__file__).parent
FACED = (
    "interfaces", "operations", "research", "core/engine", "core/indicators", "core/performance", "core/strategy",
    "adapters/book_recordings", "adapters/market_data", "adapters/runs", "adapters/sweeps", "settings.py",
)  # fmt: skip
"""Where a person's words are read."""


def refusals(path):
    return [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "BadInput"
    ]


@pytest.mark.parametrize("room", FACED)
def test_every_refusal_names_a_way_out(room):
    place = PACKAGE / room
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
    assert any(refusals(path) for path in files)
    silent = [
        f"{path.relative_to(PACKAGE)}:{call.lineno}"
        for path in files
        for call in refusals(path)
        if "fix" not in {keyword.arg for keyword in call.keywords}
    ]
    assert silent == []
