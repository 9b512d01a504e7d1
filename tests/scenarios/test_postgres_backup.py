"""The drill: events are backed up as deployed, somebody destroys them, and the store goes back to the moment before."""

import asyncio
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from event_examples import NOW, tick
from tests.servers.event_stores import opened
from tests.servers.postgres import PostgresServer

from tradewind.ports.event_store import EventQuery

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "postgres" / "pgbackrest.conf"
PATIENCE_S = 60.0
PHRASE = "a phrase for a test"


@pytest.fixture
def backed_up(monkeypatch):
    """A server whose WAL goes to pgBackRest as deployed, but to a folder; and how pgBackRest is asked."""
    if shutil.which("pgbackrest") is None:
        reason = "pgBackRest is not installed (Debian: apt-get install pgbackrest)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    server = PostgresServer()
    shutil.copyfile(CONFIGURATION, server.folder / "pgbackrest.conf")
    monkeypatch.setenv("PGBACKREST_CONFIG", str(server.folder / "pgbackrest.conf"))
    changed = {
        "REPO1_TYPE": "posix", "REPO1_PATH": server.folder / "repository", "REPO1_CIPHER_PASS": PHRASE,
        "PG1_PATH": server.data, "PG1_PORT": server.port, "PG1_USER": "tradewind", "PG1_SOCKET_PATH": server.folder,
        "LOG_LEVEL_FILE": "off", "LOCK_PATH": server.folder / "lock", "STANZA": "events",
    }  # fmt: skip
    for name, value in changed.items():
        monkeypatch.setenv(f"PGBACKREST_{name}", str(value))
    server.options = (
        "-c", f"unix_socket_directories={server.folder}", "-c", "archive_mode=on",
        "-c", "archive_command=pgbackrest archive-push %p",
    )  # fmt: skip

    def ask(*words):
        done = subprocess.run(["pgbackrest", *words], capture_output=True, text=True, check=False, **server.as_whom())
        assert done.returncode == 0, done.stdout + done.stderr

    try:
        yield server.make(), ask
    finally:
        server.remove()


async def everything(url):
    async with opened(url) as store:
        return [s.event async for some in store.read(EventQuery()) for s in some]


def test_events_come_back_as_they_were_at_a_moment_from_an_encrypted_backup(backed_up):
    server, ask = backed_up

    async def store_events(first, last):
        async with opened(server.url()) as store:
            await store.append([tick(i) for i in range(first, last)])

    asyncio.run(store_events(0, 100))
    ask("stanza-create")
    ask("--type=full", "backup")
    asyncio.run(store_events(100, 250))
    server.ask("SELECT pg_create_restore_point('before the mistake')")

    async def mistake():
        async with opened(server.url()) as store:
            await store.purge(NOW + 10**12)
            return await store.count(EventQuery())

    assert asyncio.run(mistake()) == 0
    server.ask("SELECT pg_switch_wal()")
    server.stop()
    shutil.rmtree(server.data)
    ask("--type=name", "--target=before the mistake", "--target-action=promote", "restore")
    server.start()
    deadline = time.monotonic() + PATIENCE_S
    while server.ask("SELECT pg_is_in_recovery()") != [(False,)]:
        assert time.monotonic() < deadline, "it did not reach the moment"

    assert asyncio.run(everything(server.url())) == [tick(i) for i in range(250)]
    asyncio.run(store_events(240, 260))
    assert len(asyncio.run(everything(server.url()))) == 260
    repository = [path for path in (server.folder / "repository").rglob("*") if path.is_file()]
    assert repository
    assert all(path.read_bytes().startswith(b"Salted__") for path in repository), "some of it is not encrypted"
