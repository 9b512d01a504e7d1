"""PostgreSQL in trouble: a primary that is lost and its replica promoted; and closed to whom it does not know."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest
from event_examples import tick
from tests.servers.event_stores import opened
from tests.servers.postgres import PostgresServer
from tests.servers.proxy import Proxy

from tradewind.adapters.event_store import postgres_connection
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.ports.event_store import EventQuery

DEPLOY = Path(__file__).parents[2] / "deploy" / "postgres"
PATIENCE_S = 90
DISK_BYTES = 100 * 2**20
LEFT_BYTES = 2 * 2**20


@pytest.fixture
def servers():
    """Makes servers, and removes them."""
    made = []

    def keep(server):
        made.append(server)
        return server

    yield keep
    for server in made:
        server.remove()


def test_a_primary_is_lost_under_load_and_its_promoted_replica_has_everything_once(servers):
    primary = servers(PostgresServer()).make()
    replica = servers(primary.replica())
    primary.ask("ALTER SYSTEM SET synchronous_standby_names = '*'")
    primary.ask("SELECT pg_reload_conf()")
    both = f"postgresql://tradewind@127.0.0.1:{primary.port},127.0.0.1:{replica.port}/postgres"
    stored, refused = set(), 0

    async def write(store, writer):
        nonlocal refused
        for i in range(40):
            event = tick(1_000 * writer + i)
            while event.event_id not in stored:
                try:
                    await store.append([event])
                    stored.add(event.event_id)
                except Unavailable:
                    refused += 1
                    await asyncio.sleep(0)

    async def work():
        async with asyncio.timeout(PATIENCE_S), opened(f"{both}?target_session_attrs=read-write") as store:
            writers = [asyncio.create_task(write(store, w)) for w in range(4)]
            while len(stored) < 50:
                await asyncio.sleep(0)
            await asyncio.to_thread(primary.stop, signal.SIGQUIT)
            acknowledged = set(stored)
            await asyncio.to_thread(replica.ask, "SELECT pg_promote()")
            await asyncio.gather(*writers)
            found = [s async for some in store.read(EventQuery()) for s in some]
            return acknowledged, [s.event.event_id for s in found], [s.position for s in found]

    acknowledged, found, positions = asyncio.run(work())
    assert refused > 0, "the loss was felt"
    assert acknowledged <= set(found)
    assert len(found) == len(set(found)) == 160
    assert positions == sorted(set(positions))


def test_a_replica_may_be_read_and_not_written_to(servers):
    primary = servers(PostgresServer()).make()
    replica = servers(primary.replica())

    async def work():
        async with opened(primary.url()) as store:
            await store.append([tick(1)])
        async with asyncio.timeout(PATIENCE_S), opened(replica.url()) as store:
            while True:  # the replica follows, but not at once
                try:
                    if await store.count(EventQuery()) == 1:
                        break
                except Unavailable:
                    pass
                await asyncio.sleep(0)
            with pytest.raises(Unavailable, match="read-only"):
                await store.append([tick(2)])

    asyncio.run(work())


@pytest.fixture
def guarded(servers):
    """A server with the settings that are deployed, and a certificate of its own; the folder with the certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not there to make a certificate")
    server = servers(PostgresServer()).make()
    server.ask("ALTER USER tradewind PASSWORD 'not-so-secret'")
    server.ask("CREATE DATABASE tradewind")
    server.stop()
    for key, certificate in (("key.pem", "certificate.pem"), ("strange_key.pem", "stranger.pem")):
        words = (
            f"req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {certificate} -days 2 -subj /CN=localhost".split()
        )
        names = ("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        subprocess.run(["openssl", *words, *names], cwd=server.folder, check=True, capture_output=True)
    for name in ("certificate.pem", "key.pem"):
        shutil.copy(server.folder / name, server.data / name)
        (server.data / name).chmod(0o600)
        shutil.chown(server.data / name, server.data.stat().st_uid, server.data.stat().st_gid)
    for name in ("postgresql.conf", "pg_hba.conf"):
        shutil.copyfile(DEPLOY / name, server.data / name)
    server.options = ("-c", "listen_addresses=127.0.0.1", "-c", "effective_cache_size=1GB")
    return server


def test_as_deployed_only_who_comes_encrypted_and_knows_the_password_is_let_in(guarded):
    guarded.start(answering=False)
    place = f"127.0.0.1:{guarded.port}/tradewind"
    elsewhere = f"127.0.0.1:{guarded.port}/postgres"
    others = f"sslrootcert={guarded.folder / 'stranger.pem'}"
    ours = f"sslrootcert={guarded.folder / 'certificate.pem'}"

    async def work():
        async with (
            asyncio.timeout(PATIENCE_S),
            opened(f"postgresql://tradewind:not-so-secret@{place}?sslmode=verify-full&{ours}") as store,
        ):
            while True:
                try:
                    assert await store.append([tick(1)]) == [1]
                    break
                except Unavailable:  # it is still starting
                    await asyncio.sleep(0)
        refused = {
            f"postgresql://tradewind:not-so-secret@{place}?sslmode=disable": "no encryption",
            f"postgresql://tradewind:guessed@{place}?sslmode=require": "password authentication failed",
            f"postgresql://tradewind:not-so-secret@{place}?sslmode=verify-full&sslrootcert=no.pem": "is not there",
            f"postgresql://tradewind:not-so-secret@{place}?sslmode=verify-full&{others}": "no TLS",
            f"postgresql://tradewind:not-so-secret@{elsewhere}?sslmode=require": "no pg_hba.conf entry",
        }
        for url, why in refused.items():
            async with opened(url) as store:
                with pytest.raises(BadInput, match=why) as told:
                    await store.append([tick(2)])
                assert "not-so-secret" not in str(told.value)

    asyncio.run(work())


@pytest.fixture
def small_disk():
    """A disk of its own, a way to fill it but for a few megabytes, and a way to make room again."""
    folder = Path(tempfile.mkdtemp(prefix="tradewind-small-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        folder.rmdir()
        pytest.skip("a small disk cannot be mounted here")
    ballast = folder / "ballast"

    def fill() -> None:
        free = shutil.disk_usage(folder).free
        if free > DISK_BYTES:
            pytest.skip("a disk's size cannot be limited here")
        ballast.write_bytes(bytes(free - LEFT_BYTES))

    yield folder, fill, ballast.unlink
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


def test_a_full_disk_is_told_nothing_of_the_call_is_stored_and_with_room_it_goes_on(servers, small_disk):
    folder, fill, make_room = small_disk
    server = servers(PostgresServer()).make()
    shutil.chown(folder, server.data.stat().st_uid, server.data.stat().st_gid)
    server.ask(f"CREATE TABLESPACE small LOCATION '{folder}'")
    server.ask("CREATE DATABASE small TABLESPACE small TEMPLATE template0")

    async def work():
        async with asyncio.timeout(PATIENCE_S), opened(server.url("small")) as store:
            await store.append([tick(i) for i in range(1_000)])
            fill()
            stored = 1_000
            with pytest.raises(Unavailable, match="the disk is full"):  # noqa: PT012 - some call raises
                while True:
                    await store.append([tick(stored + i) for i in range(1_000)])
                    stored += 1_000
            assert await store.count(EventQuery()) == await store.last_position() == stored
            await asyncio.to_thread(make_room)
            await store.append([tick(stored + i) for i in range(1_000)])
            return stored + 1_000, [s.event.event_id async for some in store.read(EventQuery()) for s in some]

    expected, found = asyncio.run(work())
    assert found == [tick(i).event_id for i in range(expected)]


def test_a_network_that_breaks_connections_loses_nothing_and_stores_nothing_twice(postgres):
    name = postgres.new_database().rpartition("/")[2]

    async def work():
        async with (
            asyncio.timeout(PATIENCE_S),
            Proxy(postgres.port) as proxy,
            opened(f"postgresql://tradewind@127.0.0.1:{proxy.port}/{name}") as store,
        ):
            refused = broken = 0
            for i in range(60):
                if i % 7 == 3:
                    broken += proxy.reset()
                event = tick(i)
                call = asyncio.create_task(store.append([event]))
                if i % 7 == 5:
                    while not call.done() and not proxy.reset():
                        await asyncio.sleep(0)
                try:
                    await call
                except Unavailable:
                    refused += 1
                    await store.append([event])
            return broken, [s.event async for some in store.read(EventQuery()) for s in some]

    broken, found = asyncio.run(work())
    assert broken > 0
    assert found == [tick(i) for i in range(60)]


def test_a_network_that_lets_nothing_through_is_told_after_a_while_and_when_it_heals_the_store_goes_on(
    postgres, monkeypatch
):
    monkeypatch.setattr(postgres_connection, "COMMAND_S_MAX", 0.5)
    monkeypatch.setattr(postgres_connection, "CONNECT_S_MAX", 0.5)
    name = postgres.new_database().rpartition("/")[2]

    async def work():
        async with (
            asyncio.timeout(PATIENCE_S),
            Proxy(postgres.port) as proxy,
            opened(f"postgresql://tradewind@127.0.0.1:{proxy.port}/{name}") as store,
        ):
            while True:
                try:
                    await store.append([tick(0)])
                    break
                except Unavailable:  # half a second may be short for making the tables
                    continue
            proxy.partition()
            with pytest.raises(Unavailable):
                await store.append([tick(1)])
            with pytest.raises(Unavailable):
                await store.last_position()
            proxy.heal()
            proxy.delay_s = 0.005
            while True:
                try:
                    await store.append([tick(1), tick(2)])
                    break
                except Unavailable:
                    continue
            return [s.event async for some in store.read(EventQuery()) for s in some]

    assert asyncio.run(work()) == [tick(0), tick(1), tick(2)]


def test_a_store_is_let_go_though_nothing_comes_through(postgres, monkeypatch):
    monkeypatch.setattr(postgres_connection, "CLOSE_S_MAX", 0.3)
    name = postgres.new_database().rpartition("/")[2]

    async def work():
        async with asyncio.timeout(PATIENCE_S), Proxy(postgres.port) as proxy:
            async with opened(f"postgresql://tradewind@127.0.0.1:{proxy.port}/{name}") as store:
                await store.append([tick(0)])
                proxy.partition()
            with pytest.raises(Unavailable, match="closed"):
                await store.append([tick(1)])

    asyncio.run(work())
