"""Runs as folders: damage, leavings of processes that died, places that cannot be written."""

from __future__ import annotations

import errno
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tradewind.adapters.runs import run_folders, unfinished
from tradewind.adapters.runs.run_folders import RunFolders
from tradewind.core.domain.errors import BadInput, Corrupt


def write(folder: Path) -> None:
    (folder / "report.json").write_text('{"created_ns": 1}')


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "{}", '{"created_ns": "soon"}', "\x00"])
def test_a_damaged_run_is_named_and_never_listed(tmp_path: Path, text: str) -> None:
    runs = RunFolders(tmp_path)
    runs.keep("good", write)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "report.json").write_text(text)
    assert [run.name for run in runs.kept()] == ["good"]
    assert list(runs.damaged()) == [str(tmp_path / "bad")]
    with pytest.raises(Corrupt) as caught:
        runs.find("bad")
    assert caught.value.where == str(tmp_path / "bad")
    assert runs.remove("bad") == "bad"
    assert runs.damaged() == {}


def test_files_beside_the_runs_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / ".hidden").mkdir()
    runs = RunFolders(tmp_path)
    runs.keep("first", write)
    assert [run.name for run in runs.kept()] == ["first"]
    assert (tmp_path / ".hidden").is_dir()


def test_what_a_dead_process_left_is_swept_by_the_next_run(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys; from tradewind.adapters.runs.run_folders import RunFolders\n"
        f"RunFolders(pathlib.Path({str(tmp_path)!r})).keep('dead', lambda folder: os._exit(9))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    left = list(tmp_path.glob(".unfinished-dead-*"))
    assert len(left) == 1
    RunFolders(tmp_path).keep("alive", write)
    assert not left[0].exists()


def test_what_another_run_is_writing_is_not_swept(tmp_path: Path) -> None:
    runs = RunFolders(tmp_path)

    def write_while_another_runs(folder: Path) -> None:
        write(folder)
        thread = threading.Thread(target=lambda: runs.keep("other", write))
        thread.start()
        thread.join(30)
        assert folder.is_dir()

    assert runs.keep("first", write_while_another_runs).name == "first"
    assert {run.name for run in runs.kept()} == {"first", "other"}


@pytest.mark.parametrize("where", ["file", "file/below"])
def test_a_place_that_is_a_file_is_refused_before_anything_is_run(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="it is a file, or below one") as caught:
        RunFolders(tmp_path / where).prepare()
    assert "TRADEWIND_RUNS" in (caught.value.fix or "")


def test_a_place_that_cannot_be_is_refused_and_a_full_disk_is_not_blamed_on_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match="runs cannot be kept here: File name too long") as caught:
        RunFolders(tmp_path / ("x" * 300)).prepare()
    assert "TRADEWIND_RUNS" in (caught.value.fix or "")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(OSError, match="No space left"):
        RunFolders(tmp_path / "runs").prepare()


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(BadInput, match="the folder cannot be written"):
        RunFolders(tmp_path).prepare()


def test_too_many_runs_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_folders, "NAMES_MAX", 3)
    runs = RunFolders(tmp_path)
    for _ in range(3):
        runs.keep("same", write)
    with pytest.raises(BadInput, match="3 runs are named 'same'"):
        runs.keep("same", write)


def test_without_locks_runs_are_kept_and_nothing_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfinished, "fcntl", None)
    (tmp_path / ".unfinished-old").mkdir()
    assert RunFolders(tmp_path).keep("first", write).name == "first"
    assert (tmp_path / ".unfinished-old").is_dir()
