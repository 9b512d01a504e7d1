"""The servers that Tradewind can use, on this machine, without containers: PostgreSQL, Redis in two roles, Kafka.

    make services        or: python3 deploy/services.py --only postgres --only redis

Each is started from what is installed, on loopback, with the settings that the tests use; what is missing is named
and left out. The settings for Tradewind are printed as lines for a shell. Ctrl-C ends them all, at any moment, and so
does the end of one of them. What PostgreSQL and Redis keep stays in the folder; Kafka forgets, and is given its
topics each time.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from deploy.kafka.brokers import Brokers  # noqa: E402 - the project's folder is named above
from deploy.kafka.jars import MissingError  # noqa: E402

PATIENCE_S = 60.0
LOOK_S = 0.5
PORT = 15_432
AS_ROOT = Path("/var/lib/tradewind/services")
AS_USER = Path("~/.local/state/tradewind/services")


class NotHereError(Exception):
    """Something is not installed; the message says what, and how it is."""


class FailedError(Exception):
    """A server did not come up; the message says which, and where its words are."""


ended = threading.Event()
"""Set by Ctrl-C and its like. Nothing is raised there: it would come between a server's start and our knowing of it."""


@dataclass(frozen=True)
class Running:
    """A server that has come up: its name, the lines that a shell needs for it, and whether it still runs."""

    name: str
    lines: tuple[str, ...]
    lives: Callable[[], bool]
    log: Path


@contextmanager
def postgres(folder: Path, port: int) -> Iterator[Running]:
    """Run PostgreSQL, with a database cluster made where there is none; as user postgres where we are root."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    if not programs and not shutil.which("postgres"):
        raise NotHereError("PostgreSQL: apt-get install postgresql")
    where = programs[-1] if programs else Path(str(shutil.which("postgres"))).parent
    folder.mkdir(parents=True, exist_ok=True)
    whom: dict[str, Any] = {}
    if os.geteuid() == 0:
        whom = {"user": "postgres", "group": "postgres", "extra_groups": []}
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    if not (data / "PG_VERSION").exists():
        words = ["-D", str(data), "-U", "tradewind", "-A", "trust", "-E", "UTF8", "--locale=C"]
        subprocess.run([where / "initdb", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL, **whom)
    words = ["-D", str(data), "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
    asked = [where / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    line = f"TRADEWIND_POSTGRES=postgresql://tradewind@127.0.0.1:{port}/postgres"
    command = [where / "postgres", *words]
    # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait until the last client has left.
    with _process("PostgreSQL", command, folder, port, signal.SIGINT, **whom) as process:
        _until(lambda: subprocess.run(asked, check=False).returncode == 0, process, "PostgreSQL", folder)
        yield Running("PostgreSQL", (line,), lambda: process.poll() is None, folder / "log")


@contextmanager
def redis(role: str, folder: Path, port: int) -> Iterator[Running]:
    """Run Redis in a role, with its own file of settings."""
    program = shutil.which("redis-server")
    if program is None:
        raise NotHereError("Redis: apt-get install redis-server")
    folder.mkdir(parents=True, exist_ok=True)
    settings = HERE / "redis" / f"{role}.conf"
    name, line = f"Redis ({role})", f"TRADEWIND_REDIS_{role.upper()}=redis://127.0.0.1:{port}/0"
    command = [program, settings, "--port", str(port), "--dir", str(folder)]
    with _process(name, command, folder, port, signal.SIGTERM) as process:
        _until(lambda: _pong(port), process, name, folder)
        yield Running(name, (line,), lambda: process.poll() is None, folder / "log")


@contextmanager
def kafka() -> Iterator[Running]:
    """Run one broker of Kafka, which keeps nothing, with Tradewind's topics."""
    brokers = Brokers(1)
    try:
        try:
            brokers.start()
        except MissingError as missing:
            raise NotHereError(f"Kafka: {missing}") from None
        except (AssertionError, subprocess.TimeoutExpired) as problem:
            raise FailedError(f"Kafka did not come up: {str(problem)[-500:]}") from None
        place = f"kafka://{brokers.places}"
        _make_topics(place)
        (member,) = brokers.members
        process = member.process
        yield Running(
            "Kafka",
            (f"TRADEWIND_KAFKA={place}",),
            lambda: process is not None and process.poll() is None,
            member.folder / "log",
        )
    finally:
        brokers.remove()


def _make_topics(place: str) -> None:
    """A broker that keeps nothing has no topics: make them, where Tradewind is installed."""
    try:
        from tradewind.adapters.bus.kafka_place import kafka_place
        from tradewind.adapters.bus.kafka_topics import make_topics
        from tradewind.core.domain.errors import TradewindError
    except ImportError:
        print("Kafka has no topics yet: tradewind topics --make --replicas 1", file=sys.stderr)
        return
    try:
        asyncio.run(make_topics(kafka_place(place), replicas=1, in_sync_min=1))
    except TradewindError as problem:
        raise FailedError(f"Kafka's topics could not be made: {problem}") from None


@contextmanager
def _process(
    name: str, command: list[Any], folder: Path, port: int, ends_by: signal.Signals, **how: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """A process with its words in `folder`/log, ended with the block, also while it has not come up yet.

    Ctrl-C in a terminal is not for it but for us, who end all in order.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise FailedError(f"{name}: port {port} is taken; are they running already? Else choose a --port") from None
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            list(map(str, command)), stdout=log, stderr=log, cwd=folder, start_new_session=True, **how
        )
    try:
        yield process
    finally:
        process.send_signal(ends_by)
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until(ready: Callable[[], bool], process: subprocess.Popen[bytes], name: str, folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not ready() and not ended.is_set():
        if process.poll() is not None or time.monotonic() > deadline:
            raise FailedError(f"{name} did not come up; its words are in {folder / 'log'}")
        time.sleep(0.05)


def _pong(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"
    except OSError:
        return False


def main() -> int:
    """Start them, say where they are, and wait for Ctrl-C."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--folder", type=Path, default=AS_ROOT if os.geteuid() == 0 else AS_USER)
    words.add_argument("--only", action="append", choices=("postgres", "redis", "kafka"))
    words.add_argument("--port", type=int, default=PORT, help="PostgreSQL's; Redis has the two that follow")
    options = words.parse_args()
    folder, port = options.folder.expanduser().resolve(), options.port
    known: dict[str, list[Callable[[], AbstractContextManager[Running]]]] = {
        "postgres": [lambda: postgres(folder / "postgres", port)],
        "redis": [
            lambda: redis("state", folder / "redis-state", port + 1),
            lambda: redis("cache", folder / "redis-cache", port + 2),
        ],
        "kafka": [kafka],
    }
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda *_: ended.set())
    try:
        with ExitStack() as stack:
            running = []
            for service in (one for name in dict.fromkeys(options.only or known) for one in known[name]):
                if ended.is_set():
                    return 0
                try:
                    running.append(stack.enter_context(service()))
                except NotHereError as missing:
                    print(f"not here: {missing}", file=sys.stderr)
                    continue
                for line in running[-1].lines:
                    print(f"export {line}", flush=True)
            if not running:
                return 5
            print("Ready: paste these lines, then `tradewind doctor`. Ctrl-C ends them.", file=sys.stderr, flush=True)
            while not (gone := [server for server in running if not server.lives()]):
                if ended.wait(LOOK_S):
                    return 0
            print(f"{gone[0].name} has ended by itself; its words are in {gone[0].log}", file=sys.stderr)
            return 1
    except FailedError as problem:
        if ended.is_set():
            return 0
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
