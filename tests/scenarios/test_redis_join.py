"""The chart's script joins six servers, with users who may do no more than they need; done twice it does nothing."""

import asyncio
import os
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
from tests.servers.redis import RedisServer, until

from tradewind.adapters.cache.redis_cache import RedisCache
from tradewind.adapters.cache.redis_connection import RedisPlace
from tradewind.adapters.cache.redis_nodes import nodes_of
from tradewind.ports.cache import Role

ROOT = Path(__file__).parents[2]
WORD = "not-so-secret"
PATIENCE_S = 90


def users():
    """Those that the page proposes for a cluster."""
    page = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("user ")]
    assert [line.split()[1] for line in lines] == ["default", "tradewind", "replica", "cluster"]
    return "\n".join(lines).replace("SHA256_OF_THE_PASSWORD_IN_HEX", sha256(WORD.encode()).hexdigest()) + "\n"


@pytest.fixture
def six(tmp_path):
    file = tmp_path / "users.acl"
    file.write_text(users())
    words = ("--cluster-enabled", "yes", "--aclfile", str(file), "--masteruser", "replica", "--masterauth", WORD)
    nodes = []
    try:
        for _ in range(6):
            nodes.append(RedisServer("state", words))
            nodes[-1].start()
        yield nodes
    finally:
        for node in nodes:
            node.remove()


def joined(nodes):
    told = {"NODES": " ".join(f"127.0.0.1:{n.port}" for n in nodes), "WAYS": "", "REDISCLI_AUTH": WORD}
    script = ROOT / "deploy" / "redis" / "cluster.sh"
    done = subprocess.run(
        ["sh", script], env=os.environ | told, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1].removeprefix("\x1b[0m")


def test_six_servers_are_joined_once_with_users_that_may_do_little(six):
    assert joined(six) == "joined"
    assert joined(six) == "joined already"
    place = "redis-cluster://tradewind:" + WORD + "@" + ",".join(f"127.0.0.1:{n.port}" for n in six)

    async def roles():
        return sorted((node.role, node.up) for node in await nodes_of(RedisPlace.of(place)))

    async def work():
        cache = RedisCache(place, Role.STATE)
        for number in range(40):
            await cache.set(f"key{number}", b"1")
        found = await cache.mget([f"key{number}" for number in range(40)])
        await cache.close()
        return found

    wanted = [("primary", True)] * 3 + [("replica", True)] * 3
    until(lambda: asyncio.run(roles()) == wanted, "three are followed by three")
    assert asyncio.run(asyncio.wait_for(work(), PATIENCE_S)) == [b"1"] * 40
    assert six[0].ask("PING") == "PONG"
    assert "NOPERM" in six[0].ask("GET", "key0"), "a stranger reads nothing"
