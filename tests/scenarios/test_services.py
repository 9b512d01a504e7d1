"""`make services`: servers come up without containers, doctor finds them, they end together, and keep what they had."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests.servers.postgres import free_port, programs

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder():
    """A folder that user postgres may enter, too."""
    made = Path(tempfile.mkdtemp(prefix="tradewind-services-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def started(folder, port, *only):
    words = [word for name in only for word in ("--only", name)]
    return subprocess.Popen(
        [sys.executable, str(ROOT / "deploy" / "services.py"), "--folder", str(folder), "--port", str(port), *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ended(services):
    """What it says until Ctrl-C has ended it."""
    services.send_signal(signal.SIGINT)
    said, errors = services.communicate(timeout=60)
    assert services.returncode == 0, errors
    return said


def test_they_come_up_doctor_finds_them_and_what_they_keep_is_there_the_next_time(ask, folder, monkeypatch):
    programs()
    if shutil.which("redis-server") is None:
        reason = "Redis is not installed (Debian: apt-get install redis-server)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    port = free_port()
    for round_ in (1, 2):
        services = started(folder, port, "postgres", "redis")
        try:
            lines = [services.stdout.readline().strip() for _ in range(3)]
            assert all(line.startswith("export TRADEWIND_") for line in lines), services.stderr.read()
            for line in lines:
                monkeypatch.setenv(*line.removeprefix("export ").split("=", 1))
            found = {check["name"]: check for check in ask("doctor", "--json").document["checks"]}
            assert [found[name]["state"] for name in ("events", "state", "cache")] == ["fine"] * 3
            assert [listens(port + i) for i in range(3)] == [True] * 3
        finally:
            ended(services)
        assert [listens(port + i) for i in range(3)] == [False] * 3, f"all have ended, round {round_}"
    assert (folder / "postgres" / "data" / "PG_VERSION").exists()


def test_what_is_not_installed_is_named_and_the_answer_says_that_nothing_runs(folder, monkeypatch):
    monkeypatch.setenv("PATH", str(folder))
    services = started(folder, free_port(), "redis")
    said, errors = services.communicate(timeout=60)
    assert (services.returncode, said) == (5, "")
    assert "not here: Redis: apt-get install redis-server" in errors
    assert not list(folder.iterdir())
