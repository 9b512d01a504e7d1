"""A long search is killed again and again, and ends as if nobody had touched it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "tradewind.interfaces.cli.main"]
PATIENCE_S = 120.0
STEADY = """
from tradewind import BadInput, Strategy, param

class Steady(Strategy):
    fast = param(3, low=2, high=20)
    slow = param(10, low=2, high=40)
    stop = param(0.05, low=0.01, high=0.2)

    def setup(self):
        if self.fast >= self.slow:
            raise BadInput("fast must be below slow")
        self.names = {}          # does not compile: the interpreter takes its time, so that there is something to kill

    def on_bar(self, bar):
        self.names[bar.time % self.slow] = bar.close
        if len(self.names) == self.slow and bar.time // 3_600_000_000_000 % self.fast == 0:
            if self.position:
                self.close()
            else:
                self.buy(sl=bar.close * (1 - self.stop))
"""


def words(method: str, *more: str) -> list[str]:
    budget = [] if method == "grid" else ["--budget", "40"]
    space = ["--space", "fast=2:8:2 slow=4:12:2 stop=0.01:0.08:0.01"] if method == "grid" else []
    return [*COMMAND, "optimize", "steady.py", "-s", "BTC/USDT", "-m", method, *space, *budget, "--json", *more]


def blocks(home: Path) -> dict[str, int]:
    """The blocks that are finished, with the moment of their writing."""
    return {str(path): path.stat().st_mtime_ns for path in (home / "sweeps").glob("*/block-*.npz")}


def killed_after(count: int, home: Path, command: list[str], wait_s: float) -> None:
    """Run the command and kill it, without a chance to say goodbye, some time after so many blocks are there."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE_S
    while len(blocks(home)) < count and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    time.sleep(wait_s)
    process.kill()
    process.wait()


def finished(command: list[str]) -> dict[str, object]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def same(found: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in found.items() if name not in {"run", "folder", "report", "resumed"}}


@pytest.mark.parametrize("method", ["grid", "tpe"])
def test_a_search_that_is_killed_goes_on_without_repeating_a_block(home: Path, method: str) -> None:
    Path("steady.py").write_text(STEADY)
    chance = random.Random(method)
    whole = finished(words(method))
    assert not blocks(home)
    seen: dict[str, int] = {}
    for kill in (1, 2, 3):
        killed_after(kill, home, words(method), chance.uniform(0.0, 0.15))
        now = blocks(home)
        assert seen.items() <= now.items(), "a finished block was written again"
        seen = now
    again = finished(words(method))
    assert again["resumed"] != 0
    assert same(again) == same(whole)
    one, two = (Path(str(found["folder"])) / "sets.csv" for found in (whole, again))
    assert one.read_bytes() == two.read_bytes()
    assert not (home / "sweeps").exists() or not any((home / "sweeps").iterdir())


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(home: Path) -> None:
    Path("steady.py").write_text(STEADY)
    process = subprocess.Popen(words("sobol"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + PATIENCE_S
    while not blocks(home):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert out == ""
    told = json.loads(err[err.index('{\n  "error"') :])["error"]
    assert "of 40 sets are done and kept" in told["message"]
    assert "tradewind optimize steady.py --method sobol --budget 40" in told["fix"]
    again = subprocess.run(words("sobol"), capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    resumed = json.loads(again.stdout)["resumed"]
    assert resumed > 0
    assert f"going on: {resumed} of 40 sets are done already" in again.stderr


def test_what_has_changed_since_is_named(home: Path) -> None:
    Path("steady.py").write_text(STEADY)
    killed_after(1, home, words("sobol"), 0.0)
    for changed, said in (
        (words("sobol", "--seed", "2", "--resume", "last"), "the seed was 1 when it began, and is 2 now"),
        (
            words("sobol", "--cash", "500", "--resume", "last"),
            "the rule cash was 10000.0 when it began, and is 500.0 now",
        ),
        (words("random", "--resume", "last"), "the method was sobol when it began, and is random now"),
    ):
        done = subprocess.run(changed, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
        assert done.returncode == 3
        assert said in done.stderr
    Path("steady.py").write_text(STEADY + "\n# changed\n")
    done = subprocess.run(words("sobol", "--resume", "last"), capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "the strategy's code was" in done.stderr
    Path("steady.py").write_text(STEADY)
    assert finished(words("sobol", "--resume", "last"))["resumed"] != 0
