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
from tests.servers.kafka import must_run
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


def redis_is_here():
    if shutil.which("redis-server") is None:
        reason = "Redis is not installed (Debian: apt-get install redis-server)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)


def process_at(port):
    """The id of Redis at a port, as it says itself."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection, connection.makefile("rwb") as lines:
        lines.write(b"INFO server\r\n")
        lines.flush()
        return next(int(line.split(b":")[1]) for line in lines if line.startswith(b"process_id:"))


def ended(services):
    """What it says until Ctrl-C has ended it."""
    services.send_signal(signal.SIGINT)
    said, errors = services.communicate(timeout=60)
    assert services.returncode == 0, errors
    return said


def test_they_come_up_doctor_finds_them_and_what_they_keep_is_there_the_next_time(ask, folder, monkeypatch):
    programs()
    redis_is_here()
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


def test_a_second_one_is_told_that_the_port_is_taken_and_the_first_goes_on(folder):
    redis_is_here()
    port = free_port()
    first = started(folder, port, "redis")
    try:
        assert first.stdout.readline().startswith("export TRADEWIND_REDIS_STATE")
        assert first.stdout.readline().startswith("export TRADEWIND_REDIS_CACHE")
        second = started(folder, port, "redis")
        said, errors = second.communicate(timeout=60)
        assert (second.returncode, said) == (1, "")
        assert errors == f"Redis (state): port {port + 1} is taken; are they running already? Else choose a --port\n"
        assert listens(port + 1)
    finally:
        ended(first)


def test_ctrl_c_before_a_server_is_up_leaves_nothing_running(folder, monkeypatch):
    port = free_port()
    (folder / "redis-server").write_text("#!/bin/sh\necho $$ > began\nexec sleep 3600\n")
    (folder / "redis-server").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    services = started(folder, port, "redis")
    began = folder / "redis-state" / "began"
    while not (began.exists() and began.read_text().endswith("\n")):
        assert services.poll() is None, services.stderr.read()
    ended(services)
    with pytest.raises(ProcessLookupError):
        os.kill(int(began.read_text()), 0)


def test_a_server_that_ends_by_itself_is_named_and_the_others_end_too(folder):
    redis_is_here()
    port = free_port()
    services = started(folder, port, "redis", "redis")
    assert services.stdout.readline().startswith("export TRADEWIND_REDIS_STATE")
    assert services.stdout.readline().startswith("export TRADEWIND_REDIS_CACHE")
    os.kill(process_at(port + 2), signal.SIGKILL)
    said, errors = services.communicate(timeout=60)
    assert (services.returncode, said) == (1, "")
    assert f"Redis (cache) has ended by itself; its words are in {folder}/redis-cache/log" in errors
    assert not listens(port + 1)


def test_kafka_comes_up_with_its_topics_so_that_doctor_is_content(ask, folder, monkeypatch):
    must_run()
    services = started(folder, free_port(), "kafka")
    try:
        line = services.stdout.readline().strip()
        assert line.startswith("export TRADEWIND_KAFKA=kafka://"), services.stderr.read()
        monkeypatch.setenv(*line.removeprefix("export ").split("=", 1))
        found = {check["name"]: check for check in ask("doctor", "--json").document["checks"]}
        assert found["bus"]["state"] == "fine", found["bus"]
    finally:
        ended(services)
