"""Strategies by name: bundled, or in a person's own files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tradewind import Strategy
from tradewind.core.domain.errors import BadInput, StrategyFailed
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.operations.strategies import strategy_named
from tradewind.research.code_hash import code_hash

HEAD = "from tradewind import Strategy, param\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


@pytest.mark.parametrize("name", STRATEGIES)
def test_bundled_ones_go_by_their_names(name: str) -> None:
    assert strategy_named(name) is STRATEGIES[name]


@pytest.mark.parametrize("name", ["mine.py", "./mine.py", "mine.py:Mine", "{folder}/mine.py"])
def test_a_file_is_named_as_files_are(folder: Path, name: str) -> None:
    Path("mine.py").write_text(f"{HEAD}class Mine(Strategy):\n    n = param(3)\n")
    mine = strategy_named(name.format(folder=folder))
    assert issubclass(mine, Strategy)
    assert mine.parameters["n"].default == 3


def test_a_class_that_others_build_on_is_no_choice_of_its_own() -> None:
    Path("mine.py").write_text(f"{HEAD}class Usual(Strategy): ...\nclass Mine(Usual): ...\n")
    assert strategy_named("mine.py").__name__ == "Mine"
    assert strategy_named("mine.py:Usual").__name__ == "Usual"


def test_what_a_file_imports_is_not_its_own_and_helpers_beside_it_are_found() -> None:
    Path("beside_helper.py").write_text("LENGTH = 7\n")
    Path("mine.py").write_text(
        "from tradewind.core.strategy.bundled import SmaCross\nimport beside_helper\n"
        f"{HEAD}class Mine(Strategy):\n    n = param(beside_helper.LENGTH)\n"
        "    def late(self):\n        import late_helper\n        return late_helper.X\n"
    )
    Path("late_helper.py").write_text("X = 5\n")
    mine = strategy_named("mine.py")
    assert mine.parameters["n"].default == 7
    assert mine(n=1).late() == 5
    assert not Path("__pycache__/mine.cpython-311.pyc").exists()


def test_a_line_that_changes_within_the_same_second_is_the_line_that_runs() -> None:
    seen = []
    for length in (10, 20, 30):
        Path("mine.py").write_text(f"{HEAD}class Mine(Strategy):\n    n = param({length})\n")
        os.utime("mine.py", (1_700_000_000, 1_700_000_000))
        seen.append(strategy_named("mine.py").parameters["n"].default)
    assert seen == [10, 20, 30]


def test_the_code_hash_covers_the_helpers_and_nothing_else_in_the_folder() -> None:
    Path("hashed_helper.py").write_text("LENGTH = 7\n")
    Path("mine.py").write_text(
        f"{HEAD}from hashed_helper import LENGTH\nclass Mine(Strategy):\n    n = param(LENGTH)\n"
    )
    Path("other.py").write_text("")
    import_of = strategy_named("mine.py")
    first = code_hash(import_of)
    Path("other.py").write_text("changed = 1\n")
    assert code_hash(strategy_named("mine.py")) == first
    Path("mine.py").write_text(
        Path("mine.py")
        .read_text()
        .replace("from hashed_helper import LENGTH", "import hashed_helper")
        .replace("param(LENGTH)", "param(hashed_helper.LENGTH)")
    )
    second = code_hash(strategy_named("mine.py"))
    Path("hashed_helper.py").write_text("LENGTH = 8\n")
    assert len({first, second, code_hash(strategy_named("mine.py"))}) == 3


def test_the_code_hash_covers_a_number_that_comes_from_another_file() -> None:
    Path("lengths.py").write_text("LENGTH = 7\n")
    Path("mine.py").write_text(f"{HEAD}from lengths import LENGTH\nclass Mine(Strategy):\n    n = param(LENGTH)\n")
    first = code_hash(strategy_named("mine.py"))
    Path("lengths.py").write_text("LENGTH = 8\n")
    assert code_hash(strategy_named("mine.py")) != first


def test_a_refusal_of_ours_at_import_keeps_its_words() -> None:
    Path("mine.py").write_text(f"{HEAD}class Mine(Strategy):\n    n = param('x')\n")
    with pytest.raises(BadInput, match="a parameter's default must be a number"):
        strategy_named("mine.py")


def test_an_error_in_a_helper_names_the_helpers_line() -> None:
    Path("broken_helper.py").write_text("x = 1\n\n1 / 0\n")
    Path("mine.py").write_text("import broken_helper\n")
    with pytest.raises(StrategyFailed) as caught:
        strategy_named("mine.py")
    assert caught.value.where == "broken_helper.py:3"
    Path("unread_helper.py").write_text("def f(:\n")
    Path("mine.py").write_text("import unread_helper\n")
    with pytest.raises(StrategyFailed, match="it is not Python") as caught:
        strategy_named("mine.py")
    assert str(caught.value.where).endswith("unread_helper.py:1")


def test_a_value_error_of_the_file_itself_is_no_matter_of_syntax() -> None:
    Path("mine.py").write_text("x = 1\nint('many')\n")
    with pytest.raises(StrategyFailed, match="it cannot be imported: ValueError: invalid literal") as caught:
        strategy_named("mine.py")
    assert caught.value.where == "mine.py:2"
