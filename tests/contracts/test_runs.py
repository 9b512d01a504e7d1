"""What every keeper of finished runs must do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tradewind.adapters.runs.run_folders import RunFolders
from tradewind.core.domain.errors import BadInput
from tradewind.ports.runs import Runs


@pytest.fixture(params=[RunFolders])
def runs(request: pytest.FixtureRequest, tmp_path: Path) -> Runs:
    return request.param(tmp_path / "runs")


def writer(created_ns: int, **more: object):
    def write(folder: Path) -> None:
        (folder / "report.json").write_text(json.dumps({"created_ns": created_ns, **more}))
        (folder / "report.html").write_text("page")

    return write


def test_nothing_is_kept_at_first(runs: Runs) -> None:
    assert runs.kept() == []
    assert runs.damaged() == {}
    with pytest.raises(BadInput, match="no run has been kept yet"):
        runs.find("last")


def test_a_kept_run_is_found_with_all_that_was_written(runs: Runs) -> None:
    folder = runs.keep("first", writer(1, verdict="fine"))
    found = runs.find("first")
    assert (found.name, found.folder) == ("first", folder)
    assert found.summary["verdict"] == "fine"
    assert (folder / "report.html").read_text() == "page"


def test_runs_are_listed_by_when_they_were_made_and_the_last_is_the_newest(runs: Runs) -> None:
    for name, created in (("b", 3), ("c", 1), ("a", 2)):
        runs.keep(name, writer(created))
    assert [run.name for run in runs.kept()] == ["c", "a", "b"]
    assert runs.find("last").name == "b"


def test_runs_of_one_kind_are_found_among_others(runs: Runs) -> None:
    runs.keep("a", writer(1))
    runs.keep("ab", writer(2, kind="monte-carlo"))
    assert [run.kind for run in runs.kept()] == ["backtest", "monte-carlo"]
    assert runs.find("last").name == "ab"
    assert runs.find("last", "backtest").name == "a"
    assert runs.find("a", "backtest").name == "a"
    with pytest.raises(BadInput, match="it is a monte-carlo, not a backtest"):
        runs.find("ab", "backtest")
    with pytest.raises(BadInput, match="no portfolio has been kept yet"):
        runs.find("last", "portfolio")


def test_a_name_that_is_taken_gets_a_number_and_the_older_run_stays(runs: Runs) -> None:
    names = [runs.keep("same", writer(created)).name for created in (1, 2, 3)]
    assert names == ["same", "same-2", "same-3"]
    assert [run.summary["created_ns"] for run in runs.kept()] == [1, 2, 3]


def test_the_beginning_of_a_name_will_do_where_it_is_one_runs_only(runs: Runs) -> None:
    runs.keep("20240101-sma", writer(1))
    runs.keep("20240102-sma", writer(2))
    assert runs.find("20240101").name == "20240101-sma"
    with pytest.raises(BadInput, match="2 runs begin with '2024'") as caught:
        runs.find("2024")
    assert caught.value.fix == "The newest of them is 20240102-sma"
    with pytest.raises(BadInput, match="there is no run '20240102-sme'") as caught:
        runs.find("20240102-sme")
    assert caught.value.fix == "Did you mean 20240102-sma?"


@pytest.mark.parametrize("name", ["", ".", "..", "/", "../runs", "/etc"])
def test_a_name_never_leads_out_of_the_runs(runs: Runs, name: str) -> None:
    runs.keep("first", writer(1))
    with pytest.raises(BadInput, match="there is no run"):
        runs.find(name)
    with pytest.raises(BadInput, match="there is no run"):
        runs.remove(name)


def test_a_run_whose_writing_fails_leaves_nothing(runs: Runs, tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        writer(1)(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runs.keep("first", fail)
    assert runs.kept() == []
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".lock"]


def test_a_removed_run_is_gone(runs: Runs) -> None:
    folder = runs.keep("first", writer(1))
    runs.keep("second", writer(2))
    assert runs.remove("first") == "first"
    assert not folder.exists()
    assert [run.name for run in runs.kept()] == ["second"]
