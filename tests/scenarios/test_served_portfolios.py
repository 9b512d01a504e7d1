"""`tradewind serve portfolios nodes` over a real Redis that is killed, and is killed itself."""

import asyncio
import re
import urllib.request

import pytest
from account_examples import ALICE, trade, view_of
from serving_processes import Serve, stored
from tests.servers.redis import RedisServer, until

from tradewind import bootstrap
from tradewind.adapters.cache.redis_cache import RedisCache
from tradewind.core.domain.errors import TradewindError
from tradewind.trading.portfolio_keys import read_back


@pytest.fixture
def server(home, monkeypatch):
    """A Redis of the test's own, which the settings name."""
    server = RedisServer(options=("--appendfsync", "always"))
    monkeypatch.setenv("TRADEWIND_REDIS_STATE", server.url)
    yield server.start()
    server.remove()


@pytest.fixture
def serving():
    """Starts `serve`; whatever is left of it at the end is killed."""
    begun = []

    def start(*words):
        begun.append(Serve(*words))
        return begun[-1]

    yield start
    for one in begun:
        one.kill()


def publish(events):
    """As another process does: into the store that both have."""

    async def work():
        store = bootstrap.open_event_store()
        await store.append(events)
        await store.close()

    asyncio.run(work())


def in_the_cache(server, events):
    """Whether Redis has what these events come to."""

    async def work():
        cache = RedisCache(server.url)
        try:
            return read_back(await cache.mget(ALICE.keys))
        except TradewindError:
            return None
        finally:
            await cache.close()

    found = asyncio.run(work())
    return found is not None and found.view == view_of(events)


def states():
    """What was told of the cache."""
    return [event.data.state for event in stored("service.changed") if event.data.service == "cache"]


def gauges(serve):
    """What the page of metrics says of Redis, and of the cache."""
    said = next(line for line in serve.lines if "metrics: http" in line)
    page = urllib.request.urlopen(re.search(r"http://\S+", said)[0], timeout=30).read().decode()
    return dict(re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", page, re.MULTILINE))


def test_services_begin_without_the_cache_say_so_and_use_it_once_it_is_there(server, serving):
    server.kill()
    publish([trade(1)])
    serving("portfolios", "nodes", "snapshots").says("is waited for", "portfolios: started", "snapshots: started")
    until(lambda: states() == ["impaired"], "it is told that there is no cache", 120)
    until(lambda: stored("portfolio.snapshot"), "what does not need it is at work", 120)
    server.start()
    until(lambda: states() == ["impaired", "recovered"], "it is told that there is one", 120)
    until(lambda: in_the_cache(server, [trade(1)]), "what was there before is in it", 120)


def test_a_cache_in_the_wrong_role_is_not_waited_for(ask, server):
    server.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    answer = ask("serve", "portfolios", "--until-idle")
    assert (answer.code, answer.out) == (3, "")
    assert "does not fit the role 'state'" in answer.err


def test_portfolios_outlive_the_cache_and_whoever_keeps_them(server, serving):
    trades = [trade(i) for i in range(12)]
    serve = serving("portfolios", "nodes", "--metrics-port", "0").says("portfolios: started", "nodes: started")
    until(lambda: states() == ["started"], "it is ready", 120)
    publish(trades[:3])
    until(lambda: in_the_cache(server, trades[:3]), "the cache has the first trades", 120)
    said = gauges(serve)
    up = [name for name in said if name.startswith("redis_cluster_node_up")]
    assert len(up) == 1
    assert 'role="primary"' in up[0]
    assert float(said[up[0]]) == 1
    assert float(said["cache_ready"]) == 1
    for name in ("cache_hits", "cache_misses", "cache_latency_count", "redis_cluster_memory_bytes"):
        assert any(found.startswith(name) and float(value) > 0 for found, value in said.items()), name

    server.kill()
    until(lambda: states() == ["started", "impaired"], "it is told that the cache is away", 120)
    assert float(gauges(serve)["cache_ready"]) == 0
    publish(trades[3:6])
    server.start()
    until(lambda: states() == ["started", "impaired", "recovered"], "it is told that it is back", 120)
    until(lambda: in_the_cache(server, trades[:6]), "what came meanwhile is there", 120)

    assert serve.kill()
    publish(trades[6:9])
    server.ask("SET", ALICE.keys[1], "{}")
    again = serving("portfolios").says("portfolios: started")
    until(lambda: in_the_cache(server, trades[:9]), "what it finds it makes right", 120)
    publish(trades[9:])
    until(lambda: in_the_cache(server, trades), "and goes on", 120)
    assert again.kill()
