"""`tradewind data`, `init` and `doctor` as a person or a program meets them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tradewind.interfaces.cli.main import main
from tradewind.settings import FILE_NAME, load_settings

Captured = pytest.CaptureFixture[str]
LINES = "time,open,high,low,close,volume\n" + "".join(
    f"2024-01-01T{hour:02}:00:00Z,{hour + 1},{hour + 3},{hour + 0.5},{hour + 2},10\n" for hour in range(24)
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answer(capsys: Captured, *words: str) -> Any:
    """What a command says with --json; it must end well."""
    capsys.readouterr()
    code = main([*words, "--json"])
    out, err = capsys.readouterr()
    assert code == 0, err
    return json.loads(out)


def refusal(capsys: Captured, *words: str) -> Any:
    """The error of a command with --json."""
    capsys.readouterr()
    code = main([*words, "--json"])
    out, err = capsys.readouterr()
    assert out == ""
    error = json.loads(err[err.index("{\n") :])["error"]
    assert error["exit_code"] == code
    return error


def test_the_way_from_a_file_to_a_checked_data_set(home: Path, capsys: Captured) -> None:
    (home / "BTC_USDT-1h.csv").write_text(LINES.replace("2024-01-01T07:00:00Z,8,10,7.5,9,10\n", ""))
    assert main(["data", "import", "BTC_USDT-1h.csv"]) == 0
    out, err = capsys.readouterr()
    assert "symbol: BTC/USDT (by the file's name)" in err
    assert "times: UTC (carried by the times), taken as when a bar opens" in err
    assert "warning: BTC/USDT candles 1h: gaps: 1 (bars are missing)" in out
    assert main(["data", "list"]) == 0
    listed = capsys.readouterr().out
    assert "BTC/USDT" in listed
    assert "real" in listed
    assert main(["data", "check", "-s", "BTC/USDT"]) == 0
    out = capsys.readouterr().out
    assert "2024-01-01T08:00:00Z  row 8: 1 missing since 2024-01-01T07:00:00Z" in out
    assert "in a backtest: kept as they are" in out


def test_every_command_answers_in_json(home: Path, capsys: Captured) -> None:
    (home / "BTC_USDT-1h.csv").write_text(LINES)
    stored = answer(capsys, "data", "import", "BTC_USDT-1h.csv")["imported"][0]["stored"]
    assert (stored["rows"], stored["synthetic"], len(stored["content_hash"])) == (24, False, 64)
    assert answer(capsys, "data", "list")["data_sets"] == [stored]
    assert answer(capsys, "data", "check")["checked"][0]["report"] == {"rows": 24, "findings": []}
    made = answer(capsys, "data", "generate", "-s", "X/USDT:USDT", "--bars", "48", "--seed", "5")["stored"]
    assert [(each["synthetic"], each["seed"]) for each in made] == [(True, 5)] * 3
    daily = answer(capsys, "data", "resample", "-s", "BTC/USDT", "--from", "1h", "--to", "1d")["stored"]
    assert daily["rows"] == 1
    page = answer(capsys, "data", "show", "-s", "BTC/USDT", "-t", "1d")
    assert [page["candles"][0][name] for name in ("open", "high", "low", "close", "volume")] == [1, 26, 0.5, 25, 240]
    assert len(answer(capsys, "data", "remove", "BTC/USDT")["removed"]) == 2
    assert {check["state"] for check in answer(capsys, "doctor")["checks"]} <= {"fine", "warning"}
    assert answer(capsys, "init")["file"] == str(home / FILE_NAME)


def test_synthetic_data_says_so_wherever_it_is_shown(capsys: Captured) -> None:
    for words in (
        ["data", "generate", "--bars", "30"],
        ["data", "list"],
        ["data", "show", "-s", "BTC/USDT", "-t", "1h"],
        ["data", "resample", "-s", "BTC/USDT", "--from", "1h", "--to", "1d"],
    ):
        assert main(words) == 0
        assert "SYNTHETIC" in capsys.readouterr().out, words


def test_a_folder_is_brought_file_by_file_and_the_bad_ones_are_named(home: Path, capsys: Captured) -> None:
    folder = home / "history"
    folder.mkdir()
    (folder / "BTC_USDT-1h.csv").write_text(LINES)
    (folder / "ETH_USDT-1h.csv").write_text(LINES.replace(",10\n", ",x\n", 1))
    (folder / "nobody.csv").write_text(LINES)
    assert main(["data", "import", "history"]) == 3
    err = capsys.readouterr().err
    assert "refused " in err
    assert "1 cells of column 'volume' are not numbers, first row 2: 'x'" in err
    assert "error: 2 of 3 files were refused" in err
    assert [each["key"]["symbol"] for each in answer(capsys, "data", "list")["data_sets"]] == ["BTC/USDT"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["import", "nowhere.csv"], "there is no such file"),
        (["import", "prices.csv"], "the symbol cannot be told"),
        (["import", "prices.csv", "-s", "BTC/USDT", "--map", "time"], "--map cannot read 'time'"),
        (["import", "prices.csv", "-s", "BTC/USDT", "-k", "candle"], "unknown kind of data 'candle'"),
        (["import", "prices.csv", "-s", "BTC/USDT", "-t", "1x"], "unknown timeframe '1x'"),
        (["check"], "the catalogue is empty"),
        (["publish", "BTC/USDT"], "no data for the symbol 'BTC/USDT': the catalogue is empty"),
        (["publish", "missing.gz"], "there is no such file"),
        (["publish", "."], "it is a folder, not a file"),
        (["check", "-s", "BTC/USDT"], "the catalogue is empty"),
        (["show", "-s", "BTC/USDT", "-t", "1h", "--start", "soon"], "'soon' is not a date"),
        (["generate", "--bars", "0"], "1 to 5,000,000 bars"),
        (["remove", "BTC/USDT"], "the catalogue is empty"),
    ],
)
def test_wrong_asking_is_bad_input(home: Path, capsys: Captured, words: list[str], message: str) -> None:
    (home / "prices.csv").write_text(LINES)
    error = refusal(capsys, "data", *words)
    assert (error["kind"], error["exit_code"]) == ("BadInput", 3)
    assert message in error["message"]


def test_a_damaged_set_is_listed_as_such_and_stops_what_reads_it(home: Path, capsys: Captured) -> None:
    (home / "BTC_USDT-1h.csv").write_text(LINES)
    answer(capsys, "data", "import", "BTC_USDT-1h.csv")
    path = home / "home" / "data" / "BTC-USDT" / "candles" / "1h.parquet"
    path.write_bytes(path.read_bytes()[:100])
    assert list(answer(capsys, "data", "list")["damaged"]) == [str(path)]
    assert refusal(capsys, "data", "show", "-s", "BTC/USDT", "-t", "1h")["exit_code"] == 7
    capsys.readouterr()
    assert main(["doctor"]) == 3
    out, err = capsys.readouterr()
    assert "Remove this file and import the data again" in out + err


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGINT")
def test_control_c_in_the_middle_leaves_nothing_half_written(home: Path) -> None:
    words = [sys.executable, "-m", "tradewind.interfaces.cli.main", "data", "generate", "--bars", "3000000", "-t", "1m"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
        folder = home / "home" / "data"
        deadline = time.monotonic() + 60
        while not any(folder.rglob("*")) and command.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        os.kill(command.pid, signal.SIGINT)
        out, err = command.communicate(timeout=60)
    assert (command.returncode, out, err) == (130, "", "error: interrupted; nothing is left half-written\n")
    assert not [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_init_writes_what_settings_read_and_never_over_another(home: Path, capsys: Captured) -> None:
    assert main(["init"]) == 0
    text = (home / FILE_NAME).read_text()
    assert text.startswith("# Settings of Tradewind")
    assert load_settings({}, folder=home).exchange == "binance"
    assert main(["init"]) == 3
    assert "Write over it with --force" in capsys.readouterr().err
    (home / FILE_NAME).write_text("[folders]\ndata = 3\n")
    assert main(["data", "list"]) == 3
    assert "[folders] data must be a text, not 3" in capsys.readouterr().err
    assert main(["init", "--force", "--yes"]) == 0
    assert (home / FILE_NAME).read_text() == text


def test_init_asks_on_a_terminal_and_explains_what_will_not_do(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    answers = {"data": iter(["mine"]), "exchange": iter(["Binance!", "okx"])}

    def answer(question: str, default: str) -> str:
        return next(answers.get(question.rpartition(": ")[2], iter([default])))

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("typer.prompt", answer)
    assert main(["init"]) == 0
    assert "That will not do: an exchange is written as ccxt does" in capsys.readouterr().out
    settings = load_settings({}, folder=home)
    assert (settings.exchange, settings.data) == ("okx", home / "mine")
    assert '# runs = "~/.tradewind/runs"' in (home / FILE_NAME).read_text()


def test_a_parquet_file_goes_in_as_well(home: Path, capsys: Captured) -> None:
    pl.read_csv(LINES.encode(), try_parse_dates=True).write_parquet(home / "x.parquet")
    assert answer(capsys, "data", "import", "x.parquet", "-s", "A/B")["imported"][0]["stored"]["rows"] == 24
