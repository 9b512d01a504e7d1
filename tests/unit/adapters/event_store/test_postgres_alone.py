"""Roles over one database: one process has each, wherever it runs, and gets it back when the server was away."""

import asyncio
import signal
from contextlib import asynccontextmanager

import asyncpg
import pytest
from tests.servers.left_open import left_open
from tests.servers.proxy import Proxy

from tradewind.adapters.event_store import postgres_alone
from tradewind.adapters.event_store.postgres_alone import HOLDER, LOCKS, TAKE, key_of, served_alone_at
from tradewind.core.domain.errors import BadInput

PATIENCE_S = 60


def nothing():
    """Nobody is told."""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(postgres_alone, "WAIT_MS_MAX", 300)
    monkeypatch.setattr(postgres_alone, "AGAIN_S", 0.05)


def test_a_role_that_another_process_has_is_refused_and_who_has_it_is_said(postgres):
    url = postgres.new_database()

    async def work():
        async with asyncio.timeout(PATIENCE_S), served_alone_at(url, ("candles", "quality"), "one-1", nothing):
            async with served_alone_at(url, ("reports",), "two-2", nothing):
                pass
            with pytest.raises(BadInput, match="another process serves as quality already") as told:
                async with served_alone_at(url, ("reports", "quality"), "two-2", nothing):
                    pytest.fail("it was let in")
            assert "by tradewind one-1 at 127.0.0.1" in str(told.value.where)
            async with served_alone_at(url, ("reports",), "three-3", nothing):
                """What was taken before the refusal was given back."""

    assert left_open(work) == []


def test_a_role_is_free_again_when_its_process_has_ended_and_in_another_database_all_along(postgres):
    one, other = postgres.new_database(), postgres.new_database()

    async def work():
        async with asyncio.timeout(PATIENCE_S):
            for member in ("one-1", "two-2", "three-3"):
                async with (
                    served_alone_at(one, ("candles",), member, nothing),
                    served_alone_at(other, ("candles",), "else-9", nothing),
                ):
                    pass

    asyncio.run(work())


def test_a_role_is_taken_again_after_the_server_was_away(own_server):
    async def work():
        lost = asyncio.Event()
        async with asyncio.timeout(PATIENCE_S):
            async with served_alone_at(own_server.url(), ("candles",), "one-1", lost.set):
                await asyncio.to_thread(own_server.stop, signal.SIGQUIT)
                await asyncio.to_thread(own_server.start)
                await held(own_server.url(), by="tradewind one-1")
            assert not lost.is_set()

    asyncio.run(work())


def test_a_session_that_is_silent_is_given_up_and_the_role_taken_again_when_the_network_heals(postgres, monkeypatch):
    monkeypatch.setattr(postgres_alone, "BEAT_S", 0.3)
    name, ended = postgres.new_database().rpartition("/")[2], postgres_alone._ended
    there = postgres.url(name)

    async def work():
        given_up, lost = asyncio.Event(), asyncio.Event()

        async def noted(connection):
            await ended(connection)
            given_up.set()

        monkeypatch.setattr(postgres_alone, "_ended", noted)
        async with asyncio.timeout(PATIENCE_S), Proxy(postgres.port) as proxy, connected(there, "looks") as looks:
            url = f"postgresql://tradewind@127.0.0.1:{proxy.port}/{name}"
            async with served_alone_at(url, ("candles",), "one-1", lost.set):
                while (first := await looks.fetchrow(HOLDER, LOCKS, key_of("candles"))) is None:
                    await asyncio.sleep(0)
                proxy.partition()
                await given_up.wait()
                proxy.heal()
                while (await looks.fetchrow(HOLDER, LOCKS, key_of("candles")) or first)["pid"] == first["pid"]:
                    await asyncio.sleep(0)
                await held(there, by="tradewind one-1")
                assert not lost.is_set()

    asyncio.run(work())


def test_who_loses_a_role_to_another_is_told_and_ends(postgres):
    url = postgres.new_database()

    async def work():
        lost = asyncio.Event()
        async with asyncio.timeout(PATIENCE_S), connected(url, "faster") as faster, connected(url, "ends") as ends:
            with pytest.raises(BadInput, match="another process serves as candles already"):  # noqa: PT012 - at its end
                async with served_alone_at(url, ("candles",), "one-1", lost.set):
                    waiting = asyncio.create_task(faster.execute(TAKE, LOCKS, key_of("candles")))
                    while not await ends.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                        await asyncio.sleep(0)
                    pid = (await ends.fetchrow(HOLDER, LOCKS, key_of("candles")))["pid"]
                    await ends.execute("SELECT pg_terminate_backend($1)", pid)
                    await waiting
                    await lost.wait()

    asyncio.run(work())


def test_a_session_of_its_own_that_the_server_has_not_given_up_yet_is_ended(postgres):
    url = postgres.new_database()

    async def work():
        async with asyncio.timeout(PATIENCE_S), connected(url, "tradewind one-1") as left:
            await left.execute(TAKE, LOCKS, key_of("candles"))
            async with served_alone_at(url, ("candles",), "one-1", nothing):
                while not left.is_closed():
                    await asyncio.sleep(0)

    asyncio.run(work())


def test_a_server_that_is_away_at_the_beginning_is_waited_for(own_server):
    own_server.stop()

    async def work():
        async with asyncio.timeout(PATIENCE_S), served_alone_at(own_server.url(), ("candles",), "one-1", nothing):
            await asyncio.to_thread(own_server.start)
            await held(own_server.url(), by="tradewind one-1")

    asyncio.run(work())


@asynccontextmanager
async def connected(url, name):
    connection = await asyncpg.connect(url, server_settings={"application_name": name})
    try:
        yield connection
    finally:
        await connection.close()


async def held(url, *, by):
    """Wait until somebody has the role."""
    async with connected(url, "looks") as looks:
        while True:
            holder = await looks.fetchrow(HOLDER, LOCKS, key_of("candles"))
            if holder is not None:
                assert holder["name"] == by
                return
            await asyncio.sleep(0)


def test_a_second_machine_over_one_database_is_refused_with_the_name_of_the_first(postgres, ask, monkeypatch):
    url = postgres.new_database()
    monkeypatch.setenv("TRADEWIND_POSTGRES", url)
    with asyncio.Runner() as first:
        other = served_alone_at(url, ("candles",), "db-host-7", nothing)
        first.run(_entered(other))
        refused = ask("serve", "quality", "candles", "--until-idle")
        first.run(_left(other))
    assert refused.code == 3
    assert "another process serves as candles already" in refused.err
    assert "by tradewind db-host-7 at 127.0.0.1" in refused.err
    assert "TRADEWIND_KAFKA" in refused.err
    assert ask("serve", "quality", "candles", "--until-idle").code == 0


async def _entered(context):
    await context.__aenter__()


async def _left(context):
    await context.__aexit__(None, None, None)
