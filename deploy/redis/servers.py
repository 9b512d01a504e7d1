"""Real Redis servers on this machine, for development and tests.

    python3 deploy/redis/servers.py --role state
    python3 deploy/redis/servers.py --cluster

redis-server and redis-cli are needed. They listen on loopback only, and end at Ctrl-C together with all they keep.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE_S = 60.0
MEMORY = Path("/dev/shm")
"""Where it is there, servers write into memory: files outlive a kill as on a disk, and are not held up by others."""
PORTS = range(15_000, 22_000)
"""Below those that the system hands out to clients, also with the 10,000 that nodes of a cluster add for themselves."""
HERE = Path(__file__).resolve().parent


class MissingError(Exception):
    """A program that is needed is not installed; the message says how to get it."""


def program(name: str = "redis-server") -> str:
    """The program. Raises MissingError where there is none."""
    found = shutil.which(name)
    if found is None:
        raise MissingError(f"{name} is not installed (Debian: apt-get install redis-server)")
    return found


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
        return HERE / f"{name}.conf"

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
        """End it, and remove its folder, into which a child that writes a snapshot may still be writing."""
        self.kill()
        until(self._removed, f"{self.folder} cannot be removed")

    def _removed(self) -> bool:
        shutil.rmtree(self.folder, ignore_errors=True)
        return not self.folder.exists()

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

    role: str = "state"
    nodes: list[RedisServer] = field(default_factory=list)

    @property
    def url(self) -> str:
        """How it is reached."""
        return "redis-cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def start(self) -> RedisServers:
        """Start six nodes, join them, and wait until all know that the cluster is well."""
        for _ in range(6):
            node = RedisServer(self.role, ("--cluster-enabled", "yes"))
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


def main() -> int:
    """Run a server, or a cluster of six, until Ctrl-C."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--role", choices=("state", "cache"), default="state")
    options.add_argument("--cluster", action="store_true", help="six nodes: three lead, three follow")
    wanted = options.parse_args()
    servers = RedisServers(wanted.role) if wanted.cluster else RedisServer(wanted.role)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        servers.start()
        print(servers.url, flush=True)
        print("running; Ctrl-C ends it and removes what it keeps", file=sys.stderr)
        signal.pause()
    except MissingError as problem:
        print(problem, file=sys.stderr)
        return 5
    except KeyboardInterrupt:
        pass
    finally:
        servers.remove()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
