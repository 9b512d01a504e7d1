"""`tradewind new strategy`: a file that runs as it is."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_the_file_runs_as_it_was_written(ask) -> None:
    answer = ask("new", "strategy", "my-idea")
    assert answer.code == 0
    assert answer.out.splitlines() == ["Wrote my_idea.py", "Next: tradewind backtest my_idea.py"]
    document = ask("backtest", "my_idea.py", "-s", "BTC/USDT:USDT", "--json").document
    assert document["strategy"] == "MyIdea"
    assert document["why_interpreted"] is None
    assert document["metrics"]["trades"] > 0


def test_a_file_that_is_there_is_never_written_over(ask) -> None:
    Path("my_idea.py").write_text("mine")
    answer = ask("new", "strategy", "my_idea", "--json")
    assert (answer.code, answer.error["where"]) == (3, "my_idea.py")
    assert Path("my_idea.py").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "class_name"),
    [
        ("ema", "MyEMA"),
        ("strategy", "MyStrategy"),
        ("_", "My"),
        ("_1", "My1"),
        ("none", "MyNone"),
        ("größe", "Größe"),
        ("a__b", "AB"),
    ],
)
def test_the_class_has_a_name_that_python_can_use_and_nothing_else_has(ask, name: str, class_name: str) -> None:
    document = ask("new", "strategy", name, "--json").document
    if name == "ema":
        assert document["strategy"] == "Ema"
    else:
        assert document["strategy"] == class_name
    tested = ask("backtest", document["file"], "-s", "BTC/USDT:USDT", "--engine", "interpreted", "--json")
    assert tested.code == 0, tested.err


@pytest.mark.parametrize("name", ["class", "1st", "a b", "../mine", "", "a.b", "ATR!"])
def test_a_name_that_python_cannot_import_is_refused(ask, name: str) -> None:
    answer = ask("new", "strategy", name, "--json")
    assert answer.code == 3
    assert "cannot be the name of a strategy" in answer.error["message"]
    assert not list(Path().iterdir())


@pytest.mark.parametrize("name", ["numpy", "tradewind", "random", "json"])
def test_a_name_that_would_hide_a_module_is_refused(ask, name: str) -> None:
    error = ask("new", "strategy", name, "--json").error
    assert f"would hide the Python module '{name}'" in error["message"]
    assert error["fix"] == f"Choose another name: my_{name}"


def test_the_folder_is_made_and_is_not_a_file(ask) -> None:
    assert ask("new", "strategy", "idea", "--folder", "some where").out.splitlines()[1] == (
        "Next: tradewind backtest 'some where/idea.py'"
    )
    Path("file").write_text("")
    assert ask("new", "strategy", "idea", "--folder", "file", "--json").error["message"] == "it is a file, not a folder"
