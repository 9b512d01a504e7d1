"""What people do with Tradewind, from end to end: on made-up markets and, where they are at hand, on real ones."""

from __future__ import annotations

import csv
import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

BTC = ("--symbol", "BTC/USDT:USDT")
SHARED = Path(__file__).parents[2].parent / "shared" / "data"
REAL = pytest.mark.skipif(not SHARED.is_dir(), reason="the real candles are not beside this checkout")
COMMAND = (sys.executable, "-m", "tradewind.interfaces.cli.main")


def test_an_idea_is_written_tested_changed_tested_again_and_compared(ask, home: Path) -> None:
    assert ask("new", "strategy", "my_idea").code == 0
    first = ask("backtest", "my_idea.py", *BTC, "--json").document
    text = Path("my_idea.py").read_text()
    Path("my_idea.py").write_text(text.replace("param(20,", "param(12,"))
    second = ask("backtest", "my_idea.py", *BTC, "--json").document
    assert first["engine"] == second["engine"] == "compiled"
    assert first["decision_hash"] != second["decision_hash"]
    assert first["hashes"]["code"] != second["hashes"]["code"]
    assert first["hashes"]["data BTC/USDT:USDT candles 1h"] == second["hashes"]["data BTC/USDT:USDT candles 1h"]
    Path("my_idea.py").write_text(text)
    third = ask("backtest", "my_idea.py", *BTC, "--json").document
    assert third["decision_hash"] == first["decision_hash"]
    assert third["hashes"] == first["hashes"]
    listed = ask("runs", "--json").document["runs"]
    assert [run["parameters"]["fast"] for run in listed] == [20, 12, 20]
    assert ask("report", first["run"], "--json").document["metrics"] == first["metrics"]


def test_the_command_of_a_report_makes_the_same_run_again_on_either_engine(ask, home: Path) -> None:
    words = (
        "sma_cross",
        *BTC,
        "-t",
        "1h",
        "-p",
        "fast=5",
        "--leverage",
        "3",
        "--participation",
        "0.2",
        "--latency-ms",
        "900",
    )
    first = ask("backtest", *words, "--json").document
    command = shlex.split(ask("report", "--json").document["command"])
    again = ask(*command[1:], "--json").document
    interpreted = ask(*command[1:], "--engine", "interpreted", "--json").document
    assert interpreted["engine"] == "interpreted" != again["engine"]
    trades = set()
    for run in (first, again, interpreted):
        assert run["decision_hash"] == first["decision_hash"]
        trades.add((home / "runs" / run["run"] / "trades.csv").read_bytes())
    assert len(trades) == 1


def test_two_symbols_trade_on_one_account(ask, home: Path) -> None:
    made = ask("backtest", "pairs_zscore", *BTC, "--symbol", "ETH/USDT:USDT", "--json").document
    assert made["symbols"] == ["BTC/USDT:USDT", "ETH/USDT:USDT"]
    with (home / "runs" / made["run"] / "trades.csv").open() as file:
        assert {row["symbol"] for row in csv.DictReader(file)} == set(made["symbols"])


def test_spot_and_perpetual_are_held_against_each_other(ask) -> None:
    made = ask("backtest", "funding_carry", "--symbol", "BTC/USDT", *BTC, "--json")
    assert made.code == 0
    assert made.document["metrics"]["funding_paid"] is not None


def on_terminal(words: list[str], width: int, **more: str) -> str:
    """What a command shows on a terminal of this width, both streams together."""
    reading, writing = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(width), "TERM": "xterm-256color", **more}
    if "NO_COLOR" not in more:
        environment.pop("NO_COLOR", None)
    with subprocess.Popen(
        [*COMMAND, *words], stdin=writing, stdout=writing, stderr=writing, env=environment
    ) as process:
        os.close(writing)
        shown = b""
        while True:
            try:
                heard = os.read(reading, 65_536)
            except OSError:  # how Linux says that the other end is closed
                break
            if not heard:
                break
            shown += heard
        process.wait(60)
    os.close(reading)
    return shown.decode()


ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.mark.parametrize("width", [80, 120])
def test_on_a_terminal_stages_are_named_and_lines_fit(ask, home: Path, width: int) -> None:
    shown = on_terminal(["backtest", "sma_cross", *BTC], width)
    for number, stage in enumerate(("loading", "compiling", "running", "reporting"), 1):
        assert f"[{number}/4] {stage}" in shown
    listed = ESCAPES.sub("", on_terminal(["runs"], width)).splitlines()
    assert [len(line) <= width for line in listed] == [True] * len(listed)
    assert "sma_cross" in listed[1]


def test_colours_are_for_terminals_that_want_them() -> None:
    assert "\x1b[31m" in on_terminal(["backtest", "sma_cros"], 80)
    assert not re.search(r"\x1b\[[0-9;]*m", on_terminal(["backtest", "sma_cros"], 80, NO_COLOR="1"))
    piped = subprocess.run([*COMMAND, "backtest", "sma_cros"], capture_output=True, text=True, check=False)
    assert "\x1b[" not in piped.stdout + piped.stderr


@pytest.mark.parametrize(
    ("typed", "offered"), [("tradewind ba", "backtest"), ("tradewind backtest sma_cross --leve", "--leverage")]
)
def test_the_shell_completes_commands_and_options(typed: str, offered: str) -> None:
    environment = {**os.environ, "_TRADEWIND_COMPLETE": "complete_bash", "COMP_WORDS": typed}
    environment["COMP_CWORD"] = str(len(typed.split()) - 1)
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=False, env=environment)
    assert offered in done.stdout.split()


def test_the_version_is_printed(ask) -> None:
    from tradewind import __version__

    assert ask("--version").out == f"{__version__}\n"


@pytest.fixture
def real(ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The command line over the real candles."""
    monkeypatch.setenv("TRADEWIND_DATA", str(tmp_path / "real"))
    for folder in ("binance_usdm", "binance_spot_1h"):
        assert ask("data", "import", SHARED / folder).code == 0
    return ask


@REAL
@pytest.mark.slow
def test_real_candles_run_in_every_timeframe_with_their_funding(real) -> None:
    for timeframe, bars in (("1m", 43_199), ("5m", 10_906), ("1h", 719), ("1d", 29)):
        made = real("backtest", "sma_cross", *BTC, "-t", timeframe, "--json").document
        assert (made["bars"], made["synthetic"], made["engine"]) == (bars, False, "compiled")
        kinds = (f"candles {timeframe}", "funding", "mark")
        assert set(made["hashes"]) == {*(f"data BTC/USDT:USDT {kind}" for kind in kinds), "code", "decisions"}
        same = real("backtest", "sma_cross", *BTC, "-t", timeframe, "--engine", "interpreted", "--json").document
        assert same["decision_hash"] == made["decision_hash"]
        assert same["metrics"] == made["metrics"]
        assert (made["metrics"]["funding_paid"] != 0) == (timeframe != "1d")
    # The one-minute candles go on after the last funding that is stored, for more than one payment.
    assert "only: none was paid in the rest of the run" in "".join(
        real("backtest", "sma_cross", *BTC, "-t", "1m", "--json").document["warnings"]
    )


@REAL
@pytest.mark.slow
def test_real_gaps_missing_funding_and_times_that_never_meet_are_said(real) -> None:
    spot = real("backtest", "sma_cross", "-s", "BTC/USDT", "--json").document
    assert any(sentence.startswith("BTC/USDT: 28 x gaps") for sentence in spot["quality"])
    ether = real("backtest", "sma_cross", "-s", "ETH/USDT:USDT", "--json").document
    assert ether["warnings"] == [
        "No funding is stored for ETH/USDT:USDT, so none was paid: tradewind data import --kind funding"
    ]
    pair = real("backtest", "pairs_zscore", *BTC, "-s", "ETH/USDT:USDT", "-t", "1h", "--json").document
    assert pair["metrics"]["trades"] > 0
    carry = real("backtest", "funding_carry", "-s", "BTC/USDT", *BTC, "-t", "1h", "--json").error
    assert "BTC/USDT ends at 2024-04-21T14:00:00Z, before BTC/USDT:USDT begins at 2025-03-06" in carry["message"]
