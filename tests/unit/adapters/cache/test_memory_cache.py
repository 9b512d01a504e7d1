"""The cache inside one process: its limit, by its role, and its clock."""

import asyncio

import pytest

from tradewind.adapters.cache.memory_cache import MemoryCache
from tradewind.core.domain.errors import Unavailable
from tradewind.ports.cache import Role


def run(work):
    return asyncio.run(work)


def test_a_full_cache_forgets_what_was_not_used_for_longest():
    async def work():
        cache = MemoryCache(Role.CACHE, values_max=3)
        for key in "abc":
            await cache.set(key, key.encode())
        await cache.get("a")
        await cache.set("d", b"d")
        assert await cache.get_all("*") == {"a": b"a", "c": b"c", "d": b"d"}
        await cache.apply({"a{x}": b"1", "b{x}": b"1"})
        return set(await cache.get_all("*"))

    assert run(work()) == {"d", "a{x}", "b{x}"}


def test_full_state_refuses_what_is_new_and_takes_what_is_changed():
    async def work():
        cache = MemoryCache(Role.STATE, values_max=2)
        await cache.apply({"a{x}": b"1", "b{x}": b"1"})
        with pytest.raises(Unavailable, match="the cache is full: it holds 2 values"):
            await cache.set("c", b"1")
        with pytest.raises(Unavailable, match="full"):
            await cache.apply({"a{x}": b"2", "c{x}": b"2"})
        assert await cache.get_all("*") == {"a{x}": b"1", "b{x}": b"1"}
        await cache.set("a{x}", b"3")
        await cache.delete("b{x}")
        await cache.set("c", b"1")
        return await cache.get_all("*")

    assert run(work()) == {"a{x}": b"3", "c": b"1"}


def test_what_is_over_makes_room_before_anything_else_goes_or_is_refused():
    async def work(role):
        now = 0.0
        cache = MemoryCache(role, values_max=2, clock=lambda: now)
        await cache.set("kept", b"1")
        await cache.set("over", b"1", ttl_s=5)
        now = 4.999
        assert await cache.get("over") == b"1"
        now = 5.0
        await cache.set("new", b"1")
        return set(await cache.get_all("*"))

    assert run(work(Role.STATE)) == run(work(Role.CACHE)) == {"kept", "new"}


def test_even_a_cache_cannot_hold_more_than_its_limit_at_once():
    async def work():
        cache = MemoryCache(Role.CACHE, values_max=2)
        await cache.set("old", b"1")
        with pytest.raises(Unavailable, match="full"):
            await cache.apply({f"{n}{{x}}": b"1" for n in range(3)})
        return await cache.get_all("*")

    assert run(work()) == {"old": b"1"}


def test_a_closed_cache_answers_nobody():
    async def work():
        cache = MemoryCache()
        await cache.close()
        with pytest.raises(Unavailable, match="closed"):
            await cache.get("a")

    run(work())
