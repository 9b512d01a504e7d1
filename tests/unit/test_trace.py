"""The trace is complete, and names only what exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests import trace

from tradewind.interfaces.cli.app import VERBS

TEXT = trace.FILE.read_text(encoding="utf-8")
ROWS = trace.rows(TEXT)
TESTS = trace.tests_in(trace.ROOT / "tests")
REQUIREMENTS = Path(__file__).parents[2].parent / "shared" / "requirements.md"
MAKEFILE = (trace.ROOT / "Makefile").read_text(encoding="utf-8")
ID = re.compile(r"\bR\d{3}\b")


def test_every_requirement_has_one_row():
    assert [row.id for row in ROWS] == [f"R{number:03}" for number in range(1, 352)]


def test_the_rows_are_those_of_the_requirements():
    if not REQUIREMENTS.exists():
        pytest.skip("the list of requirements is not beside this checkout")
    required, area = {}, ""
    for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"## ([A-Z])\. ", line):
            area = heading[1]
        elif row := re.match(r"\| (R\d{3}) \|", line):
            required[row[1]] = area
    assert {row.id: row.area for row in ROWS} == required


@pytest.mark.parametrize("state", trace.STATES)
def test_a_row_says_what_its_state_asks_for(state):
    rows = [row for row in ROWS if row.state == state]
    assert rows
    for row in rows:
        assert row.what
        assert bool(row.by) == (state != "planned"), f"{row.id} must name what shows it, and only then"
        assert bool(row.gap) == (state == "partly"), f"{row.id}: `gap` says what is missing, and belongs to `partly`"


def test_there_is_no_other_state():
    assert {row.state for row in ROWS} == set(trace.STATES)


def test_everything_that_is_named_exists():
    missing = [f"{row.id}: {by}" for row in ROWS for by in row.by if not exists(by)]
    assert not missing


def exists(named: str) -> bool:
    """Whether a test, a target of make or a command is there."""
    program, _, rest = named.partition(" ")
    if program == "make":
        return re.search(rf"^{re.escape(rest)}:", MAKEFILE, re.MULTILINE) is not None
    if program == "tradewind":
        return rest.split()[0] in VERBS
    return named in TESTS


@pytest.mark.parametrize(
    "named",
    ["tests/unit/test_trace.py::test_that_is_not_there", "tests/unit/test_trace.py", "make coffee", "tradewind moon"],
)
def test_what_does_not_exist_is_noticed(named):
    assert not exists(named)


def test_a_requirement_that_a_test_names_is_known_and_names_that_test():
    here = Path(__file__).name
    for path in (trace.ROOT / "tests").rglob("*.py"):
        if path.name in (here, "trace.py"):
            continue
        file = path.relative_to(trace.ROOT).as_posix()
        for claimed in set(ID.findall(path.read_text(encoding="utf-8"))):
            row = next((row for row in ROWS if row.id == claimed), None)
            assert row, f"{file} claims {claimed}, which nobody requires"
            assert any(by.startswith(f"{file}::") for by in row.by), (
                f"{file} claims {claimed}; name it in docs/trace.toml"
            )


def test_a_named_test_is_not_one_that_is_always_skipped():
    for row in ROWS:
        for file, _, name in (by.partition("::") for by in row.by if "::" in by):
            text = (trace.ROOT / file).read_text(encoding="utf-8")
            assert not re.search(rf"@pytest\.mark\.(skip|xfail)\([^@]*\ndef {name}\(", text), f"{row.id}: {name}"


def test_make_trace_prints_every_row_with_counts():
    assert re.search(r"^trace:.*\n\t\$\(RUN\)python -m tests\.trace$", MAKEFILE, re.MULTILINE)
    command = [sys.executable, "-m", "tests.trace"]
    said = subprocess.run(command, cwd=trace.ROOT, capture_output=True, text=True, check=True).stdout
    assert ID.findall(said) == [row.id for row in ROWS]
    counted = [sum(row.state == state for row in ROWS) for state in trace.STATES]
    assert said.splitlines()[-1].split() == ["all", *map(str, counted), str(len(ROWS))]
