"""The ledger's file: what is wrong with it is said, and what is large is quick."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from tradewind.adapters.trials.sqlite_trials import FILE_NAME, SqliteTrials
from tradewind.core.domain.errors import Corrupt, Unavailable
from tradewind.core.domain.trials import Ground, Look, TrialKind

GROUND = Ground(("BTC/USDT",), 0, 100)
LOOK = Look(GROUND, "1h", "data", "SmaCross", "code", "rules", TrialKind.SWEEP, made_ns=5)


def tell(ledger: SqliteTrials, count: int) -> int:
    return ledger.record(LOOK, [f'{{"fast":{i}}}' for i in range(count)], np.linspace(-0.1, 0.1, count), 365)


def test_a_hundred_thousand_trials_are_one_record_and_one_answer(tmp_path: Path) -> None:
    ledger = SqliteTrials(tmp_path)
    assert tell(ledger, 100_000) == 100_000
    found = ledger.tally(GROUND)
    assert found.trials == 100_000
    assert found.variance(365) == pytest.approx(np.var(np.linspace(-0.1, 0.1, 100_000), ddof=1), rel=1e-9)
    assert tell(ledger, 100_000) == 0
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as connection:
        assert connection.execute("SELECT count(*) FROM looks").fetchone() == (1,), "a repeat leaves nothing behind"


def test_a_damaged_file_stops_with_its_place_and_a_way_out(tmp_path: Path) -> None:
    ledger = SqliteTrials(tmp_path)
    tell(ledger, 5_000)
    content = bytearray((tmp_path / FILE_NAME).read_bytes())
    content[4096 * 3 : 4096 * 30] = b"x" * 4096 * 27
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(Corrupt, match="the trial ledger is damaged") as caught:
        ledger.verify()
    assert caught.value.where == str(tmp_path / FILE_NAME)
    assert "backup" in str(caught.value.fix)


def test_another_programs_file_is_no_ledger(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("these are my notes on trials, not a ledger of them\n" * 50)
    for ask in (lambda: tell(SqliteTrials(tmp_path), 1), lambda: SqliteTrials(tmp_path).tally(GROUND)):
        with pytest.raises(Corrupt, match="the trial ledger is damaged"):
            ask()


def test_a_folder_that_is_a_file_is_unavailable_and_says_what_to_change(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_text("")
    with pytest.raises(Unavailable, match="the trial ledger cannot be used") as caught:
        tell(SqliteTrials(tmp_path / "ledger"), 1)
    assert "[folders] ledger" in str(caught.value.fix)


def test_a_writer_that_waits_too_long_is_told_and_counts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = SqliteTrials(tmp_path)
    tell(ledger, 1)
    monkeypatch.setattr("tradewind.adapters.sqlite.database.WAIT_S", 0.05)
    other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"):
        tell(ledger, 3)
    other.execute("ROLLBACK")
    other.close()
    assert ledger.tally(GROUND).trials == 1
    assert tell(ledger, 3) == 2, "fast=0 was counted before, and nothing of what had to wait"


def test_an_empty_file_of_a_killed_writer_is_a_ledger_without_trials(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"")
    ledger = SqliteTrials(tmp_path)
    assert ledger.tally(GROUND).trials == 0
    assert tell(ledger, 2) == 2


@pytest.mark.parametrize("name", ["what?", "a#b", "100%", "mine & yours", "naïve"])
def test_any_folder_will_do(tmp_path: Path, name: str) -> None:
    assert tell(SqliteTrials(tmp_path / name), 2) == 2
    assert (tmp_path / name / FILE_NAME).is_file()
    assert SqliteTrials(tmp_path / name).tally(GROUND).trials == 2
