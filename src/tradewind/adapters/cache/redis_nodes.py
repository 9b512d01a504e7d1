"""The nodes of a Redis server or cluster: which of them live, in which role, and how far replicas are behind."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import nan
from typing import Any

from tradewind.adapters.cache.redis_connection import (
    RedisPlace,
    answering,
    check_role,
    connect,
    connect_to,
    hosts_of,
    let_go,
)
from tradewind.core.domain.errors import BadInput, TradewindError, Unavailable
from tradewind.ports.cache import Role
from tradewind.ports.metrics import Metrics

log = logging.getLogger(__name__)
LOOK_S = 60.0
"""Between two looks at the nodes."""
SHOWN_MAX = 1_000
"""Names of nodes that are remembered; those that are gone are forgotten first."""


@dataclass(frozen=True)
class Node:
    """A node as it was seen. `lag_bytes` is what a replica has not taken over yet; None where no primary says so."""

    name: str
    role: str
    up: bool
    memory_bytes: int = 0
    lag_bytes: int | None = None


class RedisNodes:
    """Looks at the nodes of some places, and says what it saw as metrics.

    A service: `run` until `stop`, or until it is cancelled. A node that was seen once and does not answer now, or in
    another role, stands as 0, never as its last good figure; how far it is behind is then not known, which is NaN.
    """

    caught_up = True
    """It has nothing that waits."""

    def __init__(self, places: Sequence[RedisPlace | str], metrics: Metrics, *, look_s: float = LOOK_S) -> None:
        self.places = [RedisPlace.of(place) if isinstance(place, str) else place for place in places]
        self.look_s, self._metrics = look_s, metrics
        self._shown: dict[tuple[str, str], None] = {}
        self._behind: set[str] = set()
        self._problem = ""
        self.subscribed, self._stopping = asyncio.Event(), asyncio.Event()

    async def look(self) -> list[Node]:
        """Look once. Where no node of a place can be asked all that were known stand as 0, and when the others were

        looked at it raises Unavailable, or BadInput where we are not let in.
        """
        nodes, problem = [], None
        for place in self.places:
            try:
                nodes += await nodes_of(place)
            except TradewindError as error:
                problem = error
        self._show(nodes)
        if problem is not None:
            raise problem
        return nodes

    async def run(self) -> None:
        """Look until `stop`. What goes wrong is logged when it begins: it may be mended at the servers."""
        while not self._stopping.is_set():
            try:
                await self.look()
                self._problem = ""
            except (Unavailable, BadInput) as problem:
                if str(problem) != self._problem:
                    self._problem = str(problem)
                    log.warning("the nodes cannot be looked at: %s", problem)
            self.subscribed.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(self.look_s):
                    await self._stopping.wait()

    def stop(self) -> None:
        """Look no more; `run` returns."""
        self._stopping.set()

    def _show(self, nodes: list[Node]) -> None:
        now = {(node.name, node.role): node for node in nodes}
        for gone in [key for key in self._shown if key not in now][: max(0, len(self._shown) - SHOWN_MAX)]:
            del self._shown[gone]
        self._shown |= dict.fromkeys(now)
        memory = {name: 0 for name, _ in self._shown} | {node.name: node.memory_bytes for node in nodes}
        lags = {node.name: node.lag_bytes for node in nodes if node.up and node.lag_bytes is not None}
        for name, role in self._shown:
            node = now.get((name, role))
            self._metrics.gauge("redis_cluster_node_up", node_id=name, role=role)(int(node is not None and node.up))
        for name, used in memory.items():
            self._metrics.gauge("redis_cluster_memory_bytes", node_id=name)(used)
        self._behind = (self._behind | lags.keys()) & memory.keys()
        for name in self._behind:
            self._metrics.gauge("redis_replication_lag_bytes", node_id=name)(lags.get(name, nan))


async def nodes_of(place: RedisPlace) -> list[Node]:
    """The nodes by name. Raises Unavailable where nobody answers, BadInput for what is no place.

    In a cluster the first that answers says who belongs to it (CLUSTER SLOTS would leave out who is dead), and each is
    asked by itself. How far a replica is behind only its primary knows.
    """
    if not place.on_cluster:
        ((host, port),) = hosts_of(place)
        return [_node(f"{host}:{port}", await _ask(place, host, port, "INFO"))]
    members = await _members(place)
    found = await asyncio.gather(*(_looked_at(place, name, role) for name, role in members.items()))
    lags = {name: lag for _, behind in found for name, lag in behind.items()}
    return sorted((replace(node, lag_bytes=lags.get(node.name)) for node, _ in found), key=lambda node: node.name)


async def _members(place: RedisPlace) -> dict[str, str]:
    """Names of a cluster's nodes with their roles."""
    problem = ""
    for host, port in hosts_of(place):
        try:
            said = await _ask(place, host, port, "CLUSTER NODES")
        except Unavailable as error:
            problem = error.message
            continue
        rows = {name.partition("@")[0]: set(fields["flags"].split(",")) for name, fields in said.items()}
        members = {name: flags for name, flags in rows.items() if not flags & {"noaddr", "handshake"}}
        return {name: "primary" if "master" in flags else "replica" for name, flags in members.items()}
    raise Unavailable(f"none of {len(hosts_of(place))} nodes answers: {problem}", where=place.shown)


async def _looked_at(place: RedisPlace, name: str, role: str) -> tuple[Node, dict[str, int]]:
    """A node, and where it is a primary how many bytes each of its replicas is behind."""
    host, _, port = name.rpartition(":")
    try:
        info = await _ask(place, host, int(port), "INFO")
    except Unavailable:
        return Node(name, role, up=False), {}
    followers = [value for key, value in info.items() if key.startswith("slave") and isinstance(value, dict)]
    written = int(info["master_repl_offset"])
    return _node(name, info), {f"{f['ip']}:{f['port']}": max(0, written - int(f["offset"])) for f in followers}


async def _ask(place: RedisPlace, host: str, port: int, command: str) -> dict[str, Any]:
    client: Any = connect_to(place, host, port)
    try:
        with answering(place):
            answer: dict[str, Any] = await client.execute_command(command)
            return answer
    finally:
        await client.aclose()


def _node(name: str, info: Mapping[str, Any]) -> Node:
    leads = info["role"] == "master"
    # A number, not a text: a node that still reads its file answers INFO, and nothing else.
    up = (leads or info["master_link_status"] == "up") and not int(info.get("loading", 0))
    return Node(name, "primary" if leads else "replica", up=up, memory_bytes=int(info["used_memory"]))


def describe(url: str, role: Role) -> str:
    """What the servers at this place are, in words. Raises Unavailable, or BadInput where they do not fit the role."""
    place = RedisPlace.of(url)

    async def ask() -> str:
        started = time.perf_counter()
        nodes = await nodes_of(place)
        took_ms = (time.perf_counter() - started) * 1_000
        down = [node.name for node in nodes if not node.up]
        if down:
            raise Unavailable(f"{len(down)} of {len(nodes)} nodes are down: {', '.join(down)}", where=place.shown)
        client: Any = connect(place)
        try:
            with answering(place):
                if place.on_cluster:
                    await client.initialize()
                await check_role(client, place, role)
        finally:
            with suppress(TradewindError), answering(place):
                await let_go(client)
        primaries = sum(node.role == "primary" for node in nodes)
        words = f"{primaries} primaries, {len(nodes) - primaries} replicas" if len(nodes) > 1 else "one server"
        return f"{place.shown}, {words}, in the role of {role.value}; answered after {took_ms:.0f} ms"

    return asyncio.run(ask())
