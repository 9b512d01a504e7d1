"""`tradewind report`: where a run's report is, what it says, and how to make the run again."""

from __future__ import annotations

from pathlib import Path

import pytest

RUN = ("backtest", "sma_cross", "-s", "BTC/USDT:USDT", "--engine", "interpreted", "--json")


def test_it_says_verdict_page_and_command_in_characters_a_terminal_has(ask) -> None:
    run = ask(*RUN).document
    lines = ask("report").out.splitlines()
    assert lines[0].startswith(f"{run['run']}: ")
    assert lines[-2] == f"report {run['report']}"
    assert lines[-1] == "again  tradewind backtest sma_cross --symbol BTC/USDT:USDT --timeframe 1h --engine interpreted"
    assert "\\u" not in lines[0]


def test_json_has_the_whole_summary(ask) -> None:
    run = ask(*RUN).document
    document = ask("report", run["run"][:17], "--json").document
    assert document["run"] == run["run"]
    assert document["metrics"] == run["metrics"]
    assert document["hashes"] == run["hashes"]


def test_the_files_can_be_copied_elsewhere(ask) -> None:
    run = ask(*RUN).document
    document = ask("report", "--to", "out/here", "--json").document
    assert document["report"] == str(Path("out/here/report.html"))
    copied = {path.name: path.read_bytes() for path in Path("out/here").iterdir()}
    assert copied == {path.name: path.read_bytes() for path in Path(run["folder"]).iterdir()}
    assert set(copied) == {"report.html", "report.json", "trades.csv", "equity.csv"}


def test_it_opens_in_the_browser_when_asked(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    run = ask(*RUN).document
    assert ask("report", "--open").code == 0
    assert opened == [Path(run["report"]).as_uri()]


def test_what_is_not_there_is_said(ask) -> None:
    assert ask("report", "--json").error["message"] == "no run has been kept yet"
    run = ask(*RUN).document
    near = ask("report", run["run"][:-1] + "z", "--json").error
    assert near["fix"] == f"Did you mean {run['run']}?"
    Path("file").write_text("")
    assert ask("report", "--to", "file", "--json").error["message"] == "it is a file, not a folder"
    Path(run["report"]).unlink()
    gone = ask("report", "--json")
    assert (gone.code, gone.error["message"]) == (7, "its page is gone")
    assert "tradewind backtest sma_cross" in gone.error["fix"]
