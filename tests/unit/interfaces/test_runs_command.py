"""`tradewind runs`: the list, and forgetting."""

from __future__ import annotations

from pathlib import Path

RUN = ("backtest", "sma_cross", "-s", "BTC/USDT:USDT", "--engine", "interpreted")


def test_without_runs_it_says_how_to_make_one(ask) -> None:
    answer = ask("runs")
    assert (answer.code, answer.out) == (0, "")
    assert "tradewind backtest sma_cross" in answer.err
    assert ask("runs", "--json").document == {"runs": [], "damaged": {}}


def test_runs_are_listed_with_their_market_and_figures_newest_last(ask) -> None:
    names = [ask(*RUN, "-p", f"fast={fast}", "--json").document["run"] for fast in (5, 10, 15)]
    listed = ask("runs", "--json").document["runs"]
    assert [run["run"] for run in listed] == names
    assert [run["parameters"]["fast"] for run in listed] == [5, 10, 15]
    answer = ask("runs")
    lines = answer.out.splitlines()
    assert lines[0].split() == ["run", "market", "return", "drawdown", "Sharpe", "trades"]
    assert len(lines) == 5
    assert "BTC/USDT:USDT 1h * " in lines[1]
    assert lines[4] == "* on synthetic data"
    assert [run["run"] for run in ask("runs", "-n", "1", "--json").document["runs"]] == names[2:]
    assert len(ask("runs", "-n", "0", "--json").document["runs"]) == 3


def test_what_is_no_backtest_is_listed_with_its_kind_and_what_it_found(ask) -> None:
    run = ask(*RUN, "-p", "fast=5", "--json").document["run"]
    study = ask("monte-carlo", "-n", "100", "--json").document["run"]
    assert [(r["run"], r["kind"]) for r in ask("runs", "--json").document["runs"]] == [
        (run, "backtest"), (study, "monte-carlo"),
    ]  # fmt: skip
    said = ask("runs").out
    line = next(line for line in said.splitlines() if line.startswith(study))
    assert " of 100 other courses ended with a profit" in line
    assert line.split()[:2] == [study, "monte-carlo"]
    assert study.endswith("-sma_cross-monte-carlo")
    assert ask("report").out.startswith(f"{study}, monte-carlo: ")
    only = ask("runs", "--kind", "backtest", "--json").document["runs"]
    assert [r["run"] for r in only] == [run]
    wrong = ask("runs", "--kind", "backtests", "--json")
    assert wrong.code == 3
    assert wrong.error["fix"] == "Kept are: backtest, monte-carlo"


def test_a_run_can_be_forgotten(ask, home: Path) -> None:
    name = ask(*RUN, "--json").document["run"]
    assert ask("runs", "--remove", "last").out == f"removed {name}\n"
    assert ask("runs", "--json").document["runs"] == []
    assert [path.name for path in (home / "runs").iterdir()] == [".lock"]
    assert ask("runs", "--remove", name, "--json").error["message"] == "no run has been kept yet"


def test_a_damaged_run_is_named_and_can_be_forgotten(ask, home: Path) -> None:
    name = ask(*RUN, "--json").document["run"]
    summary = home / "runs" / name / "report.json"
    summary.write_text(summary.read_text()[:100])
    assert "damaged: " in ask("runs").err
    assert list(ask("runs", "--json").document["damaged"]) == [str(summary.parent)]
    assert ask("report", name, "--json").code == 7
    assert ask("runs", "--remove", name).code == 0
    assert ask("runs", "--json").document == {"runs": [], "damaged": {}}
