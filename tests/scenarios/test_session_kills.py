"""A session whose process is killed: what is written is sealed, and is played again as far as it goes."""

import os
import signal
import subprocess
import sys
import time

import apsw
import pytest

WAIT_S = 60


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
