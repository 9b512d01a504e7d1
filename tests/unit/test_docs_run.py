"""Every block of code on a page runs: Python as it stands, commands against a home folder of the page's own.

The word after the fence says what a block is. `python` and `sh` run here, in the order of the page; `python NAME.py` is
saved under that name first, as the page tells its reader; `python continued` goes on in the block before it; `json` and
`toml` must parse; `text` is prose. `sh no-run` marks what needs the outside world.
"""

import json
import os
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tradewind.interfaces.cli.main import main

ROOT = Path(__file__).parents[2]
PAGES = [page for place in ("*.md", "docs/**/*.md", "examples/*.md") for page in sorted(ROOT.glob(place))]
FENCE = re.compile(r"^```(.*?)\n(.*?)^```$", re.DOTALL | re.MULTILINE)

LANGUAGES = {"python", "sh", "json", "toml", "text"}
PROGRAMS = {"make", "pip", "git"}
"""Programs whose lines are not run here: they set things up, and CI runs `make`'s targets themselves."""
DATA_PAGES = "tests/unit/interfaces/test_data_pages.py::test_every_command_on_the_pages_runs"
ELSEWHERE = {
    ("docs/data.md", "sh"): DATA_PAGES,
    ("docs/data.md", "python"): DATA_PAGES,
    ("docs/cli.md", "sh"): DATA_PAGES,
    ("docs/journey.md", "sh"): "tests/scenarios/test_journey_to_verdict.py::test_the_page_is_so_on_real_candles",
    ("docs/writing-a-strategy.md", "python"): (
        "tests/unit/core/strategy/test_strategy_pages.py::test_a_code_block_on_writing_a_strategy_runs"
    ),
    ("docs/indicators.md", "python"): (
        "tests/unit/core/indicators/test_indicators_page.py::test_a_code_block_of_the_page_runs"
    ),
    ("docs/metrics.md", "python"): "tests/unit/core/performance/test_metrics_page.py::test_the_pages_code_runs",
}
"""Blocks that a test of their page's own runs, with the files they need or beside the page's tables."""


@dataclass(frozen=True)
class Block:
    """One fenced block: what it is, the second word of its fence, its text and its line."""

    language: str
    mark: str
    text: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        language, _, mark = match[1].strip().partition(" ")
        found.append(Block(language, mark, match[2], text.count("\n", 0, match.start()) + 1))
    return found


BLOCKS = {page.relative_to(ROOT).as_posix(): blocks_of(page) for page in PAGES}


@pytest.fixture
def reader(tmp_path: Path, kernels: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder such as a reader would follow the page in."""
    folder = tmp_path / "reader"
    shutil.copytree(ROOT / "examples", folder / "examples")
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    for name in [name for name in os.environ if name.startswith("TRADEWIND_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TRADEWIND_CACHE", str(kernels))
    known = set(sys.modules)
    yield folder
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


@pytest.mark.parametrize("page", [p for p, blocks in BLOCKS.items() if blocks])
def test_a_page_can_be_followed_from_top_to_bottom(page, reader, capsys):
    names: dict[str, object] = {}
    for number, block in enumerate(BLOCKS[page], 1):
        where = f"{page}:{block.line}"
        if (page, block.language) in ELSEWHERE:
            continue
        if block.language == "python":
            if block.mark != "continued":
                names = {"__name__": "page"}
            file = reader / (block.mark if block.mark.endswith(".py") else f"block_{number}.py")
            file.write_text(block.text, encoding="utf-8")
            exec(compile(block.text, str(file), "exec"), names)
        elif block.language == "sh" and block.mark != "no-run":
            expected = int(block.mark.removeprefix("exit-") or 0)
            for command in commands_in(block.text):
                code = main(command[1:])
                assert code == expected, f"{where}: {shlex.join(command)}: {capsys.readouterr().err}"
        elif block.language == "json":
            json.loads(block.text)
        elif block.language == "toml":
            tomllib.loads(block.text)


def test_the_readmes_command_and_its_python_are_the_same_run(reader, capsys):
    strategy, python = (block for block in BLOCKS["README.md"] if block.language == "python")
    (reader / strategy.mark).write_text(strategy.text, encoding="utf-8")
    commands = [c for block in BLOCKS["README.md"] if block.language == "sh" for c in commands_in(block.text)]
    for command in commands:
        capsys.readouterr()
        assert main([*command[1:], "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    names: dict[str, object] = {}
    exec(compile(python.text, "README.md", "exec"), names)
    result = names["result"]
    assert result.run.decision_hash == printed["decision_hash"]
    assert result.metrics["trades"] == printed["metrics"]["trades"] > 10
    assert result.metrics["final_equity"] == printed["metrics"]["final_equity"]


def commands_in(text: str) -> list[list[str]]:
    """The words of every `tradewind` line; a line may go on after a backslash."""
    lines = text.replace("\\\n", " ").splitlines()
    words = [found for line in lines if (found := shlex.split(line, comments=True))]
    assert not [w for w in words if w[0] not in PROGRAMS | {"tradewind"}], "mark a block that is no command as text"
    return [w for w in words if w[0] == "tradewind"]


@pytest.mark.parametrize("page", BLOCKS)
def test_every_block_says_what_it_is(page):
    for block in BLOCKS[page]:
        assert block.language in LANGUAGES, f"{page}:{block.line}: {block.language!r}"
        allowed = {"", "no-run", "exit-9"} if block.language == "sh" else {"", "continued"}
        assert block.mark in allowed or (block.language == "python" and block.mark.endswith(".py")), block
    text = (ROOT / page).read_text(encoding="utf-8")
    assert text.count("\n```") + text.startswith("```") == 2 * len(BLOCKS[page]), "a fence is open"


@pytest.mark.parametrize(("page", "language"), ELSEWHERE)
def test_a_page_that_is_run_elsewhere_is_read_there(page, language):
    file, _, name = ELSEWHERE[page, language].partition("::")
    test = (ROOT / file).read_text(encoding="utf-8")
    assert f'"{Path(page).name}"' in test
    assert f"\ndef {name}(" in test
    assert [block for block in BLOCKS[page] if block.language == language], "nothing is run there any more"


def test_only_what_needs_the_outside_world_is_not_run():
    marked = [
        line
        for page, blocks in BLOCKS.items()
        for block in blocks
        if block.mark == "no-run" and (page, "sh") not in ELSEWHERE
        for line in block.text.splitlines()
    ]
    assert not [line for line in marked if not line.startswith("tradewind data download ")]


def test_the_readmes_strategy_fits_on_a_screen():
    strategy = next(block for block in BLOCKS["README.md"] if block.mark == "trend.py")
    assert len([line for line in strategy.text.splitlines() if line.strip()]) <= 20
