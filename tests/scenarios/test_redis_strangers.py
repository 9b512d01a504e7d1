"""What somebody else has put into Redis under our keys: lists and hashes, where values should be."""

import asyncio

import pytest
from account_examples import ALICE, portfolios_over, trade, view_of

from tradewind.adapters.cache.redis_cache import RedisCache
from tradewind.adapters.event_store.sqlite_events import SqliteEventStore
from tradewind.trading.cache_watch import KEPT, CacheWatch


@pytest.fixture(params=["redis_server", "redis_servers"])
def with_cache(request):
    """Runs an async function with an empty cache, and what puts a list where a value should be."""
    servers = request.getfixturevalue(request.param)
    for node in getattr(servers, "nodes", [servers]):
        node.ask("FLUSHALL")

    def put_list(key):
        node = servers.primary_of(key) if hasattr(servers, "primary_of") else servers
        node.ask("DEL", key)
        node.ask("RPUSH", key, "1")

    def run(work):
        async def inside():
            cache = RedisCache(servers.url)
            try:
                async with asyncio.timeout(60):
                    await work(cache, put_list)
            finally:
                await cache.close()

        asyncio.run(inside())

    return run


def test_what_is_no_value_is_none_and_is_written_over(with_cache):
    async def work(cache, put_list):
        for key in ("a:{x}", "b:{x}", "c:{x}"):
            put_list(key)
        assert await cache.get("a:{x}") is None
        assert await cache.mget(["a:{x}", "b:{x}"]) == [None, None]
        assert await cache.get_all("*{x}") == {}
        assert not await cache.apply({"b:{x}": b"2"}, {"a:{x}": b"1"})
        assert await cache.apply({"a:{x}": b"1", "c:{x}": None}, {"a:{x}": None, "b:{x}": None})
        assert await cache.get_all("*{x}") == {"a:{x}": b"1"}
        await cache.set("b:{x}", b"2")
        assert await cache.mget(["a:{x}", "b:{x}", "c:{x}"]) == [b"1", b"2", None]

    with_cache(work)


def test_a_portfolio_that_somebody_has_put_a_list_in_place_of_is_made_again_and_the_cache_is_not_away(
    with_cache, tmp_path
):
    trades = [trade(1), trade(2), trade(3)]

    async def work(cache, put_list):
        store = SqliteEventStore(tmp_path / "events.db")
        try:
            portfolios = portfolios_over(cache, store)
            watch = CacheWatch(portfolios, check_s=0.0)
            await store.append(trades[:2])
            put_list(ALICE.keys[0])  # before it was ever made
            await watch.look()
            assert portfolios.health.ready
            put_list(ALICE.keys[1])
            put_list(KEPT)
            await watch.look()
            assert portfolios.health.ready
            found, source = await portfolios.read(ALICE)
            assert (found.view, source) == (view_of(trades[:2]), "cache")
            put_list(ALICE.keys[2])
            await store.append(trades[2:])
            await portfolios.handle(trades[2])
            found, source = await portfolios.read(ALICE)
            assert (found.view, source) == (view_of(trades), "cache")
            assert portfolios.health.ready
            assert portfolios.health.losses == 0
        finally:
            await store.close()

    with_cache(work)
