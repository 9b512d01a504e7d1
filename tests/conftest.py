"""A Tradewind of their own for tests that use the command line: a home with markets in it, and compiled code shared."""

from __future__ import annotations

import gc
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from deploy.kafka.brokers import Brokers
from tests.servers.kafka import kafka_brokers
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer, RedisServers
from tests.servers.timescale import timescale_server

from tradewind.settings import SETTINGS

HOME_VARIABLES = ("TRADEWIND_HOME", "TRADEWIND_CONFIG", *(setting.variable for setting in SETTINGS))


@dataclass(frozen=True)
class Answer:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """The error document on stderr, after whatever notes there are."""
        start = self.err.index('{\n  "error"')
        return json.loads(self.err[start:])["error"]  # type: ignore[no-any-return]


Ask = Callable[..., Answer]


@pytest.fixture(scope="session")
def old_objects_are_out_of_the_way() -> None:
    """What stood there before the first test is not looked at again and again."""
    gc.freeze()


@pytest.fixture(autouse=True)
def _what_is_left_open_is_told_here(
    request: pytest.FixtureRequest, old_objects_are_out_of_the_way: None
) -> Iterator[None]:
    """A connection that a test forgot to close fails this test, not whichever runs when its memory is collected."""
    yield
    if "asyncio" in vars(request.module):
        gc.collect()


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of compiled code, one for the whole test run: a kernel is found again by what it is made of."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "kernels"


@pytest.fixture(scope="session")
def markets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue with three made-up hourly markets, two perpetual with funding and one spot."""
    from tradewind.adapters.market_data.parquet_catalogue import ParquetCatalogue
    from tradewind.core.domain.synthetic import SyntheticMarket
    from tradewind.operations.data_making import generate_data

    folder = tmp_path_factory.mktemp("markets") / "data"
    made = SyntheticMarket(("BTC/USDT:USDT", "ETH/USDT:USDT", "BTC/USDT"), "1h", bars=1_500, seed=5)
    generate_data(made, catalogue=ParquetCatalogue(folder), now_ns=0)
    return folder


@pytest.fixture
def home(tmp_path: Path, markets: Path, kernels: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of this test's own with the markets in it; the working folder is beside it."""
    for name in HOME_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(markets, tmp_path / "home" / "data")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TRADEWIND_CACHE", str(kernels))
    return tmp_path / "home"


@pytest.fixture
def ask(home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Runs a command as a program would, in this process; nobody is there to answer a question."""
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def command(*words: object) -> Answer:
        from tradewind.interfaces.cli.main import main

        capfd.readouterr()
        code = main([str(word) for word in words])
        return Answer(code, *capfd.readouterr())

    return command


def _made_postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    try:
        yield server.make()
    finally:
        server.remove()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server that the tests of a process share; each makes a database of its own."""
    yield from _made_postgres()


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test's own, which it may stop."""
    yield from _made_postgres()


@pytest.fixture(scope="session")
def timescale() -> Iterator[PostgresServer]:
    """A PostgreSQL server with TimescaleDB."""
    server = timescale_server()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis server in the role of state that the tests of a process share; each empties it first."""
    server = RedisServer()
    try:
        yield server.start()
    finally:
        server.remove()


@pytest.fixture(scope="session")
def redis_servers() -> Iterator[RedisServers]:
    """A Redis Cluster of six that the tests of a process share; each empties it first."""
    servers = RedisServers()
    try:
        yield servers.start()
    finally:
        servers.remove()


@pytest.fixture(scope="session")
def kafka() -> Iterator[Brokers]:
    """One Kafka broker that the tests of a process share; each has topics under a prefix of its own."""
    brokers = kafka_brokers()
    yield brokers
    brokers.remove()
