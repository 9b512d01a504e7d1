"""What is asked of a cache is counted and timed; which cache is opened, the settings say."""

import asyncio

import pytest

from tradewind import bootstrap
from tradewind.adapters.cache.memory_cache import MemoryCache
from tradewind.adapters.cache.redis_cache import RedisCache
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.errors import Unavailable
from tradewind.ports.cache import Role
from tradewind.settings import load_settings


def test_hits_misses_and_times_are_counted_by_role_and_operation(tmp_path):
    metrics = CountedMetrics()
    settings = load_settings({"TRADEWIND_HOME": str(tmp_path)}, folder=tmp_path)

    async def work():
        cache = bootstrap.open_cache(Role.CACHE, settings, metrics)
        await cache.set("a", b"1")
        assert await cache.get("a") == b"1"
        assert await cache.get("none") is None
        assert await cache.mget(["a", "none", "a"]) == [b"1", None, b"1"]
        assert await cache.apply({"b{x}": b"1"}, {"b{x}": None})
        assert await cache.get_all("b*") == {"b{x}": b"1"}
        assert await cache.keys("b*") == ["b{x}"]
        await cache.ping()
        assert await cache.delete("a") == 1
        await cache.close()
        for _ in range(2):
            with pytest.raises(Unavailable):
                await cache.get("a")

    asyncio.run(work())
    assert metrics.values["cache_hits", "cache"] == [3]
    assert metrics.values["cache_misses", "cache"] == [2]
    assert metrics.values["cache_errors", "cache", "get"] == [2]
    assert metrics.total("cache_errors") == 2
    times = {key[2]: some.count for key, some in metrics.measured.items() if key[0] == "cache_latency"}
    assert times == {"get": 4, "set": 1, "delete": 1, "mget": 1, "get_all": 1, "keys": 1, "apply": 1, "ping": 1}
    assert all(some.sum > 0 for some in metrics.measured.values())


def test_each_role_has_the_server_of_its_own_setting(tmp_path):
    (tmp_path / "tradewind.toml").write_text('[servers]\nredis_state = "redis://state.example:7000/0"\n')
    given = {"TRADEWIND_HOME": str(tmp_path), "TRADEWIND_REDIS_CACHE": "rediss-cluster://a.example:1,b.example:2"}
    settings = load_settings(given, folder=tmp_path)
    state = bootstrap.open_cache(Role.STATE, settings).cache
    cache = bootstrap.open_cache(Role.CACHE, settings).cache
    assert isinstance(state, RedisCache)
    assert (state.place.url, state.role) == ("redis://state.example:7000/0", Role.STATE)
    assert (cache.place.url, cache.role) == ("rediss-cluster://a.example:1,b.example:2", Role.CACHE)
    assert set(bootstrap.services(settings)) == {"state", "cache"}


def test_without_settings_it_is_in_this_process(tmp_path):
    settings = load_settings({"TRADEWIND_HOME": str(tmp_path)}, folder=tmp_path)
    cache = bootstrap.open_cache(Role.STATE, settings).cache
    assert isinstance(cache, MemoryCache)
    assert cache.role is Role.STATE
    assert bootstrap.services(settings) == {}
