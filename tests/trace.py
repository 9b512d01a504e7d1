"""The trace of requirements: `python -m tests.trace` prints docs/trace.toml as a table, with counts for each area.

python -m tests.trace               every requirement
python -m tests.trace --state shown only those in one state
python -m tests.trace R168          one of them, with all that shows it
"""

# ruff: noqa: A005  (the name is the one that `make trace` says; nothing here means the standard library's)

from __future__ import annotations

import argparse
import ast
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docs" / "trace.toml"
STATES = ("shown", "partly", "planned")


@dataclass(frozen=True)
class Row:
    """One requirement: `by` are tests (`file::name`) and commands, `gap` what is missing while it is shown in part."""

    id: str
    area: str
    what: str
    state: str
    by: tuple[str, ...] = ()
    gap: str = ""


def areas(text: str) -> dict[str, str]:
    """Letter and name of each area."""
    return {letter: table["name"] for letter, table in tomllib.loads(text).items()}


def rows(text: str) -> list[Row]:
    """Every row, in the order of the file. A wrong field or a missing one is a TypeError."""
    found = []
    for area, table in tomllib.loads(text).items():
        for name, fields in table.items():
            if name != "name":
                found.append(Row(id=name, area=area, **{**fields, "by": tuple(fields.get("by", ()))}))
    return found


def tests_in(folder: Path) -> set[str]:
    """Every test below a folder as `tests/.../test_x.py::test_name`; those of classes as `::TestX::test_name`."""
    found = set()
    for path in folder.rglob("test_*.py"):
        file = path.relative_to(ROOT).as_posix()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                inside = [n.name for n in node.body if isinstance(n, ast.FunctionDef)]
                found |= {f"{file}::{node.name}::{name}" for name in inside if name.startswith("test_")}
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
                found.add(f"{file}::{node.name}")
    return found


def table(found: list[Row], names: dict[str, str]) -> str:
    """The rows under their areas, and the counts."""
    lines = []
    for area, name in names.items():
        mine = [row for row in found if row.area == area]
        if mine:
            lines += ["", f"{area}. {name}", ""]
        for row in mine:
            lines.append(f"  {row.id}  {row.state:<8} {row.what}")
            if row.gap:
                lines.append(f"{'':17}missing: {row.gap}")
    return "\n".join([*lines, "", counts(found, names)])


def counts(found: list[Row], names: dict[str, str]) -> str:
    """How many rows of each area are in each state."""
    width = max(len(name) for name in names.values()) + 5
    lines = [f"{'area':<{width}}" + "".join(f"{state:>9}" for state in STATES) + f"{'all':>9}"]
    for area, name in names.items():
        lines.append(_counted(f"{area}. {name}", [row for row in found if row.area == area], width))
    return "\n".join([*lines, _counted("all", found, width)])


def _counted(title: str, mine: list[Row], width: int) -> str:
    by_state = Counter(row.state for row in mine)
    return f"{title:<{width}}" + "".join(f"{by_state[state]:>9}" for state in STATES) + f"{len(mine):>9}"


def one(row: Row) -> str:
    """All about one requirement."""
    lines = [f"{row.id}  {row.state}  {row.what}", *(f"  by       {by}" for by in row.by)]
    return "\n".join(lines + ([f"  missing  {row.gap}"] if row.gap else []))


def main() -> None:
    """Print the table, or one row."""
    parser = argparse.ArgumentParser(description="What is required, and what shows it")
    parser.add_argument("id", nargs="?", help="such as R168")
    parser.add_argument("--state", choices=STATES)
    given = parser.parse_args()
    text = FILE.read_text(encoding="utf-8")
    found = rows(text)
    if given.id:
        chosen = [row for row in found if row.id == given.id.upper()]
        print("\n".join(map(one, chosen)) or f"there is no requirement {given.id}; they are R001 to R351")
    else:
        print(table([row for row in found if given.state in (None, row.state)], areas(text)))


if __name__ == "__main__":
    main()
