"""A session whose process is killed: what is written is sealed, and is played again as far as it goes."""

import os
import signal
import subprocess
import sys
import time
from random import Random

import apsw
import pytest

from tradewind import bootstrap

WAIT_S = 60
CLI = [sys.executable, "-m", "tradewind.interfaces.cli.main"]
ASKED = ["sma_cross", "--symbol", "BTC/USDT:USDT", "--param", "fast=3", "--param", "slow=8", "--name"]


@pytest.mark.parametrize("written", [200, 1_500])
def test_a_killed_session_is_replayed_as_far_as_it_is_written(ask, home, written):
    command = [sys.executable, "-m", "tradewind.interfaces.cli.main", "rehearse", "sma_cross", "--name", "cut"]
    command += ["--symbol", "BTC/USDT:USDT", "--param", "fast=3", "--param", "slow=8"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=dict(os.environ))
    until = time.monotonic() + WAIT_S
    while events_of(home) < written and process.poll() is None and time.monotonic() < until:
        pass
    process.send_signal(signal.SIGKILL)
    _, said = process.communicate(timeout=WAIT_S)
    assert events_of(home) >= written, said.decode()
    again = ask("replay", "cut", "--json").document
    assert again["same"]
    assert again["decisions"] > 0
    assert again["events"] == events_of(home)
    beside = ask("divergence", "cut", "--json").document
    assert beside["decisions"]["same"] > 0
    assert again["ended"] or any("cut off" in warning for warning in beside["warnings"])
    # On a machine that is faster than this test it may have come to its end before the kill came to it.
    assert again["ended"] or process.returncode == -signal.SIGKILL


def events_of(home):
    """How many events of the session are on disk."""
    try:
        file = apsw.Connection(
            f"file:{home / 'events' / 'events.db'}?mode=ro", apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READONLY
        )
        return next(file.execute("SELECT count(*) FROM events WHERE session = 'cut'"))[0]
    except apsw.Error:
        return 0


def test_a_session_that_is_interrupted_says_so_and_keeps_what_it_acted_on(ask, home):
    command = [sys.executable, "-m", "tradewind.interfaces.cli.main", "rehearse", "sma_cross", "--name", "cut"]
    command += ["--symbol", "BTC/USDT:USDT", "--param", "fast=3", "--param", "slow=8"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ))
    until = time.monotonic() + WAIT_S
    while events_of(home) < 200 and process.poll() is None and time.monotonic() < until:
        pass
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=WAIT_S)
    assert b"Traceback" not in said
    again = ask("replay", "cut", "--json").document
    assert again["same"]
    assert again["events"] == events_of(home)
    assert again["ended"] or (process.returncode == 130 and out == b"")
    assert again["ended"] or b"Go on with it: tradewind resume cut" in said


@pytest.mark.parametrize("seed", [1])
def test_a_session_that_is_killed_again_and_again_goes_on_to_what_it_would_have_come_to(ask, home, seed):
    whole = ask("rehearse", *ASKED, "whole", "--end", "2024-01-20", "--json").document
    words, written, chance = ["rehearse", *ASKED, "cut", "--end", "2024-01-20"], 0, Random(seed)
    for _ in range(3):
        process = subprocess.Popen([*CLI, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until = time.monotonic() + WAIT_S
            written += chance.randrange(20, 900)
            while events_of(home) < written and process.poll() is None and time.monotonic() < until:
                pass
        finally:
            process.kill()
            process.wait(WAIT_S)
        words, written = ["resume", "cut"], events_of(home)
        if ask("replay", "cut", "--json").document["ended"]:
            break  # on a machine that is faster than this test
    else:
        told = ask("resume", "cut", "--json").document
        assert told["inputs_before"] > 0
        for name in ("inputs", "decisions", "fills", "decision_hash", "candles"):
            assert told[name] == whole[name], name
    again = ask("replay", "cut", "--json").document
    assert again["same"]
    assert again["ended"]
    assert again["decision_hash"] == whole["decision_hash"]
    assert ask("resume", "cut").code == 3
    assert ask("divergence", "cut", "--json").code == 0


def test_a_session_that_somebody_is_at_work_on_is_left_alone(ask, home):
    ask("rehearse", *ASKED, "cut", "--end", "2024-01-03")
    with bootstrap.session_alone("cut"):
        answer = ask("resume", "cut")
    assert answer.code == 3
    assert "another process is at work on it" in answer.err
    assert "come to its end" in ask("resume", "cut").err, "and it is let go again"
