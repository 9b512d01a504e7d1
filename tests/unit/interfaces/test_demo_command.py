"""`tradewind demo`: the whole journey in a folder of its own."""

from __future__ import annotations

import shlex
from pathlib import Path

from tradewind.interfaces.cli import demo as demo_command


def test_the_demo_touches_only_its_folder_and_its_printed_commands_do_the_same(ask, home: Path, monkeypatch) -> None:
    monkeypatch.setattr(demo_command, "STRATEGIES", ("sma_cross",))
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    Path("tradewind.toml").write_text("[folders]\nruns = 'elsewhere'\n")
    answer = ask("demo", "the demo")
    assert answer.code == 0
    assert answer.err == ""
    assert not Path("elsewhere").exists()
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before
    commands = [line.strip()[2:] for line in answer.out.splitlines() if line.startswith("   $ tradewind")]
    assert [command.split()[1] for command in commands] == ["data", "data", "backtest"]
    shown = [line for line in answer.out.splitlines() if line.startswith("decision hash ")]
    monkeypatch.setenv("TRADEWIND_HOME", str(Path("again").resolve()))
    answers = [ask(*shlex.split(command)[1:]) for command in commands]
    assert [answer.code for answer in answers] == [0, 0, 0]
    assert shown[0] in answers[2].out
    further = next(line for line in answer.out.splitlines() if "tradewind validate" in line)
    words = shlex.split(further.partition("tradewind ")[2])
    verdict = ask(*words, "--space", "fast=5,10", "--space", "slow=20,40", "--json")
    assert verdict.code in (0, 8, 9)
    assert verdict.document["strategy"] == "SmaCross"


def test_the_demo_runs_again_in_the_same_folder(ask, monkeypatch) -> None:
    for _ in range(2):
        monkeypatch.setattr(demo_command, "STRATEGIES", ("sma_cross",))
        document = ask("demo", "here", "--json").document
        assert document["home"] == str(Path("here").resolve())
        assert document["runs"][0]["synthetic"] is True


def test_a_file_is_no_folder_for_the_demo(ask) -> None:
    Path("file").write_text("")
    assert ask("demo", "file", "--json").error["message"] == "it is a file, not a folder"
