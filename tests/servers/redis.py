"""Real Redis servers for tests: of their own, on loopback, in a temporary folder; ended by their process ids.

Where the program is missing, tests skip on a laptop with the reason, and fail in CI.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PATIENCE_S = 60.0
MEMORY = Path("/dev/shm")
"""Where it is there, servers write into memory: files outlive a kill as on a disk, and are not held up by others."""
PORTS = range(15_000, 22_000)
"""Below those that the system hands out to clients, also with the 10,000 that nodes of a cluster add for themselves."""
CONFIGURATIONS = Path(__file__).parents[2] / "deploy" / "redis"


def program(name: str = "redis-server") -> str:
    """The program; skips, or fails in CI, where there is none."""
    found = shutil.which(name)
    if found is not None:
        return found
    reason = f"{name} is not installed (Debian: apt-get install redis-server)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """A loopback port that nobody listens on, with the one of a cluster's node 10,000 above."""
    for port in random.sample(PORTS, 200):
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("127.0.0.1", port))
                other.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port was found")


def new_folder() -> Path:
    """An empty folder for a server's files."""
    place = MEMORY if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix="tradewind-redis-", dir=place))


def until(true: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until something is so, with a bound."""
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@dataclass
class RedisServer:
    """One server in a role of the project's own. `stop`, `kill` and `start` as often as one likes."""

    role: str = "state"
    options: tuple[str, ...] = ()
    folder: Path = field(default_factory=new_folder)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """How it is reached."""
        return f"redis://127.0.0.1:{self.port}/0"

    def configuration(self, name: str) -> Path:
        """One of the project's own configuration files."""
        return CONFIGURATIONS / f"{name}.conf"

    def start(self, *, answers: bool = True) -> RedisServer:
        """Start it, and wait until it answers."""
        words = ["--port", str(self.port), "--dir", str(self.folder), "--maxmemory", "64mb", *self.options]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [program(), self.configuration(self.role), *words], stdout=log, stderr=log, cwd=self.folder
            )
        until(self._ready if answers else self._listens, "Redis did not begin to answer")
        return self

    def ask(self, *words: object) -> str:
        """What a command returns, as its own client prints it."""
        done = subprocess.run(
            [program("redis-cli"), "-p", str(self.port), *map(str, words)], capture_output=True, check=False, text=True
        )
        return done.stdout.strip()

    def send(self, which: signal.Signals) -> None:
        """SIGSTOP makes it silent, SIGCONT lets it go on."""
        assert self.process is not None
        self.process.send_signal(which)

    def kill(self) -> None:
        """End it as a crash does."""
        self.stop(signal.SIGKILL)

    def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        """End it: SIGTERM lets it write what it has."""
        if self.process is not None:
            self.process.send_signal(by)
            self.process.wait(PATIENCE_S)
            self.process = None

    def remove(self) -> None:
        """End it, and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _ready(self) -> bool:
        self._must_live()
        return self.ask("PING") == "PONG"

    def _listens(self) -> bool:
        self._must_live()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _must_live(self) -> None:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "log").read_text()


@dataclass
class RedisServers:
    """A cluster of six: three primaries that share the slots, each with a replica."""

    nodes: list[RedisServer] = field(default_factory=list)

    @property
    def url(self) -> str:
        """How it is reached."""
        return "redis-cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def start(self) -> RedisServers:
        """Start six nodes, join them, and wait until all know that the cluster is well."""
        for _ in range(6):
            node = RedisServer(options=("--cluster-enabled", "yes"))
            self.nodes.append(node)
            node.start()
        places = [f"127.0.0.1:{node.port}" for node in self.nodes]
        done = subprocess.run(
            [program("redis-cli"), "--cluster", "create", *places, "--cluster-replicas", "1", "--cluster-yes"],
            capture_output=True, check=False, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        until(lambda: all(self.knows_itself_well(node) for node in self.nodes), "the cluster did not come up")
        return self

    def knows_itself_well(self, node: RedisServer) -> bool:
        """Whether a node sees three primaries with all slots, and a replica of each that follows."""
        lines = node.ask("CLUSTER", "NODES").splitlines()
        roles = [line.split()[2] for line in lines]
        linked = "slave" not in node.ask("ROLE").split() or "master_link_status:up" in node.ask("INFO", "replication")
        return (
            "cluster_state:ok" in node.ask("CLUSTER", "INFO")
            and sum("master" in role for role in roles) == 3
            and sum("slave" in role for role in roles) == 3
            and linked
        )

    def primary_of(self, key: str) -> RedisServer:
        """The living node that answers for a key."""
        slot = self.nodes[0].ask("CLUSTER", "KEYSLOT", key)
        for node in self.nodes:
            if node.process is not None and node.ask("CLUSTER", "COUNTKEYSINSLOT", slot).isdigit():
                owned = node.ask("CLUSTER", "NODES").splitlines()
                mine = next(line.split() for line in owned if "myself" in line)
                if "master" in mine[2] and any(_holds(span, int(slot)) for span in mine[8:]):
                    return node
        raise AssertionError(f"nobody holds {key}")

    def masters_alive(self) -> int:
        """How many living nodes are primaries with slots."""
        mine = [
            next((line.split() for line in node.ask("CLUSTER", "NODES").splitlines() if "myself" in line), [])
            for node in self.nodes
            if node.process is not None
        ]
        return sum(len(words) > 8 and "master" in words[2] for words in mine)

    def remove(self) -> None:
        """End all, and remove their folders."""
        for node in self.nodes:
            node.remove()


def _holds(span: str, slot: int) -> bool:
    first, _, last = span.partition("-")
    return int(first) <= slot <= int(last or first)
