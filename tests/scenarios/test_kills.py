"""A backtest that is killed or interrupted, wherever it is, and two at once: what was there before stays as it was."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import random
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = (sys.executable, "-m", "tradewind.interfaces.cli.main")
PATIENCE_S = 60.0
SLOW = """
from tradewind import Strategy

class Slow(Strategy):
    def setup(self):
        self.names = {}          # does not compile, so that the interpreter runs it, slowly

    def on_bar(self, bar):
        for i in range(20_000):
            self.names[i] = bar.close
"""
QUICK = ("backtest", "sma_cross", "--symbol", "BTC/USDT:USDT")
STAGES = {
    "loading": (*QUICK, "--engine", "interpreted"),
    "compiling": QUICK,
    "running": ("backtest", "slow.py", "--symbol", "BTC/USDT:USDT"),
    "reporting": (*QUICK, "--engine", "interpreted"),
}


@pytest.fixture
def kept(ask, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A home with one finished run. Compiled code is kept apart: these tests need a compilation that takes its time."""
    Path("slow.py").write_text(SLOW)
    name = ask(*QUICK, "--engine", "interpreted", "--json").document["run"]
    monkeypatch.setenv("TRADEWIND_CACHE", str(tmp_path / "kernels"))
    monkeypatch.setenv("NO_COLOR", "1")
    return name


def content(folder: Path) -> dict[str, str]:
    """Every finished file below a folder, and a hash of what is in it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


class OnTerminal:
    """A command whose stderr is a terminal, so that it tells its stages."""

    def __init__(self, words: tuple[str, ...], stage: str) -> None:
        self.reading, writing = pty.openpty()
        self.process = subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, stderr=writing, text=True)
        os.close(writing)
        self.said = ""
        deadline = time.monotonic() + PATIENCE_S
        while f"] {stage}" not in self.said:
            assert time.monotonic() < deadline, self.said
            self._listen(0.05)

    def _listen(self, seconds: float) -> bool:
        if not select.select([self.reading], [], [], seconds)[0]:
            return True
        try:
            heard = os.read(self.reading, 65_536)
        except OSError:  # how Linux says that the other end is closed
            return False
        self.said += heard.decode(errors="replace")
        return bool(heard)

    def end(self, signal_number: int) -> tuple[int, float]:
        """Send the signal; the exit code, and how many seconds the end took."""
        started = time.monotonic()
        self.process.send_signal(signal_number)
        while self._listen(PATIENCE_S):
            assert time.monotonic() < started + PATIENCE_S, f"it goes on after the signal; it said: {self.said}"
        self.process.communicate(timeout=PATIENCE_S)
        os.close(self.reading)
        return self.process.returncode, time.monotonic() - started


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGINT])
def test_an_end_at_any_stage_leaves_data_and_earlier_runs_as_they_were(
    ask, home: Path, kept: str, stage: str, signal_number: int
) -> None:
    data, runs = content(home / "data"), content(home / "runs")
    code, seconds = (command := OnTerminal(STAGES[stage], stage)).end(signal_number)
    ended = code == 0
    assert stage == "reporting" or not ended, "it was over before the signal came"
    assert content(home / "data") == data
    listed = [run["run"] for run in ask("runs", "--json").document["runs"]]
    assert listed[0] == kept
    assert len(listed) == 1 or stage == "reporting"
    assert {name: text for name, text in content(home / "runs").items() if name.startswith(kept + "/")} == runs
    assert ask("runs", "--json").document["damaged"] == {}
    if signal_number == signal.SIGINT and not ended:
        assert code == 130
        assert command.said.rpartition("\x1b[2K")[2].strip() == "error: interrupted; nothing is left half-written"
        assert "Traceback" not in command.said
        assert seconds < 10
        assert not list((home / "runs").glob(".unfinished-*"))
    again = ask(*STAGES["loading"], "--json")
    assert again.code == 0
    assert not list((home / "runs").glob(".unfinished-*"))
    assert ask("report", again.document["run"], "--json").code == 0


def test_kills_at_random_moments_leave_data_and_earlier_runs_as_they_were(ask, home: Path, kept: str) -> None:
    data, chance = content(home / "data"), random.Random(20)
    for _ in range(8):
        process = subprocess.Popen([*COMMAND, *STAGES["loading"]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.05, 1.2))
        process.kill()
        process.wait(PATIENCE_S)
        document = ask("runs", "--json").document
        assert document["runs"][0]["run"] == kept
        assert document["damaged"] == {}
        for run in document["runs"]:
            assert ask("report", run["run"], "--json").code == 0
    assert content(home / "data") == data
    assert ask(*STAGES["loading"]).code == 0
    assert not list((home / "runs").glob(".unfinished-*"))


def test_a_kill_while_the_report_is_written_leaves_a_folder_that_the_next_run_sweeps(
    ask, home: Path, kept: str
) -> None:
    code = (
        "import os, signal; from tradewind.research.reports import whole_files; whole = whole_files.replace_file;\n"
        "def replace(path, content):\n"
        "    whole(path, content)\n"
        "    if path.name == 'report.json': os.kill(os.getpid(), signal.SIGKILL)\n"
        "whole_files.replace_file = replace\n"
        "from tradewind.interfaces.cli.main import main\n"
        f"main({list(STAGES['reporting'])!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == -signal.SIGKILL
    left = list((home / "runs").glob(".unfinished-*"))
    assert [path.name for path in left[0].iterdir() if path.suffix == ".json"] == ["report.json"]
    answer = ask("runs", "--json").document
    assert [run["run"] for run in answer["runs"]] == [kept]
    assert answer["damaged"] == {}
    assert ask(*STAGES["loading"]).code == 0
    assert not list((home / "runs").glob(".unfinished-*"))


def test_two_backtests_in_one_home_at_the_same_second_are_both_kept(ask, home: Path) -> None:
    words = [*COMMAND, *STAGES["loading"], "--json"]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    said = [(process.communicate(timeout=PATIENCE_S), process.returncode) for process in both]
    assert [code for _, code in said] == [0] * 4, said
    documents = [json.loads(out) for (out, _), _ in said]
    assert len({document["run"] for document in documents}) == 4
    assert len({document["decision_hash"] for document in documents}) == 1
    trades = {(home / "runs" / document["run"] / "trades.csv").read_bytes() for document in documents}
    assert len(trades) == 1
    assert len(ask("runs", "--json").document["runs"]) == 4
