"""What every cache does: in memory, on one Redis server, and on a cluster of six."""

import asyncio
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tradewind.adapters.cache.memory_cache import MemoryCache
from tradewind.adapters.cache.redis_cache import RedisCache
from tradewind.core.domain.errors import BadInput, Refused

NODES = {"redis": "redis_server", "cluster": "redis_servers"}


def emptied(servers):
    """The place of a server or cluster with nothing in it."""
    for node in getattr(servers, "nodes", [servers]):
        node.ask("FLUSHALL")
    return servers.url


@pytest.fixture(params=["memory", *NODES])
def opened(request):
    """Runs an async function with an empty cache."""
    url = emptied(request.getfixturevalue(NODES[request.param])) if request.param in NODES else None

    def with_cache(work):
        async def run():
            cache = MemoryCache() if url is None else RedisCache(url)
            try:
                return await asyncio.wait_for(work(cache), 60)
            finally:
                await cache.close()

        return asyncio.run(run())

    return with_cache


def test_what_was_set_is_found_until_it_is_deleted(opened):
    async def work(cache):
        assert await cache.get("a") is None
        await cache.set("a", b"1")
        await cache.set("b", b"\x00\xff\r\n")
        assert await cache.get("a") == b"1"
        assert await cache.get("b") == b"\x00\xff\r\n"
        await cache.set("a", b"")
        assert await cache.get("a") == b""
        assert await cache.delete("a", "never", "a", "b") == 2
        assert await cache.mget(["a", "b"]) == [None, None]
        assert await cache.delete() == 0

    opened(work)


def test_values_come_in_the_order_of_their_keys_wherever_they_lie(opened):
    keys = [f"key:{i}" for i in range(40)]

    async def work(cache):
        for key in keys[::2]:
            await cache.set(key, key.encode())
        wanted = [*reversed(keys), keys[0]]
        return await cache.mget(wanted), [k.encode() if keys.index(k) % 2 == 0 else None for k in wanted]

    found, expected = opened(work)
    assert found == expected


def test_a_value_goes_when_its_time_is_over(opened):
    async def work(cache):
        await cache.set("short", b"1", ttl_s=0.05)
        await cache.set("long", b"1", ttl_s=600)
        await cache.set("again", b"1", ttl_s=0.05)
        await cache.set("again", b"2")
        async with asyncio.timeout(10):
            while await cache.get("short") is not None:
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.06)  # until the first time of `again` is over too: it must not count any more
        assert await cache.mget(["short", "long", "again"]) == [None, b"1", b"2"]
        assert await cache.get_all("*") == {"long": b"1", "again": b"2"}
        assert await cache.delete("short") == 0

    opened(work)


def test_all_values_of_a_pattern_are_found_and_a_star_is_all_that_is_special(opened):
    keys = ["a:1", "a:2", "b:1", "a?1", "a[1]", "a\\1", "{t}:x", "*"]

    async def work(cache):
        for key in keys:
            await cache.set(key, key.encode())
        found = {p: sorted(await cache.get_all(p)) for p in ["a:*", "*", "*:1", "a?1", "a[1]", "a\\1", "{t}*", "none*"]}
        with pytest.raises(Refused, match="more than 3"):
            await cache.get_all("*", most=3)
        return found

    assert opened(work) == {
        "a:*": ["a:1", "a:2"],
        "*": sorted(keys),
        "*:1": ["a:1", "b:1"],
        "a?1": ["a?1"],
        "a[1]": ["a[1]"],
        "a\\1": ["a\\1"],
        "{t}*": ["{t}:x"],
        "none*": [],
    }


def test_many_values_are_all_found(opened):
    made = {f"key:{i}": str(i).encode() for i in range(1_500)}

    async def work(cache):
        for start in range(0, len(made), 20):
            await asyncio.gather(*(cache.set(k, made[k]) for k in list(made)[start : start + 20]))
        return await cache.get_all("key:*")

    assert opened(work) == made


def test_changes_are_made_as_a_whole_and_only_where_what_was_expected_is_there(opened):
    one, two, three = "p:{x}:1", "p:{x}:2", "p:{x}:3"

    async def work(cache):
        assert await cache.apply({one: b"1", two: b"1"}, {one: None})
        assert not await cache.apply({one: b"9", two: b"9"}, {one: None})
        assert not await cache.apply({one: b"9", two: b"9"}, {one: b"1", two: b"2"})
        assert await cache.mget([one, two, three]) == [b"1", b"1", None]
        assert await cache.apply({one: None, two: b"2", three: b""}, {one: b"1", three: None})
        assert await cache.mget([one, two, three]) == [None, b"2", b""]
        assert await cache.apply({one: b"1"})
        assert await cache.apply({})
        assert await cache.get(one) == b"1"

    opened(work)


def test_a_reader_sees_all_of_a_change_or_nothing_of_it(opened):
    keys = [f"p:{{x}}:{i}" for i in range(5)]

    async def work(cache):
        done = False

        async def write():
            nonlocal done
            for number in range(200):
                await cache.apply(dict.fromkeys(keys, str(number).encode()))
                await asyncio.sleep(0)
            done = True

        async def read():
            seen = set()
            while not done:
                values = await cache.mget(keys)
                assert len(set(values)) == 1, values
                seen.add(values[0])
                await asyncio.sleep(0)
            return seen

        _, *seen = await asyncio.gather(write(), read(), read())
        return set.union(*seen)

    assert len(opened(work)) > 1


def test_it_says_what_holds_the_values_which_is_the_same_as_long_as_they_are_kept(opened):
    async def work(cache):
        first = await cache.ping()
        await cache.set("a", b"1")
        return first, await cache.ping(), await cache.keys("*"), await cache.keys("none*")

    first, then, keys, none = opened(work)
    assert first == then != ""
    assert (list(keys), list(none)) == (["a"], [])


def test_of_writers_who_expect_the_same_one_wins(opened):
    async def work(cache):
        await cache.set("n{c}", b"0")

        async def add(times):
            for _ in range(times):
                while True:
                    old = await cache.get("n{c}")
                    if await cache.apply({"n{c}": str(int(old) + 1).encode()}, {"n{c}": old}):
                        break
                    await asyncio.sleep(0)

        await asyncio.gather(*(add(10) for _ in range(5)))
        return await cache.get("n{c}")

    assert opened(work) == b"50"


def test_what_is_no_key_value_or_time_is_refused_and_nothing_changes(opened):
    async def work(cache):
        for key in ["", "a b", "ü", "a\n", "k" * 513, 7]:
            with pytest.raises(BadInput, match="no key"):
                await cache.get(key)
            with pytest.raises(BadInput, match="no key"):
                await cache.mget(["fine", key])
        for value in ["text", None, 1, bytearray(b"x")]:
            with pytest.raises(BadInput, match="bytes"):
                await cache.set("a", value)
        with pytest.raises(BadInput, match="too large"):
            await cache.set("a", bytes((1 << 20) + 1))
        for ttl_s in [0, -1, math.nan, math.inf]:
            with pytest.raises(BadInput, match="cannot be kept"):
                await cache.set("a", b"1", ttl_s)
        with pytest.raises(BadInput, match="as a whole"):
            await cache.apply({"a": b"1", "b": b"1"})
        with pytest.raises(BadInput, match="as a whole"):
            await cache.apply({"p:{x}": b"1"}, {"p:{y}": b"1"})
        return await cache.get_all("*")

    assert opened(work) == {}


KEYS = ["k{t}1", "k{t}2", "k{t}3"]
VALUES = st.sampled_from([None, b"", b"a", b"b"])
STEPS = st.lists(
    st.tuples(st.dictionaries(st.sampled_from(KEYS), VALUES), st.dictionaries(st.sampled_from(KEYS), VALUES)),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_a_cache_is_a_dictionary_that_changes_where_it_is_as_expected(opened, steps):
    async def work(cache):
        await cache.delete(*KEYS)
        model = {}
        for changes, expecting in steps:
            fits = all(model.get(k) == v for k, v in expecting.items())
            assert await cache.apply(changes, expecting) is (fits or not (changes or expecting))
            if fits:
                model |= changes
            assert await cache.mget(KEYS) == [model.get(k) for k in KEYS]

    opened(work)
