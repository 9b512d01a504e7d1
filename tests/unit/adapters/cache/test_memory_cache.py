"""The cache inside one process: its limit, by its role, and its clock."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def test_the_limit_is_in_bytes_too_and_what_is_replaced_counts_no_more():
    async def work():
        state = MemoryCache(Role.STATE, bytes_max=10)
        await state.apply({"a{x}": bytes(4), "b{x}": bytes(4)})
        for _ in range(5):
            await state.set("a{x}", bytes(6))
        with pytest.raises(Unavailable, match="2 values, 10 bytes"):
            await state.set("c", b"1")
        with pytest.raises(Unavailable, match="full"):
            await state.apply({"a{x}": bytes(7)}, {"b{x}": bytes(4)})
        assert await state.get("a{x}") == bytes(6)
        await state.apply({"a{x}": None})
        await state.set("c", bytes(6))
        cache = MemoryCache(Role.CACHE, bytes_max=10)
        for key in "abc":
            await cache.set(key, bytes(3))
        await cache.get("a")
        await cache.set("d", bytes(5))
        with pytest.raises(Unavailable, match="full"):
            await cache.set("e", bytes(11))
        return await cache.keys("*")

    assert sorted(run(work())) == ["a", "d"]


def test_times_that_were_replaced_are_neither_kept_nor_count():
    """A value that is set again and again with a time to live leaves one entry, and goes by its last time alone."""

    async def work():
        now = 0.0
        cache = MemoryCache(Role.STATE, values_max=2, clock=lambda: now)
        for ttl_s in range(1, 200):
            await cache.set("again", b"1", ttl_s=ttl_s)
        await cache.set("for", b"1")
        assert len(cache._ends) <= 5
        now = 150.0
        with pytest.raises(Unavailable, match="full"):
            await cache.set("new", b"1")
        now = 200.0
        await cache.set("new", b"1")
        return await cache.keys("*")

    assert sorted(run(work())) == ["for", "new"]


@settings(max_examples=60, deadline=None)
@given(
    role=st.sampled_from(list(Role)),
    steps=st.lists(
        st.tuples(st.sampled_from("abcd"), st.integers(0, 6), st.sampled_from([None, 1.0, 3.0]), st.booleans()),
        max_size=40,
    ),
)
def test_however_it_is_filled_it_stays_within_its_limits_and_says_what_it_holds(role, steps):
    async def work():
        now = 0.0
        cache = MemoryCache(role, values_max=3, bytes_max=12, clock=lambda: now)
        for key, size, ttl_s, deleted in steps:
            now += 0.5
            with suppress(Unavailable):
                await (cache.delete(key) if deleted else cache.set(key, bytes(size), ttl_s))
            there = await cache.get_all("*")
            assert len(there) <= 3
            assert cache._bytes == sum(len(value) for value, _ in cache._values.values()) <= 12
            assert deleted or role is Role.STATE or key in there

    run(work())
