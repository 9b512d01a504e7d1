"""Connections to PostgreSQL are closed on every way out: whoever is refused, gives up or is cancelled leaves none."""

import asyncio
import socket
import ssl
import struct
import subprocess
import threading
from contextlib import suppress
from shutil import which

import pytest
from event_examples import tick
from tests.servers.event_stores import opened
from tests.servers.left_open import left_open
from tests.servers.proxy import Proxy

from tradewind.adapters.event_store import postgres_connection
from tradewind.adapters.event_store.postgres_events import PostgresEventStore
from tradewind.adapters.event_store.postgres_rows import PostgresRows
from tradewind.core.domain.errors import BadInput, Unavailable

PATIENCE_S = 60
REFUSAL = b"SFATAL\0VFATAL\0C28000\0Mno pg_hba.conf entry for anybody\0\0"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """The files of a key and of a certificate."""
    if which("openssl") is None:
        pytest.skip("openssl is not there to make a certificate")
    folder = tmp_path_factory.mktemp("certificate")
    words = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "key.pem",
        "-out",
        "certificate.pem",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    return folder / "key.pem", folder / "certificate.pem"


class Doorkeeper(threading.Thread):
    """A server that talks TLS, refuses or says nothing, and never answers a goodbye."""

    def __init__(self, certificate, *, refuses):
        super().__init__(daemon=True)
        key, file = certificate
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(file, key)
        self.refuses, self.asked, self.over = refuses, threading.Event(), threading.Event()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]

    def run(self):
        with suppress(OSError), self.listening:  # who is out of patience may be gone before TLS has begun
            connection, _ = self.listening.accept()
            with connection:
                connection.recv(8)
                connection.sendall(b"S")
                with self.context.wrap_socket(connection, server_side=True) as secret:
                    secret.recv(1_000)
                    if self.refuses:
                        secret.sendall(b"E" + struct.pack("!i", 4 + len(REFUSAL)) + REFUSAL)
                    self.asked.set()
                    self.over.wait(PATIENCE_S)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *problem):
        self.over.set()
        self.join(PATIENCE_S)

    @property
    def url(self):
        return f"postgresql://tradewind@127.0.0.1:{self.port}/tradewind?sslmode=require"


def test_who_is_refused_over_tls_leaves_no_socket_though_the_server_answers_no_goodbye(certificate):
    with Doorkeeper(certificate, refuses=True) as server:

        async def work():
            async with asyncio.timeout(PATIENCE_S), opened(server.url) as store:
                with pytest.raises(BadInput, match="no pg_hba"):
                    await store.last_position()

        assert left_open(work) == []


@pytest.mark.parametrize("gives_up", ["cancelled", "out of patience"])
def test_who_is_not_answered_over_tls_leaves_no_socket(certificate, gives_up, monkeypatch):
    if gives_up == "out of patience":
        monkeypatch.setattr(postgres_connection, "CONNECT_S_MAX", 0.5)
    with Doorkeeper(certificate, refuses=False) as server:

        async def work():
            async with asyncio.timeout(PATIENCE_S), opened(server.url) as store:
                asking = asyncio.create_task(store.last_position())
                if gives_up == "cancelled":
                    await asyncio.to_thread(server.asked.wait, PATIENCE_S)
                    asking.cancel()
                with pytest.raises((Unavailable, asyncio.CancelledError)):
                    await asking

        assert left_open(work) == []


def test_a_store_whose_closing_is_cancelled_leaves_no_socket_and_nobody_waiting(postgres):
    name = postgres.new_database().rpartition("/")[2]

    async def work():
        async with asyncio.timeout(PATIENCE_S), Proxy(postgres.port) as proxy:
            store = PostgresEventStore(f"postgresql://tradewind@127.0.0.1:{proxy.port}/{name}")
            await store.append([tick(0)])
            proxy.partition()
            waiting = [asyncio.create_task(store.append([tick(i)])) for i in (1, 2)]
            await asyncio.sleep(0)
            closing = asyncio.create_task(store.close())
            await asyncio.sleep(0)
            closing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await closing
            for one in waiting:
                with pytest.raises(Unavailable, match="closed"):
                    await one
            with pytest.raises(Unavailable, match="closed"):
                await store.roll_up()

    assert left_open(work) == []


def test_a_table_is_let_go_though_nothing_comes_through(postgres, monkeypatch):
    monkeypatch.setattr(postgres_connection, "CLOSE_S_MAX", 0.3)
    name = postgres.new_database().rpartition("/")[2]
    postgres.ask("CREATE TABLE notes (id text PRIMARY KEY)", name)

    async def work():
        async with asyncio.timeout(PATIENCE_S), Proxy(postgres.port) as proxy:
            url = f"postgresql://tradewind@127.0.0.1:{proxy.port}/{name}"
            rows = PostgresRows(url, "notes", key="id", columns={"id": "text"})
            await rows.insert([{"id": "a"}])
            proxy.partition()
            await rows.close()

    assert left_open(work) == []
