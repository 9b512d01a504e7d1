"""The nodes of a real cluster are seen as they are: who lives, who leads, who follows, and how soon."""

import asyncio
import math
import re
import time

import pytest
from tests.servers.redis import RedisServer, RedisServers, until

from tradewind.adapters.cache import redis_nodes
from tradewind.adapters.cache.redis_cache import RedisCache
from tradewind.adapters.cache.redis_connection import RedisPlace
from tradewind.adapters.cache.redis_nodes import RedisNodes, describe, nodes_of
from tradewind.adapters.telemetry.counted_metrics import CountedMetrics
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.ports.cache import Role


def run(work):
    """Run an async function, with a bound."""
    return asyncio.run(asyncio.wait_for(work, 90))


def gauge(metrics, name, *labels):
    """Where a gauge stands."""
    return metrics.values[name, *labels][0]


def test_to_look_at_a_cluster_again_and_again_opens_no_connection_again(redis_servers):
    """Else every second all of them would be begun anew, over TLS too, and reads would wait for it."""

    def opened():
        stats = [node.ask("INFO", "stats") for node in redis_servers.nodes]
        return [int(re.search(r"total_connections_received:(\d+)", one)[1]) for one in stats]

    async def work():
        cache = RedisCache(redis_servers.url)
        await cache.ping()
        await cache.mget([f"k{n}" for n in range(30)])
        before = await asyncio.to_thread(opened)
        for _ in range(25):
            await cache.ping()
            await cache.mget([f"k{n}" for n in range(30)])
        after = await asyncio.to_thread(opened)
        await cache.close()
        return [there - then for there, then in zip(after, before, strict=True)]

    assert max(run(work())) <= 3, "that of who asks here is one of them"


def test_six_nodes_share_all_slots_and_each_primary_is_followed(redis_servers):
    nodes = run(nodes_of(RedisPlace(redis_servers.url)))
    assert sorted(node.name for node in nodes) == sorted(f"127.0.0.1:{n.port}" for n in redis_servers.nodes)
    assert sorted(node.role for node in nodes) == ["primary"] * 3 + ["replica"] * 3
    assert all(node.up and node.memory_bytes > 500_000 for node in nodes)
    assert all((node.lag_bytes is None) == (node.role == "primary") for node in nodes)
    spans = {
        tuple(map(int, word.split("-")))
        for line in redis_servers.nodes[0].ask("CLUSTER", "NODES").splitlines()
        for word in line.split()[8:]
    }
    assert spans == {(0, 5460), (5461, 10922), (10923, 16383)}


def test_replicas_have_what_was_written_within_100_ms_under_load(redis_servers):
    async def load():
        cache = RedisCache(redis_servers.url)
        for start in range(0, 2_000, 50):
            await asyncio.gather(*(cache.set(f"k{n}", bytes(1_000)) for n in range(start, start + 20)))
        await cache.close()

    within = 0
    for _ in range(3):
        run(load())
        primaries = [node for node in redis_servers.nodes if node.ask("ROLE").startswith("master")]
        within += all(node.ask("WAIT", 1, 100) == "1" for node in primaries)
    assert len(primaries) == 3
    assert within >= 1


def test_one_server_is_seen_too(redis_server):
    (node,) = run(nodes_of(RedisPlace(redis_server.url)))
    assert (node.role, node.up, node.lag_bytes) == ("primary", True, None)
    assert str(redis_server.port) in node.name


def test_a_server_that_nobody_answers_at_is_unavailable_and_its_gauge_falls_to_0():
    server = RedisServer()
    try:
        server.start()
        metrics = CountedMetrics()
        nodes = RedisNodes([server.url], metrics)
        (seen,) = run(nodes.look())
        assert gauge(metrics, "redis_cluster_node_up", seen.name, "primary") == 1
        assert gauge(metrics, "redis_cluster_memory_bytes", seen.name) == seen.memory_bytes
        server.kill()
        with pytest.raises(Unavailable, match="answer"):
            run(nodes.look())
        assert gauge(metrics, "redis_cluster_node_up", seen.name, "primary") == 0
        assert gauge(metrics, "redis_cluster_memory_bytes", seen.name) == 0
        server.start()
        server.ask("CONFIG", "SET", "requirepass", "changed")
        with pytest.raises(BadInput, match="does not let us in"):
            run(nodes.look())
        assert gauge(metrics, "redis_cluster_node_up", seen.name, "primary") == 0, "not its last good figure"
    finally:
        server.remove()


def test_one_place_that_is_away_does_not_hide_the_other(redis_server):
    other = RedisServer()
    try:
        other.start()
        metrics = CountedMetrics()
        nodes = RedisNodes([other.url, redis_server.url], metrics)
        gone, there = run(nodes.look())
        other.kill()
        with pytest.raises(Unavailable, match=str(other.port)):
            run(nodes.look())
        assert gauge(metrics, "redis_cluster_node_up", gone.name, "primary") == 0
        assert gauge(metrics, "redis_cluster_node_up", there.name, "primary") == 1
    finally:
        other.remove()


def test_looking_goes_on_while_nobody_answers_and_ends_when_told(redis_server, caplog):
    async def work():
        metrics = CountedMetrics()
        nodes = RedisNodes([redis_server.url], metrics, look_s=0.001)
        looks = 0
        look = nodes.look

        async def counted():
            nonlocal looks
            looks += 1
            if looks == 6:
                nodes.stop()
            if looks in {2, 3, 4}:
                raise (BadInput if looks == 4 else Unavailable)("for once")
            return await look()

        nodes.look = counted
        await nodes.run()
        return looks, metrics

    looks, metrics = run(work())
    assert looks == 6
    assert metrics.total("redis_cluster_node_up") == 1
    assert [record.getMessage() for record in caplog.records] == ["the nodes cannot be looked at: for once"], (
        "said once"
    )


@pytest.mark.parametrize(("loading", "up"), [(0, True), ("0", True), (1, False), ("1", False)])
def test_a_node_that_still_reads_its_file_is_not_up(loading, up):
    info = {"role": "master", "loading": loading, "used_memory": 5}
    assert redis_nodes._node("a:1", info).up is up


def test_how_far_a_replica_is_behind_is_not_known_when_nobody_says_so(redis_servers, monkeypatch):
    metrics = CountedMetrics()
    nodes = RedisNodes([redis_servers.url], metrics)
    replica = next(node.name for node in run(nodes.look()) if node.role == "replica")
    assert gauge(metrics, "redis_replication_lag_bytes", replica) >= 0

    async def nobody(_place):
        raise Unavailable("nobody answers")

    monkeypatch.setattr(redis_nodes, "nodes_of", nobody)
    with pytest.raises(Unavailable):
        run(nodes.look())
    assert math.isnan(gauge(metrics, "redis_replication_lag_bytes", replica))
    assert gauge(metrics, "redis_cluster_memory_bytes", replica) == 0


@pytest.mark.slow
def test_a_dead_primary_stands_as_0_and_its_replica_is_seen_to_lead():
    servers = RedisServers()
    try:
        servers.start()
        metrics = CountedMetrics()
        nodes = RedisNodes([servers.url], metrics)
        run(nodes.look())
        victim = servers.primary_of("somewhere")
        name = f"127.0.0.1:{victim.port}"
        assert gauge(metrics, "redis_cluster_node_up", name, "primary") == 1
        victim.kill()
        until(lambda: servers.masters_alive() == 3, "a replica takes over")
        run(nodes.look())
        assert gauge(metrics, "redis_cluster_node_up", name, "primary") == 0
        up = [key for key, (value,) in metrics.values.items() if key[0] == "redis_cluster_node_up" and value == 1]
        assert sorted(role for _, _, role in up) == ["primary"] * 3 + ["replica"] * 2
        with pytest.raises(Unavailable, match=rf"1 of 6 nodes are down: {name}"):
            describe(servers.url, Role.STATE)
    finally:
        servers.remove()


def test_a_server_says_what_it_is_and_what_does_not_fit(redis_server, redis_servers):
    said = describe(redis_server.url, Role.STATE)
    assert re.fullmatch(rf"redis://127.0.0.1:{redis_server.port}/0, one server, in the role of state; .* \d+ ms", said)
    assert "3 primaries, 3 replicas, in the role of state" in describe(redis_servers.url, Role.STATE)
    with pytest.raises(BadInput, match="does not fit the role 'cache'"):
        describe(redis_server.url, Role.CACHE)


def test_the_doctor_and_the_settings_know_the_servers(ask, redis_server, monkeypatch):
    monkeypatch.setenv("TRADEWIND_REDIS_STATE", redis_server.url)
    monkeypatch.setenv("TRADEWIND_REDIS_CACHE", f"redis://:hush@127.0.0.1:{redis_server.port}/0")
    checks = {check["name"]: check for check in ask("doctor", "--json").document["checks"]}
    assert checks["state"]["state"] == "fine"
    assert checks["state"]["found"].startswith(redis_server.url)
    assert checks["cache"]["state"] == "failed"
    assert "hush" not in str(checks)


def test_files_for_tls_stand_in_the_place(tmp_path):
    ca = tmp_path / "ca.pem"
    place = RedisPlace.of(f"rediss://h:1/0?ca_file={ca}&key_file={tmp_path}/k.pem")
    assert (place.url, place.ca_file, place.certificate_file) == ("rediss://h:1/0", ca, None)
    for wrong in ["redis://h?colour=red", "redis://h?ca_file"]:
        with pytest.raises(BadInput, match="names no files"):
            RedisPlace.of(wrong)


def test_of_a_hundred_reads_all_but_one_take_less_than_5_ms(redis_server):
    """In the best of many rounds: what others do on the machine is not the cache's."""

    async def work():
        cache = RedisCache(redis_server.url)
        await cache.set("read", bytes(400))
        best, give_up = 1.0, time.perf_counter() + 40
        while best >= 0.005 and time.perf_counter() < give_up:
            times = []
            for _ in range(200):
                started = time.perf_counter()
                await cache.get("read")
                times.append(time.perf_counter() - started)
            best = min(best, sorted(times)[197])
        await cache.close()
        return best

    assert run(work()) < 0.005
