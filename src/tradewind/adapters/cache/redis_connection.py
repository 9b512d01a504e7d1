"""How a Redis server or cluster is reached, and whether its settings fit the role it is given."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.ports.cache import Role

if TYPE_CHECKING:
    from redis.asyncio import Redis, RedisCluster

PATIENCE_S = 1.0
"""How long one answer may take. The library's own default is 5 seconds and ten attempts: a trader has gone by then."""
CONNECTIONS_MAX = 32
PORT = 6379
EVICTS = {Role.CACHE: "allkeys-lru", Role.STATE: "noeviction"}
"""The eviction policy that a server must have for a role."""
FILES = ("ca_file", "certificate_file", "key_file")
SCHEMES = ("redis", "rediss", "redis-cluster", "rediss-cluster")


@dataclass(frozen=True)
class RedisPlace:
    """Where Redis is: `redis://user:password@host:6379/0`, `rediss` with TLS, `redis-cluster://host:port,host:port`.

    `ca_file` is whose signature the server's certificate must bear (else one the system trusts); `certificate_file`
    and `key_file` are who we are, where the server asks.
    """

    url: str
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    @classmethod
    def of(cls, text: str) -> RedisPlace:
        """The place that a setting names, with its files: `rediss://host:6379/0?ca_file=/etc/redis/ca.pem`."""
        url, _, query = text.partition("?")
        try:
            files = dict(parse_qsl(query, strict_parsing=True)) if query else {}
        except ValueError:
            files = {"?": ""}
        if not files.keys() <= set(FILES):
            raise BadInput(
                f"{query!r} names no files",
                where=cls(url).shown,
                fix="After the question mark come ca_file=, certificate_file= and key_file=, joined by &",
            )
        ca, certificate, key = (Path(files[name]) if name in files else None for name in FILES)
        return cls(url, ca, certificate, key)

    @property
    def on_cluster(self) -> bool:
        """Whether it is a cluster."""
        return self.url.partition("://")[0].endswith("-cluster")

    @property
    def shown(self) -> str:
        """The place without who may enter: for messages."""
        scheme, found, rest = self.url.rpartition("://")
        return f"{scheme}{found}{rest.rpartition('@')[2]}"


def connect(place: RedisPlace) -> Redis | RedisCluster:
    """A client; nothing is sent yet. Raises BadInput for a place that is none, or where the library is missing."""
    try:
        from redis.asyncio import Redis, RedisCluster  # noqa: PLC0415 - optional
        from redis.asyncio.cluster import ClusterNode  # noqa: PLC0415
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
    except ImportError:
        raise BadInput("the redis library is not installed", fix="Install it: pip install 'tradewind[redis]'") from None
    parts = _parts(place)
    shared = _words(place, parts) | {"retry": Retry(NoBackoff(), 0)}
    if parts.cluster:
        return RedisCluster(startup_nodes=[ClusterNode(host, port) for host, port in parts.hosts], **shared)
    ((host, port),) = parts.hosts
    return Redis(host=host, port=port, db=parts.database, **shared)


def hosts_of(place: RedisPlace) -> tuple[tuple[str, int], ...]:
    """The hosts and ports that a place names."""
    return _parts(place).hosts


def connect_to(place: RedisPlace, host: str, port: int) -> Redis:
    """A client of one node of a cluster, to ask that node about itself."""
    from redis.asyncio import Redis  # noqa: PLC0415 - optional
    from redis.asyncio.retry import Retry  # noqa: PLC0415
    from redis.backoff import NoBackoff  # noqa: PLC0415

    return Redis(host=host, port=port, **_words(place, _parts(place)), retry=Retry(NoBackoff(), 0))


def _words(place: RedisPlace, parts: _Parts) -> dict[str, Any]:
    """What every client is given. None retries: that is for who asked, who may read somewhere else."""
    shared: dict[str, Any] = {
        "username": parts.user,
        "password": parts.password,
        "socket_timeout": PATIENCE_S,
        "socket_connect_timeout": PATIENCE_S,
        "max_connections": CONNECTIONS_MAX,
    }
    if parts.tls:
        shared |= {
            "ssl": True,
            "ssl_ca_certs": _file(place.ca_file, place),
            "ssl_certfile": _file(place.certificate_file, place),
            "ssl_keyfile": _file(place.key_file, place),
        }
    return shared


@dataclass(frozen=True)
class _Parts:
    cluster: bool
    tls: bool
    hosts: tuple[tuple[str, int], ...]
    database: int
    user: str | None
    password: str | None


def _parts(place: RedisPlace) -> _Parts:
    scheme, found, rest = place.url.partition("://")
    wrong = BadInput(
        "this is no place of a Redis server",
        where=place.shown,
        fix="Write redis://host:6379/0 or redis-cluster://host:6379,host:6380; rediss with TLS",
    )
    if not found or scheme not in SCHEMES:
        raise wrong
    who, _, where = rest.rpartition("@")
    hosts, _, database = where.partition("/")
    cluster = scheme.endswith("-cluster")
    try:
        split = [urlsplit(f"redis://{host}") for host in hosts.split(",")]
        places = tuple((one.hostname or "", one.port or PORT) for one in split)
        number = int(database or 0)
    except ValueError:
        raise wrong from None
    if not all(host for host, _ in places) or number < 0 or (len(places) > 1 and not cluster):
        raise wrong
    if cluster and number:
        raise BadInput("a cluster has no database but 0", where=place.shown)
    user, _, password = who.partition(":")
    return _Parts(
        cluster, scheme.startswith("rediss"), places, number, unquote(user) or None, unquote(password) or None
    )


def _file(path: Path | None, place: RedisPlace) -> str | None:
    if path is not None and not path.is_file():
        raise BadInput(f"there is no file {path}", where=place.shown, fix="Name the PEM file")
    return None if path is None else str(path)


@contextmanager
def answering(place: RedisPlace) -> Iterator[None]:
    """Turns what the library raises into ours: Unavailable, or BadInput where trying again cannot help."""
    from redis import exceptions as redis  # noqa: PLC0415 - optional

    try:
        yield
    except (redis.AuthenticationError, redis.NoPermissionError) as problem:
        raise BadInput(
            f"Redis does not let us in: {problem}", where=place.shown, fix="Correct the user and password"
        ) from None
    except redis.OutOfMemoryError:
        raise Unavailable(
            "Redis is full, and its role is to forget nothing", where=place.shown, fix="Give it more memory"
        ) from None
    except (redis.RedisError, redis.RedisClusterException, OSError, TimeoutError) as problem:
        said = str(problem).rstrip(".") or type(problem).__name__
        raise Unavailable(f"Redis does not answer: {said}", where=place.shown) from problem


async def let_go(client: Redis | RedisCluster) -> None:
    """Close what a client has opened.

    That of a cluster closes nothing where its last call has failed, since it means to begin anew.
    """
    from redis.asyncio import RedisCluster  # noqa: PLC0415 - optional

    await client.aclose()
    if isinstance(client, RedisCluster):
        for nodes in ("nodes_cache", "startup_nodes"):
            await client.nodes_manager.aclose(nodes)


async def check_role(client: Redis | RedisCluster, place: RedisPlace, role: Role) -> frozenset[str]:
    """The names that the servers (in a cluster the primaries) gave themselves when they were started.

    Raises BadInput where one may forget what its role is to keep, or loses it at a restart; Unavailable for a replica.
    """
    infos = await _infos(client)
    for info in infos:
        if info.get("role") != "master":
            raise Unavailable("a replica answers where its primary should", where=place.shown)
        policy = info.get("maxmemory_policy")
        if policy != EVICTS[role]:
            raise BadInput(
                f"the server's maxmemory-policy is {policy}, which does not fit the role {role.value!r}",
                where=place.shown,
                fix=f"Start it with deploy/redis/{role.value}.conf, or set maxmemory-policy {EVICTS[role]}",
            )
        if role is Role.STATE and not info.get("aof_enabled"):
            raise BadInput(
                "the server keeps no append-only file, so it forgets at a restart",
                where=place.shown,
                fix="Start it with deploy/redis/state.conf, or set appendonly yes",
            )
    return frozenset(str(info["run_id"]) for info in infos)


async def _infos(client: Redis | RedisCluster) -> list[Mapping[str, Any]]:
    from redis.asyncio import RedisCluster  # noqa: PLC0415 - optional

    if not isinstance(client, RedisCluster):
        return [await client.info()]
    return list(await asyncio.gather(*(client.info(target_nodes=node) for node in client.get_primaries())))
