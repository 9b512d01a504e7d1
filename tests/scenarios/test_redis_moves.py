"""A real cluster whose leaders change and whose slots move while portfolios are read and written."""

import asyncio

import pytest
from account_examples import ALICE, portfolios_over, trade, view_of
from tests.servers.redis import RedisServers, until

from tradewind.adapters.cache.redis_cache import RedisCache
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.core.domain.errors import Unavailable
from tradewind.trading.cache_watch import CacheWatch
from tradewind.trading.portfolio_keys import Account

NAMES = ["alice", *(f"trader{n}" for n in range(11))]


@pytest.fixture(scope="module")
def servers():
    """A cluster of six of this file's own: who leads in it changes."""
    servers = RedisServers()
    try:
        yield servers.start()
    finally:
        servers.remove()


@pytest.fixture
def with_cluster(servers, tmp_path):
    """Runs an async function with portfolios of twelve accounts in the cluster, and their trades by account."""

    def run(work):
        async def inside():
            store, cache = SqliteEventStore(tmp_path / "events.db"), RedisCache(servers.url)
            portfolios = portfolios_over(cache, store)
            trades = {name: [trade(10 * n, name)] for n, name in enumerate(NAMES)}
            await store.append([one for some in trades.values() for one in some])
            try:
                async with asyncio.timeout(30):
                    while not await portfolios.recover():
                        await asyncio.sleep(0.1)
                await work(servers, portfolios, trades)
            finally:
                await cache.close()
                await store.close()

        asyncio.run(asyncio.wait_for(inside(), 120))

    return run


def node_id(node):
    return node.ask("CLUSTER", "MYID")


@pytest.mark.slow
def test_a_leader_that_was_replaced_without_a_lost_connection_is_noticed_at_the_next_look(with_cluster):
    """The old one lives on as a replica and sends everybody to the new one, who may have less than was acknowledged."""

    async def work(servers, portfolios, trades):
        watch = CacheWatch(portfolios)
        older = dict(zip(ALICE.keys, await portfolios.cache.mget(ALICE.keys), strict=True))
        trades["alice"].append(trade(1))
        await portfolios.store.append(trades["alice"][1:])
        await portfolios.handle(trades["alice"][1])
        await watch.look()
        assert portfolios.health.ready

        leader = servers.primary_of(ALICE.keys[0])
        followers = [n for n in servers.nodes if _leader_of(n) == node_id(leader)]
        followers[0].ask("CLUSTER", "FAILOVER", "TAKEOVER")
        until(lambda: leader.ask("ROLE").startswith("slave"), "the old leader follows")
        until(lambda: all(servers.knows_itself_well(node) for node in servers.nodes), "all know who leads")
        other = RedisCache(servers.url)
        await other.apply(older)  # as though the last write had not reached it
        await other.close()

        await watch.look()
        assert not portfolios.health.ready
        assert (await portfolios.read(ALICE))[0].view == view_of(trades["alice"])
        await watch.look()
        found, source = await portfolios.read(ALICE)
        assert (found.view, source) == (view_of(trades["alice"]), "cache")

    with_cluster(work)


def _leader_of(node):
    mine = next(line.split() for line in node.ask("CLUSTER", "NODES").splitlines() if "myself" in line)
    return mine[3]


async def misses_nothing(cache, all_keys, passes):
    """Looked for while a key moves from a node that was not looked through yet to one that was: the first look has not

    seen it. Where no slot moves there is no second one.
    """
    scan, made = cache._client.scan_iter, 0

    async def looked_through(**words):
        nonlocal made
        made += 1
        async for key in scan(**words):
            if passes == 1 or made > 1 or key.decode() != ALICE.keys[0]:
                yield key

    cache._client.scan_iter = looked_through
    try:
        assert set(await cache.keys("portfolio:{*")) == all_keys
    finally:
        cache._client.scan_iter = scan
    assert made == passes


@pytest.mark.slow
def test_while_a_slot_moves_no_key_is_missed_and_no_portfolio_is_mixed(with_cluster):
    async def work(servers, portfolios, trades):
        slot = int(servers.nodes[0].ask("CLUSTER", "KEYSLOT", ALICE.keys[0]))
        source = servers.primary_of(ALICE.keys[0])
        target = next(n for n in servers.nodes if n is not source and n.ask("ROLE").startswith("master"))
        number, all_keys = 0, {key for name in NAMES for key in Account("home", "paper", name).keys}

        async def look():
            nonlocal number
            number += 1
            some = trades["alice"]
            some.append(trade(500 + number))
            await portfolios.store.append(some[-1:])
            await portfolios.handle(some[-1])
            for name in NAMES[:3]:
                found, _ = await portfolios.read(Account("home", "paper", name))
                assert found.view == view_of(trades[name])
            assert set(await portfolios.cache.keys("portfolio:{*")) == all_keys

        watch = CacheWatch(portfolios, look_s=0.001)
        await look()
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", node_id(source))
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", node_id(target))
        await look()
        await misses_nothing(portfolios.cache, all_keys, passes=2)
        for key in ALICE.keys:
            assert source.ask("MIGRATE", "127.0.0.1", target.port, key, 0, 5_000) == "OK"
            assert set(await portfolios.cache.keys("portfolio:{*")) == all_keys
            found, _ = await portfolios.read(ALICE)
            assert found.view == view_of(trades["alice"])
        await look()
        for node in (target, source, *servers.nodes):
            if node.ask("ROLE").startswith("master"):
                node.ask("CLUSTER", "SETSLOT", slot, "NODE", node_id(target))
        async with asyncio.timeout(60):
            while not portfolios.health.ready:
                await watch.look()
                await asyncio.sleep(0.05)
        await look()
        assert (await portfolios.read(ALICE))[1] == "cache"
        assert (await portfolios.check()).remade == {}
        assert servers.primary_of(ALICE.keys[0]) is target
        await misses_nothing(portfolios.cache, all_keys, passes=1)

    with_cluster(work)


@pytest.mark.slow
def test_whoever_takes_over_in_the_middle_of_changes_has_whole_ones(servers):
    """The last ones may be lost, though they were acknowledged; of none there is a part."""
    keys = [f"p:{{mixed}}:{part}" for part in range(3)]

    async def values():
        async with asyncio.timeout(60):
            while True:
                cache = RedisCache(servers.url)
                try:
                    return await cache.mget(keys)
                except Unavailable:
                    await asyncio.sleep(0.05)
                finally:
                    await cache.close()

    async def written(cache, acknowledged, enough):
        for number in range(10**9):
            await cache.apply(dict.fromkeys(keys, str(number).encode() * 200))
            acknowledged.append(number)
            if len(acknowledged) == 60:
                enough.set()

    async def work():
        for _ in range(2):
            until(lambda: all(servers.knows_itself_well(node) for node in servers.nodes), "the cluster is whole")
            cache, acknowledged, enough = RedisCache(servers.url), [], asyncio.Event()
            writing = asyncio.create_task(written(cache, acknowledged, enough))
            await enough.wait()
            victim = servers.primary_of(keys[0])
            await asyncio.to_thread(victim.kill)
            with pytest.raises(Unavailable):
                await writing
            await cache.close()
            found = await values()
            assert len(set(found)) == 1, "a mix of two changes"
            assert found[0] is not None
            assert int(found[0][: len(found[0]) // 200]) <= acknowledged[-1] + 1
            await asyncio.to_thread(victim.start)

    asyncio.run(asyncio.wait_for(work(), 240))
