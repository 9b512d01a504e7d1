"""A real PostgreSQL server for tests: of their own, on loopback, in a temporary folder; ended by its process id.

Where the programs are missing, tests skip on a laptop with the reason, and fail in CI.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PATIENCE_S = 60.0
USER = "tradewind"
PORTS = range(15_000, 22_000)
"""Below those that the system hands out to clients, so that a port that is free stays free."""
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "128MB",
    "max_wal_size": "4GB",
    "wal_level": "replica",
    "max_wal_senders": "4",
    "log_min_messages": "panic",
}


def programs() -> Path:
    """The folder with initdb and postgres; skips, or fails in CI, where there is none."""
    there = [Path(p).parent for p in [shutil.which("initdb") or ""] if p]
    versions = Path("/usr/lib/postgresql")
    there += sorted(versions.glob("*/bin"), key=lambda p: int(p.parent.name)) if versions.is_dir() else []
    for folder in reversed(there):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    reason = "PostgreSQL is not installed (Debian: apt-get install postgresql)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """A loopback port that nobody listens on."""
    for port in random.sample(PORTS, 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port was found")


@dataclass
class PostgresServer:
    """One server. `stop` and `start` as often as one likes; what was committed stays in `folder`."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="tradewind-postgres-")))
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    options: tuple[str, ...] = ()
    databases: int = 0
    root: Path | None = None
    """Another system's root folder, whose programs are run inside it; `folder` is below it."""

    @property
    def data(self) -> Path:
        """The folder of the database cluster."""
        return self.folder / "data"

    def url(self, database: str = "postgres") -> str:
        """How a database of it is reached."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def make(self) -> PostgresServer:
        """Make the cluster, and start it."""
        if self.root is not None:
            shutil.chown(self.folder, (self.root / "var/lib/postgresql").stat().st_uid)
        elif os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self.run("initdb", "-D", self.inside(self.data), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        return self.start()

    def run(self, program: str, *words: object) -> None:
        """Run one of PostgreSQL's programs to its end."""
        command = [*self.program(program), *map(str, words)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, check=False, **self.as_whom())
        assert done.returncode == 0, done.stderr.decode()

    def replica(self) -> PostgresServer:
        """A second server that follows this one; with `ask("SELECT pg_promote()")` it becomes one to write to."""
        other = PostgresServer(options=self.options)
        if os.geteuid() == 0:
            shutil.chown(other.folder, "postgres", "postgres")
        other.run("pg_basebackup", "-d", self.url(), "-D", other.data, "-R", "-X", "stream", "-c", "fast")
        return other.start()

    def start(self, *, answering: bool = True) -> PostgresServer:
        """Start it, and wait until it answers, unless it would not answer us."""
        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        words = ("-D", self.inside(self.data), "-p", str(self.port), *settings, *self.options)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.program("postgres"), *words],
                stdout=log, stderr=log, cwd=self.folder, **self.as_whom(),
            )  # fmt: skip
        deadline = time.monotonic() + PATIENCE_S
        while answering and not self._answers():
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, "PostgreSQL did not begin to answer"
            time.sleep(0.05)
        return self

    def program(self, name: str) -> list[str]:
        """How one of PostgreSQL's programs is called."""
        if self.root is None:
            return [str(programs() / name)]
        there = max(self.root.glob("usr/lib/postgresql/*/bin"), key=lambda p: int(p.parent.name))
        return ["chroot", "--userspec=postgres:postgres", str(self.root), str(Path(self.inside(there)) / name)]

    def inside(self, path: Path) -> str:
        """A path as the server's programs see it."""
        return str(path if self.root is None else Path("/") / path.relative_to(self.root))

    def as_whom(self) -> dict[str, object]:
        """Who runs the programs: the server refuses to be run by root."""
        if self.root is not None or os.geteuid() != 0:
            return {}
        return {"user": "postgres", "group": "postgres", "extra_groups": []}

    def stop(self, by: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT is a fast shutdown, SIGQUIT an immediate one, as of a crash."""
        if self.process is not None:
            self.process.send_signal(by)
            self.process.wait(PATIENCE_S)
            self.process = None

    def remove(self) -> None:
        """End it, and remove its folder."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self, template: str = "template0") -> str:
        """The URL of an empty database of a caller's own."""
        self.databases += 1
        name = f"test_{self.databases}"
        self.ask(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def ask(self, sql: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """What a statement returns."""
        return asyncio.run(_asked(self.url(database), sql))

    def _answers(self) -> bool:
        import asyncpg

        try:
            return bool(self.ask("SELECT 1"))
        except (OSError, asyncpg.CannotConnectNowError):
            return False


async def _asked(url: str, sql: str) -> list[tuple[object, ...]]:
    import asyncpg

    connection = await asyncpg.connect(url, timeout=10)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()
