"""Real Redis servers that are killed, silenced, filled up and misconfigured."""

import asyncio
import hashlib
import signal
import subprocess
import sys

import pytest
from account_examples import ALICE, portfolios_over, take_risk, trade, view_of
from tests.servers.redis import RedisServer, until

from tradewind.adapters.cache.redis_cache import RedisCache
from tradewind.adapters.cache.redis_connection import RedisPlace
from tradewind.adapters.cache.redis_nodes import describe
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.ports.cache import Role
from tradewind.trading.cache_health import Health
from tradewind.trading.cache_watch import CacheWatch
from tradewind.trading.portfolio_keys import Account, read_back

ALWAYS = ("--appendfsync", "always")


@pytest.fixture
def server():
    """A server of the test's own, to be killed."""
    server = RedisServer()
    yield server.start()
    server.remove()


@pytest.fixture
def durable():
    """A server of the test's own that answers only after what it was told is on disk."""
    server = RedisServer(options=ALWAYS)
    yield server.start()
    server.remove()


def run(work, patience_s=120):
    """Run an async function, with a bound."""
    return asyncio.run(asyncio.wait_for(work, patience_s))


def test_after_a_kill_the_server_has_all_that_it_acknowledged_and_the_client_finds_it_again(durable):
    async def work():
        cache = RedisCache(durable.url)
        for number in range(200):
            await cache.set(f"k{number}", str(number).encode())
        durable.kill()
        for _ in range(3):
            with pytest.raises(Unavailable, match=rf"redis://127.0.0.1:{durable.port}/0: Redis does not answer"):
                await cache.get("k1")
        await asyncio.gather(*(cache.get("k1") for _ in range(9)), return_exceptions=True)
        durable.start()
        assert await cache.mget([f"k{n}" for n in range(200)]) == [str(n).encode() for n in range(200)]
        await cache.close()

    run(work())


def test_a_restart_between_two_calls_is_not_noticed_where_the_role_is_to_forget():
    server = RedisServer("cache")

    async def work():
        cache = RedisCache(server.url, Role.CACHE)
        for _ in range(3):
            await cache.set("a", b"a")
            assert await asyncio.gather(*(cache.get("a") for _ in range(10))) == [b"a"] * 10
            server.kill()
            server.start()
            assert await cache.mget(["a"]) == [None]
        await cache.close()

    try:
        server.start()
        run(work())
    finally:
        server.remove()


def test_state_that_was_started_again_between_two_calls_is_told_once(durable, tmp_path):
    """Else a portfolio that the server has lost would be read in an older state and taken for the newest."""

    async def work():
        store = SqliteEventStore(tmp_path / "events.db")
        cache = RedisCache(durable.url)
        portfolios = portfolios_over(cache, store)
        assert await portfolios.recover()
        await store.append([trade(1)])
        await portfolios.handle(trade(1))
        older = dict(zip(ALICE.keys, await cache.mget(ALICE.keys), strict=True))
        await store.append([trade(2)])
        await portfolios.handle(trade(2))
        before = await cache.ping()
        other = RedisCache(durable.url)
        await other.apply(older)
        await other.close()
        durable.kill()
        durable.start()
        found, source = await portfolios.read(ALICE)
        assert (found.view, source) == (view_of([trade(1), trade(2)]), "events")
        assert "started again" in portfolios.health.reason
        assert await portfolios.recover()
        assert (await portfolios.read(ALICE)) == (found, "cache")
        assert await cache.ping() != before, "who only reads sees by this that it may have less"
        await cache.close()
        await store.close()

    run(work())


def test_a_silent_server_is_given_up_on_soon_and_no_late_answer_is_taken_for_another(server):
    async def work():
        cache = RedisCache(server.url)
        await asyncio.gather(cache.set("a", b"a"), cache.set("b", b"b"))
        server.send(signal.SIGSTOP)
        loop = asyncio.get_running_loop()
        started = loop.time()
        answers = await asyncio.gather(*(cache.get("a") for _ in range(5)), return_exceptions=True)
        took = loop.time() - started
        server.send(signal.SIGCONT)
        assert [type(answer) for answer in answers] == [Unavailable] * 5
        assert took < 5, "the library's own patience"
        assert [await cache.get(key) for key in "bababab"] == [key.encode() for key in "bababab"]
        await cache.close()

    run(work())


def test_a_caller_who_gives_up_leaves_no_answer_for_the_next(server):
    async def work():
        cache = RedisCache(server.url)
        await cache.set("a", b"a")
        await cache.set("b", b"b")
        for _ in range(20):
            asking = asyncio.ensure_future(cache.get("a"))
            await asyncio.sleep(0.0002)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            assert await cache.get("b") == b"b"
        await cache.close()

    run(work())


WRITER = """
import asyncio, sys
from tradewind.adapters.cache.redis_cache import RedisCache

async def write(url, start):
    cache = RedisCache(url)
    for number in range(start, 10**9):
        await cache.apply({f"p:{{x}}:{part}": str(number).encode() * 50 for part in range(4)})
        print(number, flush=True)

asyncio.run(write(sys.argv[1], int(sys.argv[2])))
"""


@pytest.mark.parametrize(("victim", "options"), [("server", ALWAYS), ("server", ()), ("writer", ())])
def test_killed_in_the_middle_of_changes_all_keys_are_of_one_change(victim, options):
    """Several times, each a little later. What was acknowledged is there where the server flushes before it answers.

    One that flushes every second may lose the last changes when it is killed, but never a part of one.
    """
    keys = [f"p:{{x}}:{part}" for part in range(4)]
    server, last = RedisServer(options=options), 0

    async def look():
        cache = RedisCache(server.url)
        values = await cache.mget(keys)
        await cache.close()
        return values

    try:
        server.start()
        for kill in range(6):
            words = [sys.executable, "-c", WRITER, server.url, str(last + 1)]
            with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as writer:
                for _ in range(30 + 17 * kill):
                    last = int(writer.stdout.readline())
                (server if victim == "server" else writer).kill()
                last = max([last, *(int(line) for line in writer.stdout.read().split())])
            if victim == "server":
                server.start()
            values = run(look())
            assert len(set(values)) == 1, "a mix of two changes"
            found = 0 if values[0] is None else int(values[0][: len(values[0]) // 50])
            assert found <= last + 1
            assert found >= last or (victim == "server" and not options)
            last += 1
    finally:
        server.remove()


def test_a_portfolio_outlives_its_cache(server, tmp_path):
    """Killed under trades: reads go on, no new risk is taken, and what is rebuilt equals what the events say."""
    trades = [trade(i) for i in range(60)]

    async def work():
        store = SqliteEventStore(tmp_path / "events.db")
        cache = RedisCache(server.url)
        portfolios = portfolios_over(cache, store)
        assert await portfolios.recover()
        seen = []
        for number, one in enumerate(trades):
            if number == 20:
                server.kill()
            if number == 40:
                server.start()
                assert await portfolios.recover()
            await store.append([one])
            await portfolios.handle(one)
            found, source = await portfolios.read(ALICE)
            assert found.view == view_of(trades[: number + 1])
            seen.append((source, portfolios.health.ready))
        assert seen == [("cache", True)] * 20 + [("events", False)] * 20 + [("cache", True)] * 20
        assert read_back(await cache.mget(ALICE.keys)).view == view_of(trades)
        server.ask("FLUSHALL")
        assert (await portfolios.check()).remade == {ALICE: "missing"}
        assert read_back(await cache.mget(ALICE.keys)).view == view_of(trades)
        await cache.close()
        await store.close()

    run(work())


def test_a_cache_that_is_away_at_the_start_is_waited_for_and_what_it_then_holds_is_not_believed(server, tmp_path):
    async def work():
        store = SqliteEventStore(tmp_path / "events.db")
        await store.append([trade(1), trade(2)])
        other = RedisCache(server.url)
        for key in ALICE.keys:
            await other.set(key, b'{"position":9,"positions":{}}')
        await other.close()
        server.stop()
        cache = RedisCache(server.url)
        portfolios = portfolios_over(cache, store)
        assert not await portfolios.recover()
        assert (await portfolios.read(ALICE))[0].view == view_of([trade(1), trade(2)])
        assert portfolios.health.state is Health.AWAY
        server.start()
        assert await portfolios.recover()
        found, source = await portfolios.read(ALICE)
        assert (found.view, source) == (view_of([trade(1), trade(2)]), "cache")
        await cache.close()
        await store.close()

    run(work())


def test_state_refuses_what_is_new_when_it_is_full_and_a_change_is_still_all_or_nothing(server):
    server.ask("CONFIG", "SET", "maxmemory", "4mb")

    async def work():
        cache = RedisCache(server.url)
        await cache.apply({"p:{x}:1": b"old", "p:{x}:2": b"old"})
        held = 0

        async def fill():
            nonlocal held
            for _ in range(1_000):
                await cache.set(f"filling:{held}", bytes(50_000))
                held += 1

        with pytest.raises(Unavailable, match="full, and its role is to forget nothing"):
            await fill()
        with pytest.raises(Unavailable, match="full"):
            await cache.apply({"p:{x}:1": b"new", "p:{x}:2": bytes(50_000)})
        assert await cache.mget(["p:{x}:1", "p:{x}:2"]) == [b"old", b"old"]
        assert len(await cache.get_all("filling:*")) == held > 10
        await cache.delete(*(f"filling:{n}" for n in range(held)))
        await cache.apply({"p:{x}:1": b"new", "p:{x}:2": b"new"})
        await cache.close()

    run(work())


def test_cache_forgets_what_was_not_used_and_takes_what_is_new():
    server = RedisServer("cache")
    try:
        server.start()
        server.ask("CONFIG", "SET", "maxmemory", "4mb")

        async def work():
            cache = RedisCache(server.url, Role.CACHE)
            for number in range(300):
                await cache.set(f"k{number}", bytes(50_000))
            there = await cache.get_all("k*")
            assert 10 < len(there) < 100
            assert await cache.get("k299") is not None
            await cache.close()

        run(work())
    finally:
        server.remove()


@pytest.mark.parametrize(
    ("given", "role", "message"),
    [("cache", Role.STATE, "allkeys-lru, which does not fit the role 'state'"),
     ("state", Role.CACHE, "noeviction, which does not fit the role 'cache'")],
)  # fmt: skip
def test_a_server_in_the_wrong_role_is_refused_before_anything_is_written(given, role, message):
    server = RedisServer(given)
    try:
        server.start()

        async def work():
            cache = RedisCache(server.url, role)
            for _ in range(2):
                with pytest.raises(BadInput, match=message):
                    await cache.set("a", b"1")
            await cache.close()
            return server.ask("DBSIZE")

        assert run(work()) == "0"
    finally:
        server.remove()


def test_state_that_a_restart_would_lose_is_refused(server):
    server.ask("CONFIG", "SET", "appendonly", "no")

    async def work():
        cache = RedisCache(server.url)
        with pytest.raises(BadInput, match="keeps no append-only file"):
            await cache.set("a", b"1")
        server.ask("CONFIG", "SET", "appendonly", "yes")
        await cache.set("a", b"1")
        await cache.close()

    run(work())


def test_a_server_that_comes_back_with_other_settings_is_not_relied_on(server, tmp_path):
    async def work():
        store = SqliteEventStore(tmp_path / "events.db")
        cache = RedisCache(server.url)
        portfolios = portfolios_over(cache, store)
        watch = CacheWatch(portfolios)
        await watch.look()
        assert portfolios.health.ready
        server.kill()
        await watch.look()
        server.role = "cache"
        server.start()
        await watch.look()
        with pytest.raises(Unavailable, match=r"no new risk.*allkeys-lru, which does not fit"):
            take_risk(portfolios)
        await store.append([trade(1)])
        await portfolios.handle(trade(1))
        assert (await portfolios.read(ALICE))[0].view == view_of([trade(1)])
        assert server.ask("DBSIZE") == "0"
        server.stop()
        server.role = "state"
        server.start()
        await watch.look()
        assert portfolios.health.ready
        assert (await portfolios.read(ALICE))[1] == "cache"
        await cache.close()
        await store.close()

    run(work())


@pytest.mark.parametrize(
    ("setting", "wrong", "right", "told"),
    [("maxmemory-policy", "allkeys-lru", "noeviction", "does not fit the role"),
     ("appendonly", "no", "yes", "keeps no append-only file")],
)  # fmt: skip
def test_settings_that_somebody_changes_while_it_runs_are_noticed_at_the_next_look(
    server, tmp_path, setting, wrong, right, told
):
    async def work():
        store, cache = SqliteEventStore(tmp_path / "events.db"), RedisCache(server.url)
        portfolios = portfolios_over(cache, store)
        watch = CacheWatch(portfolios)
        await watch.look()
        take_risk(portfolios)
        server.ask("CONFIG", "SET", setting, wrong)
        await watch.look()
        with pytest.raises(Unavailable, match=told):
            take_risk(portfolios)
        server.ask("CONFIG", "SET", setting, right)
        await watch.look()
        take_risk(portfolios)
        await cache.close()
        await store.close()

    run(work())


def test_the_settings_of_state_are_those_that_were_decided(server):
    def setting(name):
        return server.ask("CONFIG", "GET", name).splitlines()[1]

    assert setting("save") == "60 1"
    assert setting("appendonly") == "yes"
    assert setting("appendfsync") == "everysec"
    assert setting("auto-aof-rewrite-min-size") == str(100 * 1024**2)
    assert setting("maxmemory-policy") == "noeviction"


def test_who_may_not_enter_is_told_without_the_password_being_shown(server):
    server.ask("CONFIG", "SET", "requirepass", "right")

    async def work(url):
        cache = RedisCache(url)
        try:
            return await cache.get("a")
        finally:
            await cache.close()

    with pytest.raises(BadInput, match="does not let us in") as told:
        run(work(f"redis://:wrong@127.0.0.1:{server.port}/0"))
    assert "wrong@" not in str(told.value)
    with pytest.raises(BadInput, match="no place") as told:
        RedisCache("ann:wrong@127.0.0.1:6379")
    assert "wrong@" not in str(told.value)
    with pytest.raises(BadInput, match="does not let us in"):
        run(work(server.url))
    assert run(work(f"redis://:right@127.0.0.1:{server.port}/0")) is None


def test_a_user_without_rights_of_administration_is_enough_and_everybody_else_is_kept_out(tmp_path):
    """The users of deploy/redis/compose.yaml."""
    users = tmp_path / "users.acl"
    digest = hashlib.sha256(b"right").hexdigest()
    users.write_text(f"user default off\nuser tradewind on #{digest} ~* &* +@all -@admin\n")
    server = RedisServer(options=("--aclfile", str(users)))

    async def work(who):
        cache = RedisCache(f"redis://{who}127.0.0.1:{server.port}/0")
        try:
            assert await cache.apply({"a": b"1"}, {"a": None})
            assert await cache.mget(["a"]) == [b"1"]
            assert await cache.get_all("*") == {"a": b"1"}
            assert await cache.delete("a") == 1
        finally:
            await cache.close()

    try:
        server.start(answers=False)
        run(work("tradewind:right@"))
        for who in ["", ":right@", "tradewind:wrong@", "ann:right@"]:
            with pytest.raises(BadInput, match="does not let us in"):
                run(work(who))
        assert "one server" in describe(f"redis://tradewind:right@127.0.0.1:{server.port}", Role.STATE)
    finally:
        server.remove()


@pytest.mark.parametrize(
    "url", ["", "localhost", "http://x:1", "redis://", "redis://h:port", "redis://a:1,b:2", "redis-cluster://a:1/3",
            "redis://h/x"],
)  # fmt: skip
def test_what_is_no_place_of_a_server_is_refused(url):
    with pytest.raises(BadInput, match=r"no place of a Redis server|no database"):
        RedisCache(url)


@pytest.fixture
def certificates(tmp_path):
    """An authority, and a certificate of it for server and client."""

    def openssl(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, cwd=tmp_path)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", 2,
            "-subj", "/CN=Test authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "one.key", "-out", "one.csr", "-subj", "/CN=localhost")
    (tmp_path / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("x509", "-req", "-in", "one.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "one.pem",
            "-days", 2, "-extfile", "names")  # fmt: skip
    return tmp_path


def test_over_tls_only_who_shows_a_certificate_and_trusts_the_servers_gets_in(certificates):
    ca, pem, key = (certificates / name for name in ("ca.pem", "one.pem", "one.key"))
    server = RedisServer()
    server.options = (
        "--include", str(server.configuration("tls")), "--port", "0", "--tls-port", str(server.port),
        "--tls-cert-file", str(pem), "--tls-key-file", str(key), "--tls-ca-cert-file", str(ca),
    )  # fmt: skip
    try:
        server.start(answers=False)
        url = server.url.replace("redis:", "rediss:")

        async def work(place):
            cache = RedisCache(place)
            try:
                await cache.set("a", b"1")
                return await cache.get("a")
            finally:
                await cache.close()

        assert run(work(RedisPlace(url, ca, pem, key))) == b"1"
        for wrong in [RedisPlace(server.url), RedisPlace(url), RedisPlace(url, ca), RedisPlace(url, None, pem, key)]:
            with pytest.raises(Unavailable, match="does not answer"):
                run(work(wrong))
        with pytest.raises(BadInput, match="there is no file"):
            run(work(RedisPlace(url, certificates / "none.pem")))
    finally:
        server.remove()


@pytest.mark.slow
def test_when_a_primary_of_the_cluster_is_killed_its_replica_takes_over_and_no_portfolio_is_wrong(tmp_path):
    from tests.servers.redis import RedisServers

    servers = RedisServers()
    names = [f"trader{n}" for n in range(12)]
    trades = [trade(i, names[i % 12]) for i in range(240)]
    try:
        servers.start()

        async def work():
            store = SqliteEventStore(tmp_path / "events.db")
            cache = RedisCache(servers.url)
            portfolios = portfolios_over(cache, store)
            assert await portfolios.recover()
            sources = set()
            for number, one in enumerate(trades):
                if number == 80:
                    servers.primary_of(Account("home", "paper", names[0]).keys[0]).kill()
                if number == 160:
                    async with asyncio.timeout(60):
                        while not await portfolios.recover():
                            await asyncio.sleep(0.1)
                await store.append([one])
                await portfolios.handle(one)
                account = Account("home", "paper", one.token)
                found, source = await portfolios.read(account)
                assert found.view == view_of([t for t in trades[: number + 1] if t.token == one.token])
                sources.add((number // 80, source))
            assert portfolios.health.ready
            assert {(0, "cache"), (1, "events"), (2, "cache")} <= sources
            assert (2, "events") not in sources
            assert (await portfolios.check()).remade == {}
            await cache.close()
            await store.close()

        run(work())
        until(lambda: servers.masters_alive() == 3, "three primaries are alive again")
    finally:
        servers.remove()
